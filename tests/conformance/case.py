"""What a case of the corpus is: an input made by code, and what the program must answer to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, NetlmError, Notice
from netlm_imaging.geometry import GRID_TOLERANCE_MM, Grid
from netlm_imaging.ingest import Image, Series, Study, read_image, read_mask, scan


class Command(Protocol):
    """``netlm("run", folder, "--out", out)`` as a shell would call it."""

    def __call__(self, *args: object) -> Any: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Voxels [k, j, i] and where they lie; both exact unless a tolerance is given."""

    array: npt.NDArray[Any]
    grid: Grid
    relative: float = 0.0
    absolute: float = 0.0
    place_mm: float = GRID_TOLERANCE_MM
    """How far a corner may lie from its true place."""
    where: npt.NDArray[np.bool_] | None = None
    """Voxels that are compared; all by default."""

    def slices(self, first: int, last: int) -> Truth:
        """The part from slice ``first`` up to, not including, ``last``."""
        _, j, i = self.grid.shape_kji
        grid = self.grid.crop((slice(first, last), slice(0, j), slice(0, i)))
        return replace(self, array=self.array[first:last], grid=grid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the program said to an input."""

    faults: tuple[Fault, ...] = ()
    notices: tuple[Notice, ...] = ()
    array: npt.NDArray[Any] | None = None
    grid: Grid | None = None
    printed: str = ""
    """All words that a user can see, messages included."""


Ask = Callable[[Path, Command], Answer]
"""Makes the input in a folder, gives it to the program, returns what that said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One input and the promised answer: refused, or read with the notices named, none when it is fine."""

    row: int
    """Of the table of promises."""
    what: str
    """The input in words for users."""
    ask: Ask
    refused: tuple[str, ...] = ()
    """The codes of all faults; empty when the input is read."""
    notices: tuple[str, ...] = ()
    """The codes of all notices."""
    truth: Callable[[], Truth] | None = None
    place: str = ""
    """What ``where`` of every fault holds: the series, the file, the key."""
    says: tuple[str, ...] = ()
    """Words that the answer holds."""
    others: bool = False
    """Whether other notices may stand beside those named (a finished case tells more than one thing)."""
    over: str = ""
    """Modality or format, where the case is there for several."""

    slow: bool = False
    """Whether it runs in ``make test-full`` only."""

    @property
    def answer(self) -> str:
        """For the table."""
        if self.refused:
            return "refused"
        return "handled" if self.notices else "fine"


def answered(call: Callable[[], tuple[Study | None, Image | None]]) -> Answer:
    """The Answer of reading images; any exception but NetlmError passes through."""
    study: Study | None = None
    try:
        study, image = call()
    except NetlmError as error:
        return Answer(faults=error.faults, printed=f"{error} {error!r}")
    printed = f"{study!r} {image!r}" if image is None else f"{study!r} {image.record!r} {image.notices!r}"
    return Answer(
        notices=((study.notices if study else ()) + (image.notices if image else ())),
        array=None if image is None else image.volume.array,
        grid=None if image is None else image.volume.grid,
        printed=printed,
    )


def read_series(
    path: Path,
    *,
    choose: Callable[[Study], Series],
    force: bool = False,
    assume: bool = False,
    **options: bool,
) -> Answer:
    """The public way in for images: scan, then read the series that ``choose`` takes."""

    def call() -> tuple[Study, Image]:
        study = scan(path, force=force, assume_affine=assume)
        return study, read_image(choose(study), **options)

    return answered(call)


def only(study: Study) -> Series:
    """The one series of a study."""
    (series,) = study.series
    return series


def numbered(number: int, *, of: int) -> Callable[[Study], Series]:
    """The series with a number in a study of ``of``."""

    def choose(study: Study) -> Series:
        assert len(study.series) == of, [s.description for s in study.series]
        return study.series[number - 1]

    return choose


def with_role(role: str) -> Callable[[Study], Series]:
    """The series that the program itself chooses for a role."""

    def choose(study: Study) -> Series:
        series = study.choose(role)
        assert series is not None
        return series

    return choose


def ask_mask(spec: str, **options: Any) -> Answer:
    """The public way in for masks."""
    try:
        found = read_mask(spec, **options)
    except NetlmError as error:
        return Answer(faults=error.faults, printed=f"{error} {error!r}")
    return Answer(
        notices=found.notices,
        array=found.labels.array,
        grid=found.labels.grid,
        printed=f"{found.record!r} {found.notices!r} {found.binary}",
    )


def distinct(cases: Sequence[Case]) -> list[Case]:
    """One case for each description: those over several modalities count once."""
    return list({(case.row, case.what, case.answer): case for case in cases}.values())
