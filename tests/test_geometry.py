from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from strategies import ellipsoid, grids, oblique_grid

from netlm_imaging.errors import GridMismatch, InputError
from netlm_imaging.geometry import Grid, canonical_grid, require_same_grid
from netlm_imaging.volume import LabelMap, Mask, Volume


@given(grids())
def test_index_and_patient_are_inverse(grid: Grid) -> None:
    index = np.argwhere(np.ones(grid.shape_kji))
    assert np.allclose(grid.to_index(grid.to_patient(index)), index, atol=1e-6)


@given(grids())
def test_ras_affine_is_what_nibabel_understands(grid: Grid) -> None:
    ijk = np.array([1, 0, 1])
    ras = nib.affines.apply_affine(grid.affine_ras, ijk)
    lps = grid.to_patient(ijk[::-1])
    assert np.allclose(ras, lps * [-1, -1, 1], atol=1e-6)
    assert Grid.from_affine_ras(grid.affine_ras, grid.shape_kji).same_as(grid)


@given(grids())
def test_axis_codes_agree_with_nibabel(grid: Grid) -> None:
    assume(np.abs(grid.axes).max(axis=0).min() > 0.8)  # else the nearest axis is a matter of taste
    assert grid.axis_codes == "".join(nib.orientations.aff2axcodes(grid.affine_ras))


@given(grids(), st.integers(0, 2**32 - 1))
def test_canonical_turns_the_array_and_moves_no_voxel(grid: Grid, seed: int) -> None:
    volume = Volume(np.random.default_rng(seed).random(grid.shape_kji), grid)
    turned = volume.canonical()
    index = np.argwhere(np.ones(grid.shape_kji))
    there = np.rint(turned.grid.to_index(grid.to_patient(index))).astype(int)
    assert np.array_equal(turned.array[tuple(there.T)], volume.array[tuple(index.T)])
    assert turned.grid.axis_codes == "LPS"


def test_canonical_of_a_moderately_oblique_grid_is_lps() -> None:
    assert oblique_grid().axis_codes == "LPS"
    for codes in (oblique_grid(euler_degrees=(95, 4, 8)), oblique_grid(euler_degrees=(3, 170, -80))):
        assert codes.axis_codes != "LPS"
        assert canonical_grid(codes).axis_codes == "LPS"


@given(grids())
def test_crop_and_box_of_are_inverse(grid: Grid) -> None:
    box = tuple(slice(n // 3, n) for n in grid.shape_kji)
    assert grid.box_of(grid.crop(box)) == box  # type: ignore[arg-type]


def test_crop_keeps_the_points_and_paste_restores() -> None:
    grid = oblique_grid()
    mask = Mask(ellipsoid(grid, grid.to_patient([5, 8, 12]), [4, 5, 6]), grid)
    small = mask.crop(mask.bounding_box(1.0))
    assert small.grid.size < grid.size
    assert np.array_equal(small.paste_into(grid).array, mask.array)
    assert small.volume_ml == pytest.approx(mask.volume_ml)


def test_grids_compare_with_a_stated_tolerance() -> None:
    grid = oblique_grid()
    near = oblique_grid(origin_mm=(-31.0005, 57.0, 140.0))
    far = oblique_grid(origin_mm=(-31.002, 57.0, 140.0))
    require_same_grid(grid, near)
    with pytest.raises(GridMismatch, match=r"11 x 17 x 23.*11 x 17 x 23"):
        require_same_grid(grid, far)
    assert hash(grid) == hash(oblique_grid())


@pytest.mark.parametrize(
    "bad",
    [
        {"spacing_mm": (0.0, 1.0, 1.0)},
        {"spacing_mm": (float("nan"), 1.0, 1.0)},
        {"origin_mm": (1e30, 0.0, 0.0)},
        {"direction": (1, 0, 0, 0, 1, 0, 0, 0.01, 1)},
        {"shape_kji": (0, 2, 2)},
    ],
)
def test_bad_grids_are_refused(bad: dict[str, object]) -> None:
    good = {"shape_kji": (2, 3, 4), "spacing_mm": (1.0, 2.0, 3.0), "origin_mm": (1.0, 2.0, 3.0)}
    with pytest.raises(InputError, match="BAD_GRID"):
        Grid(**{**good, **bad})  # type: ignore[arg-type]


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.eye(4) + np.eye(4, k=1) * 0.3])
def test_singular_and_sheared_affines_are_refused(affine: np.ndarray) -> None:
    with pytest.raises(InputError, match="BAD_GRID"):
        Grid.from_affine_lps(affine, (2, 3, 4))


@pytest.mark.parametrize(
    ("kind", "array"),
    [
        (Volume, np.full((11, 17, 23), np.nan)),
        (Volume, np.ones((11, 17, 23), dtype=complex)),
        (Volume, np.ones((11, 17, 22))),
        (Mask, np.ones((11, 17, 23))),
        (LabelMap, np.full((11, 17, 23), -1)),
    ],
)
def test_arrays_that_do_not_fit_are_refused(kind: type[Volume], array: np.ndarray) -> None:
    with pytest.raises(InputError, match=r"BAD_VALUES|BAD_SHAPE"):
        kind(array, oblique_grid())


def test_arrays_are_read_only() -> None:
    labels = LabelMap(np.zeros((11, 17, 23), dtype=np.uint8), oblique_grid())
    with pytest.raises(ValueError, match="read-only"):
        labels.array[0, 0, 0] = 1


def test_volume_of_an_ellipsoid_on_an_oblique_anisotropic_grid() -> None:
    grid = oblique_grid((70, 91, 110), (0.7, 0.9, 1.4))
    inside = ellipsoid(grid, grid.to_patient([35, 45, 55]), [20.0, 26.0, 31.0], np.eye(3))
    truth_ml = 4 / 3 * np.pi * 20 * 26 * 31 / 1000
    assert Mask(inside, grid).volume_ml == pytest.approx(truth_ml, rel=0.01)


def test_the_middle_of_a_mask_is_the_mean_of_its_voxel_centers() -> None:
    grid = oblique_grid((11, 17, 23))
    mask = Mask(ellipsoid(grid, grid.to_patient([4, 9, 8]), [5.0, 6.0, 7.0]), grid)
    centers = mask.grid.to_patient(np.argwhere(mask.array))
    assert np.allclose(mask.middle_lps_mm, centers.mean(axis=0))


@pytest.mark.parametrize("kind", [np.uint8, np.int32])
@pytest.mark.parametrize("highest", [0, 1, 200, 70_000])
def test_labels_are_the_values_that_occur(kind: type[np.integer], highest: int) -> None:
    if highest > np.iinfo(kind).max:
        return
    array = np.zeros(oblique_grid().shape_kji, dtype=kind)
    array[1, 2, 3], array[4, 5, 6] = highest, highest // 2
    assert LabelMap(array, oblique_grid()).labels == tuple(sorted({highest // 2, highest} - {0}))


def test_empty_mask_has_no_box() -> None:
    with pytest.raises(InputError, match="EMPTY_MASK"):
        Mask(np.zeros((11, 17, 23), dtype=bool), oblique_grid()).bounding_box()
