from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import ellipsoid, grids, oblique_grid

from netlm_imaging.align import bring_labels
from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap

CENTER = oblique_grid().to_patient((5, 9, 12))


def two_labels(grid: Grid) -> LabelMap:
    array = ellipsoid(grid, CENTER, (9.0, 5.0, 7.0)).astype(np.uint8)
    array[ellipsoid(grid, CENTER - (3.0, 0.0, 0.0), (2.0, 3.0, 2.5))] = 7
    return LabelMap(array, grid)


def reordered(labels: LabelMap, order: tuple[int, ...], flips: tuple[bool, ...]) -> LabelMap:
    """The same voxels at the same places, stored in another axis order."""
    step = tuple(slice(None, None, -1) if f else slice(None) for f in flips)
    array = labels.array.transpose(order)[step]
    index = np.zeros((4, 3))
    index[1:] = np.eye(3)
    old = np.empty_like(index)
    for n, axis in enumerate(order):
        old[:, axis] = labels.grid.shape_kji[axis] - 1 - index[:, n] if flips[n] else index[:, n]
    points = labels.grid.to_patient(old)
    affine = np.eye(4)
    affine[:3, 3] = points[0]
    affine[:3, :3] = (points[1:] - points[0])[::-1].T
    return LabelMap(array, Grid.from_affine_lps(affine, array.shape))


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("flips", list(product((False, True), repeat=3)))
def test_exact_in_all_48_axis_orders(order: tuple[int, ...], flips: tuple[bool, ...]) -> None:
    truth = two_labels(oblique_grid())
    brought, notices = bring_labels(reordered(truth, order, flips), truth.grid, name="lesions")
    np.testing.assert_array_equal(brought.array, truth.array)
    assert notices == ()


def test_a_crop_is_pasted_exactly() -> None:
    truth = two_labels(oblique_grid())
    brought, notices = bring_labels(
        truth.crop((slice(1, 10), slice(2, 17), slice(3, 23))), truth.grid, name="m"
    )
    np.testing.assert_array_equal(brought.array, truth.array)
    assert notices == ()


def test_what_lies_outside_is_cut_and_said() -> None:
    truth = two_labels(oblique_grid())
    half = truth.grid.crop((slice(0, 11), slice(0, 17), slice(0, 14)))
    brought, notices = bring_labels(truth, half, name="liver")
    np.testing.assert_array_equal(brought.array, truth.array[:, :, :14])
    assert [n.code for n in notices] == ["MASK_CUT"]
    lost = np.count_nonzero(truth.array[:, :, 14:]) * truth.grid.voxel_ml
    assert f"{lost:.2f} mL" in notices[0].message


@settings(max_examples=40)
@given(grids(max_side=7), grids(max_side=7))
def test_every_voxel_holds_the_nearest_label(old: Grid, new: Grid) -> None:
    new = Grid(
        shape_kji=new.shape_kji,
        spacing_mm=new.spacing_mm,
        direction=new.direction,
        origin_mm=tuple(old.to_patient((0.3, 0.2, 0.1)).tolist()),
    )
    array = np.arange(1, old.size + 1).reshape(old.shape_kji)
    brought, _ = bring_labels(LabelMap(array, old), new, name="m")
    points = new.to_patient(np.argwhere(np.ones(new.shape_kji)))
    index = np.rint(old.to_index(points)).astype(int)
    inside = ((index >= 0) & (index < old.shape_kji)).all(axis=1)
    expected = np.where(inside, array[tuple(np.where(inside[:, None], index, 0).T)], 0)
    np.testing.assert_array_equal(brought.array.ravel(), expected)


def test_another_grid_gives_a_notice_with_both_volumes() -> None:
    truth = two_labels(oblique_grid())
    finer = oblique_grid((30, 40, 50), (0.5, 0.6, 0.8), euler_degrees=(10.0, -5.0, 20.0))
    brought, notices = bring_labels(truth, finer, name="liver")
    assert [n.code for n in notices] == ["RESAMPLED_MASK"]
    assert f"{truth.any.volume_ml:.2f} mL before" in notices[0].message
    assert f"{brought.any.volume_ml:.2f} mL after" in notices[0].message
    assert brought.any.volume_ml == pytest.approx(truth.any.volume_ml, rel=0.05)


def test_a_label_that_falls_between_the_voxels_is_named() -> None:
    grid = oblique_grid()
    array = two_labels(grid).array.copy()
    array[1, 2, 1] = 9
    coarse = oblique_grid((4, 5, 6), (3.9, 4.3, 6.2))
    brought, notices = bring_labels(LabelMap(array, grid), coarse, name="lesions")
    assert 9 not in brought.labels
    assert [n.code for n in notices] == ["RESAMPLED_MASK", "LABELS_LOST"]
    assert " 9 (" in notices[1].message


def test_no_overlap_is_refused() -> None:
    far = oblique_grid(origin_mm=(500.0, 57.0, 140.0))
    with pytest.raises(InputError) as error:
        bring_labels(two_labels(oblique_grid()), far, name="liver")
    assert error.value.code == "NO_OVERLAP"
    assert "liver" in str(error.value)


def test_an_empty_mask_stays_empty_wherever_it_lies() -> None:
    far = oblique_grid(origin_mm=(500.0, 57.0, 140.0))
    empty = LabelMap(np.zeros(oblique_grid().shape_kji, dtype=np.uint8), oblique_grid())
    brought, notices = bring_labels(empty, far, name="lesions")
    assert not brought.array.any()
    assert brought.grid.same_as(far)
    assert notices == ()
