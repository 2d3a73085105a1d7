"""Progress of long work: a live line on a terminal, plain lines elsewhere, and the entries of log.jsonl."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn


@dataclass(slots=True)
class Stages:
    """Runs named stages one after the other, shows them and remembers how long each took."""

    total: int
    console: Console = field(default_factory=lambda: Console(stderr=True))
    log: list[dict[str, Any]] = field(default_factory=list)
    _live: Progress | None = None
    _done: int = 0

    @contextmanager
    def shown(self) -> Iterator[Stages]:
        """Show the bar (on a terminal) while the block runs."""
        if not self.console.is_terminal:
            yield self
            return
        columns = (
            SpinnerColumn(),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console, transient=True) as live:
            live.add_task("", total=self.total)
            self._live = live
            try:
                yield self
            finally:
                self._live = None

    @contextmanager
    def stage(self, name: str, **facts: Any) -> Iterator[dict[str, Any]]:
        """One stage; what the block adds to the yielded dict goes into the log."""
        started = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        clock = time.perf_counter()
        self.say(name)
        entry: dict[str, Any] = {"stage": name, "started": started, **facts}
        try:
            yield entry
        finally:
            entry["seconds"] = round(time.perf_counter() - clock, 3)
            self.log.append(entry)
            self._done += 1
            if self._live is not None:
                self._live.update(self._live.task_ids[0], completed=self._done)

    def say(self, text: str) -> None:
        """A step within a stage."""
        if self._live is not None:
            self._live.update(self._live.task_ids[0], description=text)
        else:
            self.console.print(f"  {text} ...", highlight=False)
