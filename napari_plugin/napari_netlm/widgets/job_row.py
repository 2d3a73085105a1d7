"""One line for long work: what it is at, and a button that stops it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QApplication, QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from napari_netlm.jobs import Cancelled, Reporter
from netlm_imaging.errors import NetlmError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    result: Any = None
    error: NetlmError | Cancelled | None = None


class JobRow(QWidget):  # type: ignore[misc]
    """Runs one job at a time in a thread; hidden while there is none."""

    said = Signal(str)
    failed = Signal(object)
    """With the exception."""

    def __init__(self) -> None:
        super().__init__()
        self._reporter: Reporter | None = None
        self._worker: Any = None
        self._text = QLabel()
        self._text.setWordWrap(True)
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setMaximumWidth(60)
        stop = QPushButton("Cancel")
        stop.setToolTip("Stop this work; what is open stays as it is")
        stop.clicked.connect(self.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for widget in (bar, self._text, stop):
            row.addWidget(widget)
        row.setStretch(1, 1)
        self.said.connect(self._text.setText)
        QApplication.instance().aboutToQuit.connect(self.cancel)
        self.hide()

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self._reporter is not None

    def start(self, job: Callable[[Reporter], Any], done: Callable[[Any], None]) -> None:
        """Run ``job`` in a thread, then ``done`` with its result in this one. A job that runs is stopped."""
        from napari.qt.threading import create_worker

        self.cancel()
        reporter = Reporter(self.said.emit)
        worker = create_worker(_caught, job, reporter)
        self._reporter, self._worker = reporter, worker
        worker.returned.connect(lambda outcome: self._finish(reporter, outcome, done))
        worker.errored.connect(lambda _error: self._rest())  # a bug: napari shows it
        self._text.setText("")
        self.show()
        worker.start()

    def cancel(self) -> None:
        """Stop the job at its next step; its result is thrown away."""
        if self._reporter is not None:
            self._reporter.cancel()
            self._rest()

    def _finish(self, reporter: Reporter, outcome: _Outcome, done: Callable[[Any], None]) -> None:
        if reporter is not self._reporter:  # cancelled, or another job took its place
            return
        self._rest()
        if isinstance(outcome.error, NetlmError):
            self.failed.emit(outcome.error)
        elif outcome.error is None:
            done(outcome.result)

    def _rest(self) -> None:
        self._reporter = None
        self.hide()


def _caught(job: Callable[[Reporter], Any], reporter: Reporter) -> _Outcome:
    """Expected failures come back as what they are: napari would show a traceback for one that is raised."""
    try:
        return _Outcome(result=job(reporter))
    except (NetlmError, Cancelled) as error:
        return _Outcome(error=error)
