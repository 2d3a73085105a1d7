"""One line for long work: what it is at, for how long, and a button that stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Thread
from time import monotonic
from typing import Any

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QApplication, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_netlm.jobs import Cancelled, Reporter
from netlm_imaging.errors import NetlmError


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Ended:
    """A job that has come to its end, on its way from its thread to the window."""

    reporter: Reporter
    done: Callable[[Any], None]
    result: Any = None
    error: Exception | None = None


class JobRow(QWidget):  # type: ignore[misc]
    """Runs one job at a time in a thread; hidden while there is none."""

    said = Signal(str)
    failed = Signal(object)
    """With the NetlmError."""
    rested = Signal()
    """No job runs any more: it is done, failed or was cancelled."""
    stopped = Signal()
    """Cancelled by its button."""
    _ended = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._reporter: Reporter | None = None
        self._waiting: list[Callable[[], None]] = []
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._passed = QLabel()
        # No busy bar: Qt composes the whole window anew at each of its frames, also where it is not seen.
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._began = 0.0
        stop = QPushButton("Cancel")
        stop.setToolTip("Stop this work; what is open stays as it is")
        stop.clicked.connect(self._stop)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (self._text, self._passed, stop):
            row.addWidget(widget)
        row.setStretch(0, 1)
        self.said.connect(self._text.setText)
        self._ended.connect(self._finish)
        QApplication.instance().aboutToQuit.connect(self.cancel)
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._reporter is not None

    def start(self, job: Callable[[Reporter], Any], done: Callable[[Any], None]) -> None:
        """Run ``job`` in a thread, then ``done`` with its result in this one. A job that runs is stopped."""
        self.cancel()
        reporter = Reporter(self.said.emit)
        self._reporter = reporter
        self._text.setText("")
        self._began = monotonic()
        self._tick()
        self._clock.start()
        self.show()
        Thread(target=self._run, args=(job, reporter, done), name="netlm-job", daemon=True).start()

    def then(self, begin: Callable[[], None]) -> None:
        """``begin``, which may start a job, once all that came before is done; not after a job is stopped."""
        self._waiting.append(begin)
        self._go_on()
        self._tick()

    def cancel(self) -> None:
        """Stop the job at its next step; its result is thrown away, and what waits for it with it."""
        if self._reporter is not None:
            self._waiting.clear()
            self._reporter.cancel()
            self._rest()

    def _stop(self) -> None:
        self.cancel()
        self.stopped.emit()

    def _run(self, job: Callable[[Reporter], Any], reporter: Reporter, done: Callable[[Any], None]) -> None:
        try:
            ended = _Ended(reporter=reporter, done=done, result=job(reporter))
        except Exception as error:
            ended = _Ended(reporter=reporter, done=done, error=error)
        if not reporter.cancelled:  # else nobody waits for it; the window may be gone
            self._ended.emit(ended)

    def _finish(self, ended: _Ended) -> None:
        if ended.reporter is not self._reporter:  # cancelled, or another job took its place
            return
        self._rest()
        try:
            if isinstance(ended.error, NetlmError):
                self.failed.emit(ended.error)
            elif ended.error is None:
                ended.done(ended.result)
            elif not isinstance(ended.error, Cancelled):
                raise ended.error  # a bug: napari shows it
        finally:
            self._go_on()

    def _go_on(self) -> None:
        while self._waiting and not self.busy:
            self._waiting.pop(0)()

    def _tick(self) -> None:
        waiting = f", {len(self._waiting)} waiting" if self._waiting else ""
        self._passed.setText(f"{monotonic() - self._began:.0f} s{waiting}")

    def _rest(self) -> None:
        self._reporter = None
        self._clock.stop()
        self.hide()
        self.rested.emit()
