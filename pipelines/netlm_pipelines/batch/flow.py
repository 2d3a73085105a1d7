"""Many studies, one after the other or side by side: what is valid stays, the rest is computed.

This is the file to read first. ``work.process`` is what happens to one study; who runs it is the
scheduler's; everything durable is in ``sealed``, ``outcome`` and ``journal``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export.files import writing
from netlm_pipelines.batch.check import Checked, Selection, check, chosen, foresee
from netlm_pipelines.batch.cohort import write_cohort
from netlm_pipelines.batch.journal import JOURNAL_FILE, Journal, known_inputs
from netlm_pipelines.batch.keys import software_sha256
from netlm_pipelines.batch.lock import LOCK_FILE, locked
from netlm_pipelines.batch.order import Order, Study
from netlm_pipelines.batch.outcome import (
    Outcome,
    forget_failure,
    read_failures,
    remove_unfinished,
    write_failure,
)
from netlm_pipelines.batch.progress import Progress
from netlm_pipelines.batch.schedulers import Scheduler
from netlm_pipelines.batch.sealed import remove_abandoned
from netlm_pipelines.batch.work import process, require_free


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A batch when it is over."""

    done: int
    """Computed now."""
    kept: int
    """Valid before."""
    failed: dict[str, str]
    """Code of the first fault by study."""
    left: int
    """Neither: beyond ``limit`` or outside ``only_failed``."""
    cohort: Path

    @property
    def reasons(self) -> Counter[str]:
        """How many studies failed, by code."""
        return Counter(self.failed.values())


def run_batch(
    studies: Sequence[Study],
    order: Order,
    scheduler: Scheduler,
    *,
    selection: Selection | None = None,
    progress: Progress | None = None,
) -> Summary:
    """Compute all studies that have no valid result yet; write the cohort's tables and page.

    Raises UsageError: OUT_NOT_BATCH, BATCH_RUNNING, DISK_FULL, SCHEDULER_LOST and others. Whatever ends a
    batch, at whatever moment, the next one goes on where it was.
    """
    progress = progress or Progress()
    with _opened(order), closing(Journal(order.out / JOURNAL_FILE)) as journal:
        checked = _looked_at(studies, order)
        todo = [item.study for item in chosen(checked, selection or Selection())]
        valid = {item.study.name for item in checked if item.valid}
        _forget_old_failures(checked, order)
        require_free(order)
        journal.add("batch", studies=len(studies), to_do=len(todo), software=software_sha256(order.flow))
        progress.start(total=len(todo), kept=len(valid), running=lambda: scheduler.running)
        counts: Counter[str] = Counter()
        for outcome in _outcomes(todo, order, scheduler, journal, progress):
            counts[outcome.status] += 1
            if outcome.status != "failed":
                valid.add(outcome.study)
        remove_abandoned(order.work)
        failures = _of_these(studies, read_failures(order.failures))
        left = len(studies) - len(valid) - len(failures)
        cohort = write_cohort(valid, failures, order, left=left)
        journal.add("end", done=counts["done"], kept=counts["kept"], failed=counts["failed"])
    return Summary(
        done=counts["done"],
        kept=len(valid) - counts["done"],
        failed={name: faults[0].code for name, faults in failures.items()},
        left=left,
        cohort=cohort,
    )


def _outcomes(
    todo: Sequence[Study], order: Order, scheduler: Scheduler, journal: Journal, progress: Progress
) -> Iterator[Outcome]:
    """Outcomes as they come, each durable and shown."""
    work = partial(process, order=order, software=software_sha256(order.flow))
    with progress.shown():
        for outcome in scheduler.run(work, todo):
            _note(outcome, order, journal)
            progress.add(outcome)
            yield outcome


def plan_batch(
    studies: Sequence[Study], order: Order, *, selection: Selection | None = None
) -> list[Checked]:
    """What run_batch would compute and why; nothing is written.

    Raises UsageError: OUT_NOT_BATCH, BAD_FLOW.
    """
    _require_batch_folder(order.out)
    todo = chosen(_looked_at(studies, order), selection or Selection())
    return [foresee(item, order) for item in todo]


def _looked_at(studies: Sequence[Study], order: Order) -> list[Checked]:
    return check(
        studies,
        order,
        known=known_inputs(order.out / JOURNAL_FILE),
        failed=read_failures(order.failures),
    )


def _note(outcome: Outcome, order: Order, journal: Journal) -> None:
    """The files first, the journal last: it tells nothing that is not so."""
    if outcome.status == "failed":
        write_failure(order.failures, outcome)
    else:
        forget_failure(order.failures, outcome.study)
    journal.add(
        "study",
        durable=outcome.status != "kept",
        study=outcome.study,
        status=outcome.status,
        codes=[fault.code for fault in outcome.faults],
        signature=outcome.signature,
        inputs=outcome.inputs,
        seconds=outcome.seconds,
        peak_mb=round(outcome.peak_bytes / 1e6, 1),
    )


def _forget_old_failures(checked: Sequence[Checked], order: Order) -> None:
    """Of studies whose result was in place when the batch was killed before it could say so."""
    for item in checked:
        if item.valid and item.failed_before:
            forget_failure(order.failures, item.study.name)


def _of_these(
    studies: Sequence[Study], failures: Mapping[str, tuple[Fault, ...]]
) -> dict[str, tuple[Fault, ...]]:
    """The folder may hold those of studies that are no longer asked for."""
    names = {study.name for study in studies}
    return {name: faults for name, faults in failures.items() if name in names}


@contextmanager
def _opened(order: Order) -> Iterator[None]:
    """The folder of the batch, locked, without what a killed one left. Raises UsageError OUT_NOT_BATCH."""
    out = order.out
    _require_batch_folder(out)
    with writing("--out"):
        out.mkdir(parents=True, exist_ok=True)
    with locked(out):
        with writing("--out"):
            remove_abandoned(order.work)
            remove_unfinished(order.failures)
        yield


def _require_batch_folder(out: Path) -> None:
    with writing("--out"):
        if not out.exists() or (out.is_dir() and ((out / LOCK_FILE).is_file() or not any(out.iterdir()))):
            return
    raise UsageError(
        Fault(
            code="OUT_NOT_BATCH",
            expected="a new or empty folder, or that of an earlier batch",
            found="something else",
            where="--out",
            remedy="Choose another folder",
        )
    )
