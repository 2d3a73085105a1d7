"""Which studies have a valid result already, and why the others have to be computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial

from netlm_imaging.errors import Fault, NetlmError
from netlm_pipelines.batch.keys import key_of, signature, software_sha256
from netlm_pipelines.batch.order import Order, Study, request_of
from netlm_pipelines.batch.sealed import State, state_of

THREADS = 8
"""Hashing releases Python's lock and disks answer several readers at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the studies without a valid result are computed."""

    limit: int | None = None
    """At most so many."""
    only_failed: bool = False
    """Those that failed when they were last tried, and no others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """One study before its turn."""

    study: Study
    state: State | None
    """Of its result; None: its inputs have to be read first, which its worker does."""
    failed_before: tuple[Fault, ...] = ()
    foreseen: tuple[Fault, ...] = ()
    """What it would fail for at once, where that was looked at (``foresee``)."""

    @property
    def valid(self) -> bool:
        """Nothing has to be computed."""
        return self.state == "valid"

    @property
    def reason(self) -> str:
        """Why it is computed, or cannot be, in words."""
        if self.foreseen:
            return f"would fail: {self.foreseen[0].code}"
        if self.failed_before:
            return f"failed before: {self.failed_before[0].code}"
        return "inputs not read yet" if self.state is None else _REASONS[self.state]


_REASONS: Mapping[State, str] = {
    "valid": "done",
    "absent": "not done yet",
    "damaged": "its result is damaged",
    "other inputs": "its inputs have changed",
    "other settings": "its settings or clinical facts have changed",
    "other software": "the software has changed",
}


def check(
    studies: Iterable[Study],
    order: Order,
    *,
    known: Mapping[str, str],
    failed: Mapping[str, tuple[Fault, ...]],
) -> list[Checked]:
    """Look at every study; ``known`` are content hashes of inputs by their signature.

    Raises UsageError BAD_FLOW. What is wrong with one study is told when its turn comes.
    """
    software_sha256(order.flow)
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(partial(_checked, order=order, known=known, failed=failed), studies))


def chosen(checked: Iterable[Checked], selection: Selection) -> list[Checked]:
    """Those to compute now; what failed before comes last, so that a limit does not spend itself on it."""
    found = [item for item in checked if not item.valid and (item.failed_before or not selection.only_failed)]
    return sorted(found, key=lambda item: bool(item.failed_before))[: selection.limit]


def foresee(item: Checked, order: Order) -> Checked:
    """With the faults that need no computing: inputs that are not there, wrong settings or clinical facts."""
    try:
        signature(item.study)
        request_of(item.study, order, order.out)
    except NetlmError as error:
        return replace(item, foreseen=error.faults)
    return item


def _checked(
    study: Study, *, order: Order, known: Mapping[str, str], failed: Mapping[str, tuple[Fault, ...]]
) -> Checked:
    return Checked(
        study=study,
        state=_state(study, order, known),
        failed_before=failed.get(study.name, ()),
    )


def _state(study: Study, order: Order, known: Mapping[str, str]) -> State | None:
    place = order.cases / study.name
    if not place.exists():
        return "absent"
    try:
        inputs = known.get(signature(study))
        if inputs is None:
            return None
        key = key_of(study, request_of(study, order, place), order, inputs=inputs)
    except NetlmError:
        return None
    return state_of(place, study=study.name, key=key)
