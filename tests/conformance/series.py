"""Cases over DICOM series: which modality, how it is broken, which voxels must come out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from conformance.breaks import Break, Items
from conformance.case import Answer, Case, Command, Truth, only, read_series
from ingest import builder

from netlm_imaging.ingest import Series, Study

GRID = builder.GRID
MODALITIES: dict[str, Callable[[], Items]] = {"CT": builder.ct, "MR": builder.mr, "PT": builder.pet}
PER_BQ = 72_000 / 150e6 * 2 ** (3600 / 4062.6)
"""SUV per Bq/mL of the PET that the builder makes."""


@contextmanager
def quiet() -> Iterator[None]:
    """pydicom warns of what is written wrong on purpose."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def good(modality: str) -> Truth:
    """What an unbroken series holds: HU, plain values, Bq/mL."""
    if modality == "CT":
        return Truth(array=builder.pattern() - 1000, grid=GRID)
    if modality == "MR":
        return Truth(array=builder.pattern(seed=2), grid=GRID)
    slopes = (1.5 + 0.25 * np.arange(7))[:, None, None]
    return Truth(array=(builder.pattern(seed=3) * slopes).astype(np.float32), grid=GRID)


def suv(factor: float = PER_BQ) -> Truth:
    """The unbroken PET as SUVbw."""
    slopes = (1.5 + 0.25 * np.arange(7))[:, None, None]
    return Truth(array=builder.pattern(seed=3) * slopes * factor, grid=GRID, relative=1e-6)


def series_cases(
    row: int,
    what: str,
    broken: Break,
    *,
    over: Sequence[str] = ("CT", "MR", "PT"),
    refused: Sequence[str] = (),
    notices: Sequence[str] = (),
    truth: Callable[[Truth], Truth] = lambda found: found,
    says: Sequence[str] = (),
    place: str = "series 1",
    choose: Callable[[Study], Series] = only,
    **options: bool,
) -> list[Case]:
    """One case for each modality of ``over``; PET is read in Bq/mL. ``truth`` changes the good voxels."""

    def make(modality: str) -> Case:
        def ask(folder: Path, command: Command) -> Answer:
            with quiet():
                path = builder.write(broken(MODALITIES[modality]()), folder)
            return read_series(path, choose=choose, raw=True, **options)

        return Case(
            row=row,
            what=what,
            ask=ask,
            refused=tuple(refused),
            notices=tuple(notices),
            truth=None if refused else lambda: truth(good(modality)),
            place=place if refused else "",
            says=tuple(says),
            over=modality,
        )

    return [make(modality) for modality in over]


def folder_case(
    row: int,
    what: str,
    fill: Callable[[Path], object],
    *,
    refused: Sequence[str] = (),
    notices: Sequence[str] = (),
    truth: Callable[[], Truth] | None = lambda: good("CT"),
    says: Sequence[str] = (),
    place: str = "",
    over: str = "",
    choose: Callable[[Study], Series] = only,
    **options: bool,
) -> Case:
    """A case over a folder that ``fill`` fills; it may return the path to give instead of the folder."""

    def ask(folder: Path, command: Command) -> Answer:
        with quiet():
            found = fill(folder)
        path = found if isinstance(found, Path) else folder
        return read_series(path, choose=choose, **{"raw": True, **options})

    return Case(
        row=row,
        what=what,
        ask=ask,
        refused=tuple(refused),
        notices=tuple(notices),
        truth=None if refused else truth,
        says=tuple(says),
        place=place,
        over=over,
    )
