"""All 48 orders and directions of the array axes, written and read back: nothing is ever mirrored."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from ingest import mask_builder
from strategies import oblique_grid

from netlm_imaging.align import bring_labels
from netlm_imaging.export import write_nifti
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import MaskFile, read_mask
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((5, 7, 9), (1.1, 1.7, 2.9), euler_degrees=(5.0, -4.0, 7.0))
CODES = [
    (order, flips)
    for order in itertools.permutations(range(3))
    for flips in itertools.product((False, True), repeat=3)
]


def marker() -> npt.NDArray[np.bool_]:
    """Three arms of unequal length and a hole: no turn or mirror image of it is itself."""
    array = np.zeros(GRID.shape_kji, dtype=bool)
    array[1, 1:4, 1:4] = True
    array[1, 2, 2] = False
    array[1, 3, 1:8] = True
    array[1:4, 1, 1] = True
    array[1, 1:6, 7] = True
    return array


MARKER = marker()


def turned(array: npt.NDArray[np.bool_], grid: Grid, order: tuple[int, ...], flips: tuple[bool, ...]) -> Mask:
    """The same region with its array axes in another order and some of them reversed."""
    start = [0, 0, 0]
    for axis, flip in zip(order, flips, strict=True):
        start[axis] = grid.shape_kji[axis] - 1 if flip else 0
    columns = [grid.axes[:, 2 - axis] * (-1 if flip else 1) for axis, flip in zip(order, flips, strict=True)]
    other = Grid(
        shape_kji=tuple(grid.shape_kji[axis] for axis in order),
        spacing_mm=tuple(grid.spacing_kji_mm[axis] for axis in reversed(order)),
        origin_mm=tuple(grid.to_patient(start).tolist()),
        direction=tuple(np.column_stack(columns[::-1]).ravel().tolist()),
    )
    steps = tuple(slice(None, None, -1 if flip else 1) for flip in flips)
    return Mask(np.ascontiguousarray(array.transpose(order)[steps]), other)


def check(found: MaskFile, *, within: float, apart_mm: float = 1e-3) -> None:
    mask = found.labels.any
    true_ml = MARKER.sum() * GRID.voxel_ml
    assert mask.volume_ml == pytest.approx(true_ml, rel=within)
    points, expected = mask.grid.to_patient(np.argwhere(mask.array)), GRID.to_patient(np.argwhere(MARKER))
    np.testing.assert_allclose(points.mean(axis=0), expected.mean(axis=0), atol=apart_mm)
    back = np.rint(mask.grid.to_index(GRID.to_patient(np.argwhere(np.ones_like(MARKER))))).astype(int)
    there = ((back >= 0) & (back < mask.grid.shape_kji)).all(axis=1)
    values = np.zeros(len(back), dtype=bool)
    values[there] = mask.array[tuple(back[there].T)]
    np.testing.assert_array_equal(values, MARKER.ravel())


def test_the_codes_are_48_and_no_two_alike() -> None:
    masks = [turned(MARKER, GRID, *code) for code in CODES]
    assert len({(mask.grid.axis_codes, mask.array.tobytes()) for mask in masks}) == 48


@pytest.mark.parametrize(("order", "flips"), CODES)
def test_nifti(order: tuple[int, ...], flips: tuple[bool, ...], tmp_path: Path) -> None:
    path = write_nifti(turned(MARKER, GRID, order, flips), tmp_path / "a.nii.gz")
    check(read_mask(str(path)), within=1e-6)


@pytest.mark.parametrize(("order", "flips"), CODES)
def test_seg(order: tuple[int, ...], flips: tuple[bool, ...], tmp_path: Path) -> None:
    mask = turned(MARKER, GRID, order, flips)
    path = mask_builder.seg(tmp_path / "a.dcm", {"Marker": mask.array}, grid=mask.grid)
    check(read_mask(str(path)), within=1e-6)


@pytest.mark.parametrize(("order", "flips"), CODES)
def test_rtstruct(order: tuple[int, ...], flips: tuple[bool, ...], tmp_path: Path) -> None:
    """Without its image, and on it: there voxel for voxel."""
    mask = turned(MARKER, GRID, order, flips)
    contours = mask_builder.contours_of(mask.array, mask.grid)
    path = mask_builder.rtstruct(
        tmp_path / "a.dcm", {"Marker": contours}, change=mask_builder.thick(mask.grid.spacing_mm[2])
    )
    check(read_mask(str(path)), within=0.01, apart_mm=0.1)
    on_image = read_mask(str(path), grid=mask.grid)
    check(on_image, within=1e-6)
    brought, _ = bring_labels(LabelMap(on_image.labels.array, on_image.labels.grid), mask.grid, name="marker")
    np.testing.assert_array_equal(brought.array > 0, mask.array)
