"""Progress of a batch: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.live import Live
from rich.table import Table

from netlm_pipelines.batch.outcome import Outcome

LINE_EVERY_S = 30.0
"""Between two plain lines of counts; a failure has a line of its own at once."""


@dataclass(slots=True)
class Progress:
    """Counts outcomes and shows them."""

    console: Console = field(default_factory=lambda: Console(stderr=True))
    total: int = 0
    kept: int = 0
    places: int = 1
    done: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    _started: float = 0.0
    _told: float = 0.0
    _live: Live | None = None

    def start(self, *, total: int, kept: int, places: int) -> None:
        """``total`` studies to compute, beside ``kept`` ones that are valid; ``places`` at once."""
        self.total, self.kept, self.places = total, kept, places
        self._started = self._told = time.monotonic()

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Show it while the block runs."""
        if not self.console.is_terminal:
            self._say(self.line())
            yield
            self._say(self.line())
            return
        with Live(get_renderable=self.table, console=self.console, refresh_per_second=2) as self._live:
            yield
        self._live = None

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
        if self._live is None and time.monotonic() - self._told > LINE_EVERY_S:
            self._say(self.line())

    @property
    def failed(self) -> int:
        """Studies that failed in this batch."""
        return sum(self.reasons.values())

    @property
    def running(self) -> int:
        """Studies that are at work now."""
        return min(self.places, self.total - self.done - self.failed)

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
        rows = [("done", f"{self.done} of {self.total}"), ("valid before", str(self.kept))]
        rows += [(f"failed, {code}", str(count)) for code, count in sorted(self.reasons.items())]
        rows += [
            ("running", str(self.running)),
            ("an hour", f"{self.an_hour:.0f}"),
            ("time left", self._left()),
        ]
        return rows

    def _left(self) -> str:
        left = self.total - self.done - self.failed
        if left == 0:
            return "none"
        if self.done + self.failed == 0:
            return "not known yet"
        minutes = round(60 * left / self.an_hour)
        return f"{minutes // 60} h {minutes % 60:02d} min"

    def _say(self, text: str) -> None:
        self._told = time.monotonic()
        self.console.print(text, highlight=False, markup=False, soft_wrap=True)
