"""Jobs in threads; their results come back to the window's own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import Any

from qtpy.QtCore import QObject, Signal

from napari_netlm.runner import Job, attempted


class ThreadRunner(QObject):  # type: ignore[misc]
    """A ``Runner``: each job has a thread of its own."""

    _finished = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self._finished.connect(self._hand_over)

    def __call__(self, job: Job, done: Callable[[Any], None]) -> None:
        """Do ``job`` in a thread, then ``done`` with its result in this one."""
        Thread(target=self._work, args=(job, done), name="netlm-plan", daemon=True).start()

    def _work(self, job: Job, done: Callable[[Any], None]) -> None:
        answer = attempted(job)
        with suppress(RuntimeError):  # the window is closed: nobody waits for it
            self._finished.emit(done, answer)

    def _hand_over(self, done: Callable[[Any], None], answer: Any) -> None:
        done(answer)
