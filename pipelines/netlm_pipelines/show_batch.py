"""What ``netlm batch`` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from netlm_pipelines.show import say

if TYPE_CHECKING:
    from netlm_pipelines.batch.check import Checked
    from netlm_pipelines.batch.flow import Summary


def cluster(dashboard: str, places: int) -> None:
    """Where the page in the browser is, and how many studies can run at once."""
    say(f"Dashboard: {dashboard}")
    say(f"Workers: {places}" if places else "Workers: none yet; studies wait until some are there")


def found(studies: int, others: str) -> None:
    """How many studies there are, and what of their folder is none."""
    say(f"Studies: {studies}")
    if others:
        say(f"Passed over: {others}")


def planned(todo: Sequence[Checked], total: int, *, paths: bool) -> None:
    """What would be computed and why; ``paths`` shows folders, which may name patients."""
    for item in todo:
        say(f"{item.study.name}  {item.reason}{f'  {item.study.images}' if paths else ''}")
        for fault in item.foreseen:
            say(str(fault), indent=2)
    say(f"{len(todo)} of {total} studies would be computed")
    for reason, count in sorted(Counter(item.reason for item in todo).items()):
        say(f"{count} {reason}", indent=2)


def interrupted() -> None:
    """After Ctrl-C."""
    say("Stopped. What is done stays done; the same command goes on")


def summary(of: Summary) -> None:
    """Counts, failures by reason, and where the cohort is."""
    say(f"{of.done} done, {of.kept} valid before, {len(of.failed)} failed, {of.left} left for later")
    for code, count in sorted(of.reasons.items()):
        say(f"{count} {code}", indent=2)
    say(f"Cohort: {of.cohort}")
