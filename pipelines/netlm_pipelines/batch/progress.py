"""Progress of a batch: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

from rich.console import Console
from rich.live import Live
from rich.table import Table

from netlm_pipelines.batch.outcome import Outcome

FIRST_LINE_S, LINE_EVERY_S = 5.0, 60.0
"""Until the first plain line of counts, and between two; a failure has a line of its own at once."""


@dataclass(slots=True)
class Progress:
    """Counts outcomes and shows them."""

    console: Console = field(default_factory=lambda: Console(stderr=True))
    total: int = 0
    kept: int = 0
    running: Callable[[], int] = int
    done: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    _started: float = 0.0

    def start(self, *, total: int, kept: int, running: Callable[[], int]) -> None:
        """``total`` studies to compute, beside ``kept`` valid ones; ``running()`` are at work."""
        self.total, self.kept, self.running = total, kept, running
        self._started = time.monotonic()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it while the block runs."""
        if self.console.is_terminal:
            with Live(get_renderable=self.table, console=self.console, refresh_per_second=2):
                yield
            return
        over = Event()
        lines = Thread(target=self._say_until, args=(over,), daemon=True)
        lines.start()
        try:
            yield
        finally:
            over.set()
            lines.join()

    def add(self, outcome: Outcome) -> None:
        """One more study is over."""
        if outcome.status == "failed":
            self.reasons[outcome.code] += 1
            self._say(f"failed {outcome.study}: {outcome.faults[0]}")
        elif outcome.status == "kept":
            self.kept += 1
            self.total -= 1
        else:
            self.done += 1

    @property
    def failed(self) -> int:
        """Studies that failed in this batch."""
        return sum(self.reasons.values())

    @property
    def an_hour(self) -> float:
        """Studies an hour so far."""
        return 3600 * (self.done + self.failed) / max(time.monotonic() - self._started, 1e-3)

    def line(self) -> str:
        """The table in one line."""
        return ", ".join(f"{name} {value}" for name, value in self._rows())

    def table(self) -> Table:
        """The live table."""
        table = Table.grid(padding=(0, 3))
        for name, value in self._rows():
            table.add_row(name, value)
        return table

    def _rows(self) -> list[tuple[str, str]]:
        reasons = ", ".join(f"{code} {count}" for code, count in sorted(self.reasons.items()))
        return [
            ("done", f"{self.done} of {self.total}"),
            ("failed", f"{self.failed} ({reasons})" if reasons else "0"),
            ("valid before", str(self.kept)),
            ("running", str(self.running())),
            ("studies an hour", f"{self.an_hour:.0f}"),
            ("time left", self._left()),
        ]

    def _left(self) -> str:
        left = self.total - self.done - self.failed
        if left == 0:
            return "none"
        if self.done + self.failed == 0:
            return "not known yet"
        minutes = round(60 * left / self.an_hour)
        return f"{minutes // 60} h {minutes % 60:02d} min"

    def _say_until(self, over: Event) -> None:
        """A line now and then, the last one when it is over."""
        wait = FIRST_LINE_S
        while not over.wait(wait):
            self._say(self.line())
            wait = LINE_EVERY_S
        self._say(self.line())

    def _say(self, text: str) -> None:
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
