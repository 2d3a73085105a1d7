"""What is drawn by hand into a plan: where it is, and what it would do there; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import thread_time
from typing import Any

from psygnal import Signal

from napari_netlm.drawing import Drawing
from napari_netlm.plan_details import Moved, moved_to
from napari_netlm.plan_start import Started
from napari_netlm.runner import Runner, refusal
from netlm_imaging.plan.session import PlanSession
from netlm_imaging.plan.session_state import State

TOGETHER_S = 0.1
"""Where figures follow so fast, a step of a drag is drawn together with them: the window paints once."""


class Hand:
    """The treatment that is moved over one plan; nothing is planned by that.

    Of previews at most one is in flight, and only the newest waits.
    """

    drawn = Signal()
    """The drawing is somewhere else, or there is none any more."""
    previewed = Signal()
    """``moved`` or ``why_not``."""

    def __init__(self, started: Started, *, session: Callable[[], PlanSession], run: Runner) -> None:
        self.started = started
        self.session = session
        """The plan that stands."""
        self.run = run
        self.drawing: Drawing | None = None
        self.moved: Moved | None = None
        self.why_not: Any | None = None
        """The NetlmError: why what is drawn cannot be done where it is."""
        self._previewing = False
        self._preview_s = 0.0
        """Processor time of the last one: by the clock, a window that draws beside it would make it slow."""
        self._undrawn = False
        """The drawing has moved, and is drawn with its figures."""
        self._closed = False

    def close(self) -> None:
        """Answers that are still to come are thrown away."""
        self._closed = True

    def take(self, drawing: Drawing | None) -> None:
        """Begin to move a treatment, or (None) be done with it."""
        self.drawing, self.moved, self.why_not = drawing, None, None
        self.drawn.emit()
        self.previewed.emit()
        self._ask()

    def move(self, drawing: Drawing) -> None:
        """It is somewhere else now: figures follow."""
        self.drawing = drawing
        self._undrawn = self._preview_s <= TOGETHER_S
        if not self._undrawn:
            self.drawn.emit()
        self._ask()

    def replanned(self, before: State) -> None:
        """Another plan than ``before`` stands: what was drawn is the candidate that it has become there."""
        self.drawing, self.moved, self.why_not = self._drawn_again(before), None, None
        self.previewed.emit()

    def _drawn_again(self, before: State) -> Drawing | None:
        drawing, basis = self.drawing, self.session().state.basis
        if drawing is None:
            return None
        numbers = [
            n for n, drawn in enumerate(basis.drawn.values(), basis.first_drawn) if drawn == drawing.drawn
        ]
        if basis.drawn == before.basis.drawn and not numbers:
            return drawing
        return replace(drawing, instead_of=numbers[-1]) if numbers else None

    def _ask(self) -> None:
        drawing = self.drawing
        if self._previewing or drawing is None or self._closed:
            return
        self._previewing, session = True, self.session()
        self.run(
            lambda: self._preview(session, drawing),
            lambda answer: self._previewed(drawing, answer),
        )

    def _preview(self, session: PlanSession, drawing: Drawing) -> Moved:
        start = thread_time()
        try:
            return moved_to(self.started, session, drawing)
        finally:
            self._preview_s = thread_time() - start

    def _previewed(self, asked: Drawing, answer: Any) -> None:
        self._previewing = False
        if self._closed or self.drawing is None:
            return
        error = refusal(answer)
        self.moved, self.why_not = (answer, None) if error is None else (None, error)
        if self._undrawn:
            self._undrawn = False
            self.drawn.emit()
        self.previewed.emit()
        if self.drawing is not asked:
            self._ask()
