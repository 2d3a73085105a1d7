"""What is worked out beside the figures of a plan: its record and Type, and what a drawing does; no Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from napari_netlm.drawing import Drawing
from napari_netlm.plan_start import Started
from netlm_imaging.decide import classify_plans, projections
from netlm_imaging.decide.findings import facts_of
from netlm_imaging.decide.records import Classification, NetlmType
from netlm_imaging.decide.rule import type_of
from netlm_imaging.errors import Notice
from netlm_imaging.plan.ablation_facts import AblationFacts, ablation_facts
from netlm_imaging.plan.figures import Difference, Figures
from netlm_imaging.plan.growth_records import GrowthPlan
from netlm_imaging.plan.plan_file import PlanFile, plan_file_of
from netlm_imaging.plan.plan_set import Progress
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.resection_notices import parenchymal_sparing
from netlm_imaging.plan.session import PlanSession, Preview
from netlm_imaging.plan.session_planned import deciding_of
from netlm_imaging.plan.session_state import State, difference_of


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Details:
    """What takes longer than the figures of a plan: its record, and the Type with its reasons."""

    state: State
    file: PlanFile
    classification: Classification | None
    """None of a plan with a major resection, named or drawn: no Type follows from it."""
    notices: tuple[Notice, ...] = ()
    """What the reader of the figures must know."""
    beside: Beside | None = None
    """What the reasons rest on beside the plan; None: not worked out yet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """What a run says of a Type beside its plan: other plans, and a larger remnant."""

    state: State
    plans: tuple[Plan, ...]
    growth: tuple[GrowthPlan, ...]

    @classmethod
    def of(cls, state: State, *, progress: Progress | None = None) -> Beside:
        """Found anew. Takes up to ``plan.time_limit_s``; raises as ``deciding_of``."""
        plans, growth = deciding_of(state, progress=progress)
        return cls(state=state, plans=plans, growth=growth)

    def holds_for(self, state: State) -> bool:
        """Facts that change no plan leave all of it as it is."""
        mine, other = self.state.basis, state.basis
        return (
            self.state.choice is state.choice
            and self.state.objective == state.objective
            and self.state.fixed == state.fixed
            and mine.case.problem is other.case.problem
            and mine.case.limits == other.case.limits
            and mine.settings == other.settings
            and mine.case.clinical.symptomatic_lesions == other.case.clinical.symptomatic_lesions
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moved:
    """What a drawing does where it is."""

    preview: Preview
    facts: AblationFacts | None
    """Of a zone: margins, distances to structures, and what its shaft meets."""
    type: NetlmType | None
    """As ``type_of_plan``, with what is drawn."""


def details_of(started: Started, state: State, beside: Beside | None = None) -> Details:
    """Of a plan that was begun as ``started``. ``beside``: of this very plan."""
    return Details(
        state=state,
        file=plan_file_of(state, started.anatomy),
        classification=_classified(started, state, beside) if state.parenchymal_sparing else None,
        notices=state.notices,
        beside=beside,
    )


def _classified(started: Started, state: State, beside: Beside | None) -> Classification:
    """As a run does; without ``beside`` the reasons are those of this plan alone."""
    clinical, settings, lesions = state.basis.case.clinical, state.basis.settings, started.lesions
    of: dict[str, Any] = {"lesions": lesions, "clinical": clinical, "settings": settings}
    return classify_plans(
        (state.plan,) if beside is None else beside.plans,
        liver=started.liver,
        spread=started.pattern,
        projected=None if beside is None else projections(beside.growth, beside.plans, **of),
        deciding=state.objective,
        **of,
    )


def type_of_plan(started: Started, state: State) -> NetlmType | None:
    """None without lesions, and where a major resection is done."""
    return _type_of(started, state, state.figures) if state.parenchymal_sparing else None


def _type_of(started: Started, state: State, figures: Figures) -> NetlmType | None:
    basis = state.basis
    facts = facts_of(started.lesions, figures, clinical=basis.case.clinical, settings=basis.settings)
    return type_of(facts)


def compared(started: Started, before: State, after: State) -> Difference:
    """What ``after`` has more than ``before``, and the Type of both."""
    return replace(
        difference_of(before, after),
        type_before=type_of_plan(started, before),
        type_after=type_of_plan(started, after),
    )


def moved_to(started: Started, session: PlanSession, drawing: Drawing) -> Moved:
    """The plan with ``drawing`` where it is, nothing else changed. Raises as ``PlanSession.preview`` does."""
    instead_of = drawing.instead_of if drawing.instead_of in session.chosen else None
    preview, basis = session.preview(drawing.drawn, instead_of=instead_of), session.state.basis
    made, space = preview.treatment, basis.case.space
    others = [session.candidates[c] for c in session.chosen if c != instead_of]
    sparing = parenchymal_sparing(
        space, [*others, made], most_segments=basis.settings.plan.max_segments_sparing
    )
    return Moved(
        preview=preview,
        facts=ablation_facts(space, made, made.lesions, basis.case.ways) if made.zones else None,
        type=_type_of(started, session.state, preview.figures) if sparing else None,
    )
