"""Rows 1 to 8: slices that are missing, repeated, unevenly spaced, shifted or tilted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from conformance.breaks import (
    STEP,
    Break,
    Items,
    assign,
    copy_of,
    drop,
    on_all,
    on_slice,
    other_pixels,
    remove,
    rename,
    repeat,
    several,
    shift,
)
from conformance.case import Case, Truth
from conformance.series import GRID, series_cases
from ingest import builder

HEIGHTS = np.cumsum([0, 3.27, 3.27, 3.29, 3.27, 3.19, 3.27])
"""Slice positions in mm as GE rounds them."""
WAVE = np.array([0.02, 0.05, 0.11])
"""Stored value per mm along x, y, z, over 100."""


def cut(first: int, last: int) -> Callable[[Truth], Truth]:
    return lambda found: found.slices(first, last)


def twice(items: Items) -> Items:
    return [*items, *(copy_of(item) for item in items)]


def twice_renamed(items: Items) -> Items:
    again = [copy_of(item) for item in items]
    for k, item in enumerate(again):
        rename(item, "again", k)
    return [*items, *again]


def as_ge(items: Items) -> Items:
    for k, item in enumerate(items):
        place = np.array(GRID.origin_mm) + builder.normal() * HEIGHTS[k]
        item.ImagePositionPatient = [round(float(x), 4) for x in place]
    return items


def on_ge_grid(found: Truth) -> Truth:
    x, y, _ = GRID.spacing_mm
    grid = replace(GRID, spacing_mm=(x, y, HEIGHTS[-1] / 6))
    return replace(found, grid=grid)


def loosely(millimeters: float) -> Callable[[Truth], Truth]:
    return lambda found: replace(found, place_mm=millimeters)


def wave(items: Items) -> Items:
    """Stored values that are linear in space: right wherever a slice lies."""
    for item in items:
        start = np.array([float(x) for x in item.ImagePositionPatient])
        rows, columns = np.mgrid[0:6, 0:9]
        axes = np.reshape(np.array(item.ImageOrientationPatient, dtype=float), (2, 3))
        points = start + columns[..., None] * 0.9 * axes[0] + rows[..., None] * 1.3 * axes[1]
        item.PixelData = np.rint(100 * (points @ WAVE)).astype("<i2").tobytes()
    return items


def wave_on(slices: int, *, step_mm: float, rows_from: int = 0) -> Callable[[Truth], Truth]:
    """The wave on the grid that resampling promises; a tilt leaves the first rows empty."""

    def truth(found: Truth) -> Truth:
        x, y, _ = GRID.spacing_mm
        grid = replace(GRID, shape_kji=(slices, 6, 9), spacing_mm=(x, y, step_mm))
        points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1))
        where = np.zeros(grid.shape_kji, dtype=bool)
        where[:, rows_from:] = True
        return replace(found, array=100 * (points @ WAVE) - 1000, grid=grid, absolute=1.0, where=where)

    return truth


def lies_higher_from(k: int, steps: float) -> Break:
    return shift(lambda n: steps if n >= k else 0.0)


CASES: list[Case] = [
    *series_cases(1, "one slice missing inside the stack", drop(3), refused=["MISSING_SLICE"],
                  says=[f"between {2 * STEP:.2f} and {4 * STEP:.2f} mm", "1 missing"]),
    *series_cases(1, "two neighboring slices missing", drop(2, 3), refused=["MISSING_SLICE"],
                  says=["2 missing"]),
    *series_cases(1, "slices missing in two places", drop(2, 4), refused=["MISSING_SLICE"],
                  says=["2 missing"]),
    *series_cases(1, "the second slice missing", drop(1), refused=["MISSING_SLICE"]),
    *series_cases(1, "the last slice but one missing", drop(5), refused=["MISSING_SLICE"]),
    *series_cases(1, "a slice missing, and resampling by true positions asked for", drop(3), over=["CT"],
                  refused=["MISSING_SLICE"], resample_uneven=True),
    *series_cases(2, "first slice missing: instance numbers begin at 2", drop(0),
                  notices=["SLICES_MAY_BE_MISSING"], truth=cut(1, 7)),
    *series_cases(2, "fewer slices than the files declare (ImagesInAcquisition)",
                  on_all(assign(ImagesInAcquisition=9)), notices=["SLICES_MAY_BE_MISSING"]),
    *series_cases(2, "fewer slices than the files declare (NumberOfSlices)",
                  on_all(assign(NumberOfSlices=8)), over=["PT"], notices=["SLICES_MAY_BE_MISSING"]),
    *series_cases(2, "instance numbers with a gap and no gap between the positions",
                  on_slice(6, assign(InstanceNumber=12)), notices=["SLICES_MAY_BE_MISSING"]),
    *series_cases(2, "two slices left", drop(0, 1, 2, 3, 4), refused=["TOO_FEW_SLICES"]),
    *series_cases(3, "one slice twice under two UIDs, same pixels", repeat(2, same_uid=False),
                  notices=["DUPLICATE_DROPPED"]),
    *series_cases(3, "every slice twice under other UIDs, same pixels", twice_renamed,
                  notices=["DUPLICATE_DROPPED"]),
    *series_cases(4, "one file twice", repeat(2, same_uid=True), notices=["DUPLICATE_DROPPED"]),
    *series_cases(4, "the whole series twice", twice, notices=["DUPLICATE_DROPPED"]),
    *series_cases(4, "one image twice, its header written anew", repeat(2, same_uid=True, change=assign(
                  PatientComments="x")), notices=["DUPLICATE_DROPPED"]),
    *series_cases(5, "one UID, different pixels", repeat(2, same_uid=True, change=other_pixels),
                  refused=["UID_CONFLICT"]),
    *series_cases(5, "one UID at two positions", repeat(2, same_uid=True, change=lambda item: builder.moved(
                  item, builder.normal() * STEP * 5)), refused=["UID_CONFLICT"]),
    *series_cases(5, "one UID, different rescale", repeat(2, same_uid=True, change=assign(RescaleSlope="3")),
                  over=("CT", "PT"), refused=["UID_CONFLICT"]),
    *series_cases(12, "a rescale in one slice alone",
                  on_slice(2, assign(RescaleSlope="3", RescaleIntercept="0")), over=("MR",),
                  refused=["NO_RESCALE"], says=["6 of 7"]),
    *series_cases(5, "two UIDs at one position, different pixels",
                  repeat(2, same_uid=False, change=other_pixels), refused=["DUPLICATE_POSITION"]),
    *series_cases(6, "steps that change inside the stack", lies_higher_from(4, 0.3),
                  refused=["UNEVEN_SPACING"],
                  says=["--resample-uneven"]),
    *series_cases(6, "steps that grow from slice to slice", shift(lambda k: 0.06 * k * k),
                  refused=["UNEVEN_SPACING"]),
    *series_cases(6, "one slice halfway to the next", shift(lambda k: 0.5 * (k == 3)),
                  refused=["UNEVEN_SPACING"]),
    *series_cases(6, "uneven steps, resampled by true positions when asked",
                  several(lies_higher_from(4, 0.3), wave), over=["CT"], notices=["RESAMPLED_UNEVEN"],
                  truth=wave_on(7, step_mm=STEP), resample_uneven=True),
    *series_cases(7, "position jitter of 0.8 % of the step", shift(lambda k: 0.008 * (k == 3)),
                  truth=loosely(0.01 * STEP)),
    *series_cases(7, "position jitter of 3 % of the step", shift(lambda k: 0.03 * (k == 3)),
                  notices=["POSITION_JITTER"], truth=loosely(0.01 * STEP)),
    *series_cases(7, "position jitter of 8 % of the step", shift(lambda k: 0.08 * (k == 3)),
                  refused=["UNEVEN_SPACING"]),
    *series_cases(7, "positions rounded by the scanner to steps of 3.27, 3.29 and 3.19 mm", as_ge,
                  over=["PT"],
                  notices=["POSITION_JITTER"], truth=on_ge_grid),
    *series_cases(7, "one slice moved sideways by 2 mm", on_slice(3, lambda item: builder.moved(
                  item, GRID.axes[:, 0] * 2.0)), refused=["SHIFTED_SLICE"]),
    *series_cases(7, "slices that wander sideways to and fro", shift(lambda k: 0.2 * (-1) ** k, axis=0),
                  refused=["SHIFTED_SLICE"]),
    *series_cases(8, "a tilted gantry: a sheared stack", shift(lambda k: 0.25 * k, axis=1), refused=["TILT"],
                  says=["14.0 degrees", "--resample-uneven"]),
    *series_cases(8, "a tilt of 0.5 degrees", shift(lambda k: 0.0087 * k, axis=1), refused=["TILT"]),
    *series_cases(8, "a stack sheared along its rows", shift(lambda k: -0.25 * k, axis=0), refused=["TILT"]),
    *series_cases(8, "a tilt below what positions can tell (0.03 degrees)", shift(lambda k: 0.0005 * k,
                  axis=1),
                  truth=loosely(0.02)),
    *series_cases(8, "a tilt, resampled by true positions when asked",
                  several(shift(lambda k: 0.25 * k, axis=1), wave), over=["CT"], notices=["RESAMPLED_UNEVEN"],
                  truth=wave_on(7, step_mm=STEP, rows_from=3), resample_uneven=True),
    *series_cases(8, "a tilt and uneven steps", several(shift(lambda k: 0.25 * k, axis=1),
                  lies_higher_from(4, 0.3)), refused=["UNEVEN_SPACING", "TILT"]),
    *series_cases(1, "a slice missing, a slope of 0 and a second patient", several(drop(3), on_slice(
                  0, assign(RescaleSlope="0")), on_slice(1, assign(PatientID="SECRET-OTHER"))),
                  refused=["PATIENT_MISMATCH", "MISSING_SLICE", "BAD_RESCALE"]),
    *series_cases(8, "a slice missing from a tilted stack", several(shift(lambda k: 0.25 * k, axis=1),
                  drop(3)),
                  refused=["MISSING_SLICE", "TILT"]),
    *series_cases(5, "one UID with different pixels, a slice missing and no rescale", several(
                  repeat(2, same_uid=True, change=other_pixels), drop(4), on_all(
                  remove("RescaleSlope", "RescaleIntercept"))), over=["CT"],
                  refused=["UID_CONFLICT", "MISSING_SLICE", "NO_RESCALE"]),
]  # fmt: skip
