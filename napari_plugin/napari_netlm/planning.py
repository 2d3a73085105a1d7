"""A plan while it is edited on a desk: quick answers first, proof and details after; no Qt."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from psygnal import Signal

from napari_netlm.desk import Desk
from napari_netlm.hand import Hand
from napari_netlm.known import Known
from napari_netlm.masks import EDITABLE
from napari_netlm.plan_details import Details, compared, type_of_plan
from napari_netlm.plan_start import RECORD, Started, plan_record
from napari_netlm.runner import Runner, at_once, refusal
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.records import Classification, NetlmType
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.figures import Difference, Figures
from netlm_imaging.plan.session import Edit, PlanSession
from netlm_imaging.plan.session_state import State
from netlm_imaging.settings import Settings

PROOF_S = (2.0, 8.0, 30.0)
"""One after the other until the plan is proven, each from the best plan so far; the limit ends them."""
Make = Callable[[PlanSession], Edit]
Step = Callable[[PlanSession], PlanSession]
"""Back or forth among plans that are there: nothing is planned by it."""


class Planning:
    """One plan on one desk.

    Edits are done one after the other by ``run``.
    """

    changed = Signal()
    """The plan, what is known of it, or what is being done."""
    failed = Signal(object)
    """With the NetlmError of an edit; the plan stays as it was."""
    stood = Signal()
    """Another plan stands, by an edit, undo or redo: what was refused before is over."""

    def __init__(self, desk: Desk, started: Started, *, run: Runner = at_once) -> None:
        self.desk = desk
        self.started = started
        self.session = started.session
        self.last: Difference | None = None
        """What the last edit changed."""
        self.gone: tuple[str, ...] = ()
        """What else the last edit ended, in words, such as fixed choices."""
        self.kept: PlanSession | None = None
        """The plan to compare with."""
        self.hand = Hand(started, session=lambda: self.session, run=run)
        self.known = Known(
            started, session=lambda: self.session, busy=lambda: self.busy or self.proving, run=run
        )
        self.outdated = False
        """Masks have changed since: the plan is that of before."""
        self.beside: list[Any] = []
        """What lives as long as it and is closed with it, such as what shows it."""
        self._costs: dict[Candidate, float] = {}
        self.run = run
        self._waiting: deque[tuple[Make | None, Step | None]] = deque()
        self._editing = False
        self._proving: State | None = None
        self._before: State | None = None
        """The plan before the last edit."""
        self._closed = False
        self.known.found.connect(self._keep_plan)
        self.known.weighed_up.connect(self.changed.emit)
        self.known.failed.connect(self.failed.emit)
        desk.changed.connect(self._on_mask)
        desk.closed.connect(self.close)
        self._settle()

    def close(self) -> None:
        """Do nothing more on the desk; answers that are still to come are thrown away."""
        if self._closed:
            return
        self._closed = True
        self.desk.closed.disconnect(self.close)
        self._waiting.clear()
        self.hand.close()
        self.known.close()
        for one in self.beside:
            one.close()
        self.desk.changed.disconnect(self._on_mask)

    # what there is

    @property
    def figures(self) -> Figures:
        """Of the plan that stands."""
        return self.session.figures

    @property
    def type(self) -> NetlmType | None:
        """Of the plan that stands; None without lesions, and where a major resection is done."""
        return type_of_plan(self.started, self.session.state)

    @property
    def clinical(self) -> Clinical:
        """What is known of the patient."""
        return self.session.state.basis.case.clinical

    @property
    def settings(self) -> Settings:
        """Those of the plan that stands."""
        return self.session.state.basis.settings

    @property
    def busy(self) -> bool:
        """An edit is being done."""
        return self._editing

    @property
    def kept_up(self) -> bool:
        """All that was decided stands and is on the desk; else an edit or the record of one is on its way."""
        return not self._editing and not self.known.working

    @property
    def proving(self) -> bool:
        """Time is being given to the proof of the plan that stands."""
        return self._proving is self.session.state

    @property
    def classification(self) -> Classification | None:
        """Of the plan that stands; None while it is worked out, and where a major resection is done."""
        return self.known.classification if self.worked_out else None

    def cost_ml(self, candidate: Candidate) -> float:
        """Functional liver that it loses when it is done alone; counted once."""
        if candidate not in self._costs:
            space = self.session.state.basis.case.space
            self._costs[candidate] = candidate.lost_voxels(space) * space.grid.voxel_ml
        return self._costs[candidate]

    @property
    def worked_out(self) -> bool:
        """Record and Type of the plan that stands are there, and no edit is on its way to another."""
        return self.known.worked_out and not self._editing

    def compared(self) -> Difference | None:
        """What the plan that stands has more than the one that was kept."""
        if self.kept is None:
            return None
        return compared(self.started, self.kept.state, self.session.state)

    def edited_words(self) -> str:
        """What a person decided about the plan that stands; empty for nothing."""
        state, opened = self.session.state, self.desk.study
        fixed = sum(map(len, (state.fixed.must, state.fixed.must_not, state.fixed.clear, state.fixed.leave)))
        said = [f"{fixed} fixed choice{'s' if fixed > 1 else ''}"] if fixed else []
        said += ["other limits"] if state.basis.settings != opened.settings else []
        said += ["another objective"] if state.objective != "sparing" else []
        return ", ".join(said)

    # what is done

    def edit(self, make: Make) -> None:
        """Do an edit of the session, after those that wait; what is refused is told by ``failed``."""
        self._waiting.append((make, None))
        self._next()

    def undo(self) -> None:
        """The plan before the last edit; of one that is being planned, once that stands."""
        self._step(PlanSession.undo)

    def redo(self) -> None:
        """The plan that was undone last."""
        self._step(PlanSession.redo)

    def keep(self) -> None:
        """Keep the plan that stands, to compare later ones with."""
        self.kept = self.session
        self.changed.emit()

    def go_back(self) -> None:
        """The plan that was kept stands again; this can be undone."""
        kept = self.kept
        if kept is not None:
            self._step(lambda now: replace(now, state=kept.state, past=(*now.past, now.state), future=()))

    def know(self, clinical: Clinical) -> None:
        """What is known of the patient; it is kept with the work."""
        if clinical != self.clinical:
            self.edit(lambda session: session.know(clinical))

    def change(self, settings: Settings) -> None:
        """Plan under other settings; they are kept with the work."""
        if settings != self.settings:
            self.edit(lambda session: session.change(settings))

    def drop(self) -> None:
        """Do the drawn treatment where it is, and plan the rest anew around it."""
        drawing = self.hand.drawing
        if drawing is not None:
            self.edit(drawing.done_in)

    # how it goes on

    def _next(self) -> None:
        while self._waiting and not self._editing and not self._closed:
            make, step = self._waiting.popleft()
            if step is not None:
                self._go(step(self.session))
            elif make is not None:
                self._make(make, self.session)

    def _make(self, make: Make, session: PlanSession) -> None:
        self._editing = True
        self.changed.emit()
        self.run(lambda: make(session), self._made)

    def _made(self, answer: Any) -> None:
        self._editing = False
        if self._closed:
            return
        error = refusal(answer)
        if error is None:
            self.gone = answer.gone
            self._stand(answer.session)
        else:
            self.failed.emit(error)
            self.changed.emit()
        self._next()

    def _step(self, step: Step) -> None:
        self._waiting.append((None, step))
        self._next()

    def _go(self, session: PlanSession) -> None:
        """Undo and redo: what was being drawn may not exist there."""
        if session is not self.session:
            self.hand.take(None)
            self.gone = ()
            self._stand(session)

    def _stand(self, session: PlanSession) -> None:
        before, self.session = self.session.state, session
        self._before, self.last = before, compared(self.started, before, session.state)
        self._keep_facts(before)
        self.hand.replanned(before)
        self.stood.emit()
        self._settle()

    def _settle(self) -> None:
        """Tell of the plan that stands now, then work out what takes longer."""
        self.changed.emit()
        self.known.work_out()
        self._prove()

    def _keep_facts(self, before: State) -> None:
        basis = self.session.state.basis
        if basis.case.clinical != before.basis.case.clinical:
            self.desk.record("clinical", self.clinical.model_dump(mode="json", exclude_none=True))
        if basis.settings != before.basis.settings:
            self.desk.record("settings", self.settings.model_dump(mode="json", exclude_none=True))

    def _keep_plan(self, details: Details) -> None:
        """The record of the plan goes with the work, once there is something to keep."""
        stands = details.state is self.session.state
        if stands and (self.session.past or RECORD in self.desk.records):
            self.desk.record(RECORD, plan_record(details.file))
        self.changed.emit()

    def _prove(self, step: int = 0) -> None:
        session = self.session
        if self._closed or session.state.choice.status != "feasible" or step >= len(PROOF_S):
            self._proving = None
            return
        self._proving = session.state
        seconds = min(PROOF_S[step], self.settings.plan.time_limit_s)
        self.run(lambda: session.finish(seconds=seconds), lambda answer: self._proved(session, step, answer))

    def _proved(self, session: PlanSession, step: int, answer: Any) -> None:
        """Of use only while nothing else was done."""
        error = refusal(answer)
        if self._closed or self.session is not session:
            return
        if error is None:
            self.session = answer.session
            if self._before is not None:
                self.last = compared(self.started, self._before, self.session.state)
        self.known.work_out()
        self._prove(step + 1)
        self.changed.emit()

    def _on_mask(self, name: str) -> None:
        if is_planned_on(name):
            self.outdated = True
            self.changed.emit()


def is_planned_on(name: str) -> bool:
    """Whether a plan is no longer that of what is drawn once this mask or record has changed."""
    return name in EDITABLE or name == "review"
