"""Long work that says where it is and stops when it is told to; no Qt."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any

from netlm_imaging.errors import Fault, NetlmError

_STEP = re.compile(r"^\s+(.*\S) \.\.\.$")
"""A line of progress of the command line."""


class Cancelled(Exception):
    """The user stopped the work."""


class Reporter:
    """The progress of one job: ``tell`` is called with each stage and step, from the job's thread.

    A ``netlm_imaging.study.Progress``. After ``cancel`` the next stage or step raises Cancelled.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._stop = Event()
        self._at_once: Callable[[], object] | None = None

    def cancel(self) -> None:
        """Stop: at once where the work can be stopped from outside, else at its next step."""
        self._stop.set()
        if self._at_once is not None:
            self._at_once()

    def stopped_by(self, at_once: Callable[[], object]) -> None:
        """What ``cancel`` calls to stop the work at once."""
        self._at_once = at_once
        if self.cancelled:
            at_once()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._stop.is_set()

    @contextmanager
    def stage(self, name: str, **facts: Any) -> Iterator[dict[str, Any]]:
        """One stage; Cancelled before it begins or after it has ended."""
        self.say(name)
        yield {}
        self._check()

    def say(self, text: str) -> None:
        """A step. Raises Cancelled."""
        self._check()
        self._tell(text)

    def _check(self) -> None:
        if self.cancelled:
            raise Cancelled


class CommandFailed(NetlmError):
    """The command line refused; its words are the message."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(Fault(code="COMMAND_FAILED", expected="a finished run", found=f"exit code {code}"))
        self.text = text

    def __str__(self) -> str:
        return self.text


def run_netlm(arguments: Sequence[str], reporter: Reporter) -> None:
    """``netlm`` with these arguments, in a process of its own: nothing blocks, nothing is shared.

    Raises CommandFailed with the words of the command line, Cancelled.
    """
    command = [sys.executable, "-m", "netlm_pipelines", *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        assert process.stderr is not None
        reporter.stopped_by(process.terminate)
        said: list[str] = []
        for line in process.stderr:
            step = _STEP.match(line)
            if step is None:
                said.append(line.rstrip().removeprefix("error "))
            elif not reporter.cancelled:
                reporter.say(step[1])
    if reporter.cancelled:
        raise Cancelled
    if process.returncode not in (0, 4):  # 4: no plan is possible; the case says why
        raise CommandFailed("\n".join(said), process.returncode)
