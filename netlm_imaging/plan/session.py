"""An editing session: a surgeon fixes, forbids, adds and moves treatments, and sees at once what that does.

A session never changes: every edit gives a new one, with the figures and their difference to before.
Undo and redo give back the very states of before.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, Notice, UsageError
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.basis import Basis, planned_basis
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.drawn import Drawn
from netlm_imaging.plan.drawn_candidate import drawn_candidate
from netlm_imaging.plan.figures import Difference, Figures, difference, figures_of
from netlm_imaging.plan.fixed import Fixed, carried
from netlm_imaging.plan.fixes import fixed_of
from netlm_imaging.plan.plan_case import Planned
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.session_state import State, TypeOf, difference_of, solved
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Objective, Settings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edit:
    """What one edit led to."""

    session: PlanSession
    difference: Difference
    gone: tuple[str, ...] = ()
    """What else is no longer as before, in words, such as fixed choices that no longer exist."""

    @property
    def figures(self) -> Figures:
        """Of the new plan."""
        return self.session.figures

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Of the new plan."""
        return self.session.notices


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The plan with one treatment in another place, nothing else changed."""

    figures: Figures
    difference: Difference
    notices: tuple[Notice, ...]
    """What the reader of the figures must know about what was drawn."""
    treatment: Candidate
    """What was drawn, as its voxels."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PlanSession:
    """The plan that stands, those before it and those that were undone."""

    state: State
    past: tuple[State, ...] = ()
    future: tuple[State, ...] = ()
    seconds: float
    """For each solve; when they run out the plan is the best found (``status``: ``feasible``)."""
    type_of: TypeOf | None = None

    @classmethod
    def of(
        cls,
        planned: Planned,
        anatomy: Anatomy,
        lesions: tuple[Lesion, ...],
        *,
        settings: Settings,
        seconds: float | None = None,
        type_of: TypeOf | None = None,
    ) -> PlanSession:
        """A session on what ``plan_case`` found with the same ``anatomy``, ``lesions`` and ``settings``.

        ``seconds``: for each solve, ``plan.time_limit_s`` by default. ``type_of``: gives the Type of a
        plan, for the differences.
        """
        basis = Basis(
            anatomy=anatomy,
            lesions=lesions,
            settings=settings,
            planned=planned.case,
            case=planned.case,
            attempts=planned.attempts,
        )
        objective = settings.plan.objective
        fixed = fixed_of(settings.plan.fix, planned.case.problem.candidates, planned.options)
        state = State(basis=basis, objective=objective, fixed=fixed, choice=planned.choices[objective])
        return cls(
            state=state,
            seconds=settings.plan.time_limit_s if seconds is None else seconds,
            type_of=type_of,
        )

    @classmethod
    def begin(
        cls,
        anatomy: Anatomy,
        lesions: tuple[Lesion, ...],
        *,
        settings: Settings,
        clinical: Clinical,
        around: Surroundings | None = None,
        seconds: float | None = None,
        type_of: TypeOf | None = None,
    ) -> PlanSession:
        """A session from masks, with the plan for ``plan.objective`` alone: sooner than ``plan_case``.

        ``lesions`` and ``around`` as for ``plan_case``. Raises as ``fixed_of`` does, and PLAN_CONFLICT.
        """
        seconds = settings.plan.time_limit_s if seconds is None else seconds
        limits = flr_limits(anatomy.functional.volume_ml, clinical=clinical, settings=settings.flr)
        basis = planned_basis(
            anatomy, lesions, settings=settings, clinical=clinical, limits=limits, around=around
        )
        fixed = fixed_of(settings.plan.fix, basis.case.problem.candidates, basis.options)
        state = solved(basis, settings.plan.objective, fixed, seconds=seconds)
        return cls(state=state, seconds=seconds, type_of=type_of)

    @property
    def figures(self) -> Figures:
        """What the plan does."""
        return self.state.figures

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the reader of the figures must know about the resections of the plan."""
        return self.state.notices

    @property
    def plan(self) -> Plan:
        """Its record, as in case.json."""
        return self.state.plan

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All treatments that could be done; edits name them by their numbers, from 0."""
        return self.state.basis.case.problem.candidates

    @property
    def chosen(self) -> tuple[int, ...]:
        """The numbers of those that the plan does."""
        return self.state.choice.chosen

    def must(self, candidate: int) -> Edit:
        """Do this treatment. Raises PlanError (PLAN_CONFLICT)."""
        fixed = self.state.fixed
        self._require(candidate)
        return self._fixed(replace(fixed, must=fixed.must | {candidate}))

    def must_not(self, candidate: int) -> Edit:
        """Never do this treatment; what it made needless is a candidate again."""
        fixed = self.state.fixed
        self._require(candidate)
        return self._fixed(replace(fixed, must_not=fixed.must_not | {candidate}))

    def free(self, candidate: int) -> Edit:
        """Neither fixed nor forbidden any more."""
        fixed = self.state.fixed
        self._require(candidate)
        only = frozenset({candidate})
        return self._fixed(replace(fixed, must=fixed.must - only, must_not=fixed.must_not - only))

    def must_clear(self, lesion: int) -> Edit:
        """Clear this lesion, however."""
        fixed = self.state.fixed
        self._require_lesion(lesion)
        return self._fixed(replace(fixed, clear=fixed.clear | {lesion}))

    def leave_alone(self, lesion: int) -> Edit:
        """No treatment of its own for this lesion."""
        fixed = self.state.fixed
        self._require_lesion(lesion)
        return self._fixed(replace(fixed, leave=fixed.leave | {lesion}))

    def free_lesion(self, lesion: int) -> Edit:
        """Neither to be cleared nor to be left alone any more."""
        fixed = self.state.fixed
        self._require_lesion(lesion)
        only = frozenset({lesion})
        return self._fixed(replace(fixed, clear=fixed.clear - only, leave=fixed.leave - only))

    def choose(self, objective: Objective) -> Edit:
        """The best plan for another objective, under the same fixed choices."""
        state = self.state
        return self._to(self._solved(state.basis, state.fixed, objective=objective))

    def change(self, settings: Settings) -> Edit:
        """The best plan under other settings.

        Limits are changed at once; margins, devices and what else changes the candidates makes these
        anew, and fixed choices find theirs again (``gone``: those that do not).
        """
        state = self.state
        basis, gone = state.basis.under(settings)
        old, new = self.candidates, basis.case.problem.candidates
        fixed = state.fixed
        if new is not old:
            must, no_must = carried(fixed.must, old, new)
            must_not, no_must_not = carried(fixed.must_not, old, new)
            fixed = replace(fixed, must=frozenset(must.values()), must_not=frozenset(must_not.values()))
            lost = (("must", no_must), ("must not", no_must_not))
            gone += tuple(f"{what}: {old[n].name} no longer exists" for what, ns in lost for n in ns)
        objective = settings.plan.objective
        if objective == state.basis.settings.plan.objective:
            objective = state.objective
        return self._to(self._solved(basis, fixed, objective=objective), gone=gone)

    def know(self, clinical: Clinical) -> Edit:
        """The best plan for what is now known of the patient: it sets the minimums of the remnant.

        Raises PlanError (PLAN_CONFLICT).
        """
        state = self.state
        basis = state.basis.about(clinical)
        return self._to(self._solved(basis, state.fixed))

    def add(self, drawn: Drawn) -> Edit:
        """Do a treatment drawn by hand. Raises as ``drawn_candidate`` does, and PLAN_CONFLICT."""
        began, state = time.monotonic(), self.state
        basis = state.basis.with_drawn(drawn)
        number = len(basis.case.problem.candidates) - 1
        fixed = replace(state.fixed, must=state.fixed.must | {number})
        return self._to(self._solved(basis, fixed, since=began))

    def preview(self, drawn: Drawn, *, instead_of: int | None = None) -> Preview:
        """The figures if ``instead_of``, a treatment of the plan, were ``drawn``; without solving again.

        ``instead_of`` None: ``drawn`` is added. Raises as ``drawn_candidate`` does.
        """
        state, case = self.state, self.state.basis.case
        if instead_of is not None and instead_of not in self.chosen:
            raise _unknown("a treatment of the plan", f"candidate {instead_of}")
        made = drawn_candidate(case, drawn, number=self._number_of(instead_of), settings=state.basis.settings)
        names, interventions, old = list(state.names), state.interventions, None
        if instead_of is not None:
            old = self.candidates[instead_of]
            names.remove(old.name)
            interventions -= old.interventions
        outcome = state.cover.exchanged(case, out=old, into=made)
        figures = figures_of(case, outcome, interventions=interventions + made.interventions)
        return Preview(
            figures=figures,
            difference=difference(
                state.figures, figures, names_before=state.names, names_after=[*names, made.name]
            ),
            notices=state.basis.notices(
                [made], beside=[self.candidates[c] for c in self.chosen if c != instead_of]
            ),
            treatment=made,
        )

    def replan(self, drawn: Drawn, *, instead_of: int) -> Edit:
        """Do ``drawn`` in place of a candidate, and plan the rest anew.

        One drawn by hand is moved; one that the planner made is forbidden, and ``drawn`` added. Raises as
        ``add`` does.
        """
        began = time.monotonic()
        self._require(instead_of)
        state, fixed = self.state, self.state.fixed
        number = instead_of
        if instead_of < state.basis.first_drawn:
            number = len(self.candidates)
            only = frozenset({instead_of})
            fixed = replace(fixed, must=fixed.must - only, must_not=fixed.must_not | only)
            basis = state.basis.with_drawn(drawn)
        else:
            basis = state.basis.with_drawn(drawn, instead_of=instead_of)
        fixed = replace(fixed, must=fixed.must | {number}, must_not=fixed.must_not - {number})
        return self._to(self._solved(basis, fixed, since=began))

    def finish(self, *, seconds: float) -> Edit:
        """The same question with more time: a plan that was only ``feasible`` becomes better or proven."""
        state = self.state
        better = solved(state.basis, state.objective, state.fixed, seconds=seconds, before=state)
        return Edit(
            session=replace(self, state=better),
            difference=difference_of(state, better, type_of=self.type_of),
        )

    def undo(self) -> PlanSession:
        """The state before the last edit; the first state stays where it is."""
        if not self.past:
            return self
        return replace(self, state=self.past[-1], past=self.past[:-1], future=(self.state, *self.future))

    def redo(self) -> PlanSession:
        """The state that was undone last."""
        if not self.future:
            return self
        return replace(self, state=self.future[0], past=(*self.past, self.state), future=self.future[1:])

    def _fixed(self, fixed: Fixed) -> Edit:
        return self._to(self._solved(self.state.basis, fixed))

    def _solved(
        self, basis: Basis, fixed: Fixed, *, objective: Objective | None = None, since: float | None = None
    ) -> State:
        """The best plan in the time that is left of an edit begun at ``since``, now by default."""
        spent = 0.0 if since is None else time.monotonic() - since
        return solved(
            basis,
            objective or self.state.objective,
            fixed,
            seconds=max(0.0, self.seconds - spent),
            before=self.state,
        )

    def _to(self, state: State, *, gone: tuple[str, ...] = ()) -> Edit:
        return Edit(
            session=replace(self, state=state, past=(*self.past, self.state), future=()),
            difference=difference_of(self.state, state, type_of=self.type_of),
            gone=gone,
        )

    def _number_of(self, candidate: int | None) -> int:
        """The number in the name of one drawn by hand; the next one for all others."""
        drawn, first = self.state.basis.drawn, self.state.basis.first_drawn
        if candidate is None or candidate < first:
            return max(drawn, default=0) + 1
        return list(drawn)[candidate - first]

    def _require(self, candidate: int) -> None:
        if not 0 <= candidate < len(self.candidates):
            raise _unknown(f"a candidate from 0 to {len(self.candidates) - 1}", f"{candidate}")

    def _require_lesion(self, lesion: int) -> None:
        lesions = self.state.basis.case.problem.lesions
        if lesion not in lesions:
            raise _unknown(f"one of the lesions {', '.join(map(str, lesions)) or '(none)'}", f"{lesion}")


def _unknown(expected: str, found: str) -> UsageError:
    return UsageError(Fault(code="BAD_EDIT", expected=expected, found=found, where="editing session"))
