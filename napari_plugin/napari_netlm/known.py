"""What is known of the plan that stands: its record and Type first, the reasons of a run after; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from psygnal import Signal

from napari_netlm.jobs import Cancelled
from napari_netlm.plan_details import Beside, Details, details_of
from napari_netlm.plan_start import Started
from napari_netlm.runner import Runner, refusal
from netlm_imaging.decide.records import Classification
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.session_state import State


class Known:
    """Of the plan of one session, worked out by ``run``; ``busy``: while another plan is on its way."""

    found = Signal(object)
    """With the Details that were worked out."""
    weighed_up = Signal()
    """Reasons of a run are there, or cannot be found."""
    failed = Signal(object)
    """With the NetlmError why they cannot be found."""

    def __init__(
        self, started: Started, *, session: Callable[[], PlanSession], busy: Callable[[], bool], run: Runner
    ) -> None:
        self.details: Details | None = None
        self.working = False
        """Record and Type are on their way."""
        self._started, self._session, self._busy, self._run = started, session, busy, run
        self._beside: Beside | None = None
        """As it was found last."""
        self._weighing = False
        self._not_weighed: State | None = None
        """The plan that it could not be found for."""
        self._closed = False

    def close(self) -> None:
        """Answers that are still to come are thrown away."""
        self._closed = True

    @property
    def worked_out(self) -> bool:
        """Record and Type of the plan that stands are there."""
        return self.details is not None and self.details.state is self._state

    @property
    def classification(self) -> Classification | None:
        """Of the plan that stands; None while it is worked out, and where a major resection is done."""
        return self.details.classification if self.details is not None and self.worked_out else None

    @property
    def weighed(self) -> bool:
        """The reasons of the Type are those of a run, which also knows other plans and larger remnants."""
        return self.details is not None and self.worked_out and self.details.beside is not None

    @property
    def to_be_weighed(self) -> bool:
        """Such reasons are still to come: they are not there, and it was not told why they cannot be."""
        return not self.weighed and self._not_weighed is not self._state

    def work_out(self) -> None:
        """Record and Type of the plan that stands."""
        state = self._state
        if self.working or self._closed or self.worked_out:
            return
        self.working = True
        beside = self._beside if self._beside is not None and self._beside.holds_for(state) else None
        self._run(lambda: details_of(self._started, state, beside), self._worked_out)

    def weigh(self) -> None:
        """Find what a run says of the Type beside the plan that stands, once that is proven or left at it."""
        state = self._state
        if self._busy() or self._weighing or self._closed:
            return
        if self.classification is None or not self.to_be_weighed:
            return
        self._weighing = True

        def find() -> Details:
            return details_of(self._started, state, Beside.of(state, progress=self._only_for(state)))

        self._run(find, lambda answer: self._weighed(state, answer))

    @property
    def _state(self) -> State:
        return self._session().state

    def _only_for(self, state: State) -> Callable[[str], None]:
        """Ends what is worked out for a plan that stands no longer: edits would wait for it."""

        def check(_step: str) -> None:
            if self._closed or self._state is not state:
                raise Cancelled

        return check

    def _worked_out(self, answer: Any) -> None:
        self.working = False
        if self._closed or refusal(answer) is not None:
            return
        self.details = answer
        self.found.emit(answer)
        self.work_out()

    def _weighed(self, state: State, answer: Any) -> None:
        self._weighing = False
        if self._closed:
            return
        if isinstance(answer, Cancelled):
            self.weigh()
            return
        error = refusal(answer)
        if error is not None:
            self._not_weighed = state
            self.failed.emit(error)
        else:
            self._beside = answer.beside
            if self._state is state:
                self.details = answer
        self.weighed_up.emit()
