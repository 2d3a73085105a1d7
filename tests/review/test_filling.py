"""Fill between slices against ellipsoids and slanted tubes, on any axis."""

from __future__ import annotations

import numpy as np
import pytest
from review.review_examples import GRID, MIDDLE
from strategies import ellipsoid

from netlm_imaging.review import filled_between

AXES = (0, 1, 2)


def every(array: np.ndarray, step: int, axis: int) -> np.ndarray:
    """Only every ``step``-th slice that holds something, first and last ones always."""
    slices = np.moveaxis(array, axis, 0)
    drawn = np.flatnonzero(slices.any(axis=(1, 2)))
    kept = np.zeros_like(array)
    for n in {*drawn[::step].tolist(), int(drawn[-1])}:
        np.moveaxis(kept, axis, 0)[n] = slices[n]
    return kept


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("step", [2, 3, 4])
def test_an_ellipsoid_comes_back_from_some_of_its_slices(axis: int, step: int) -> None:
    truth = ellipsoid(GRID, MIDDLE, (15.0, 11.0, 13.0))
    drawn = every(truth, step, axis)
    labels = np.where(drawn, 7, 0).astype(np.int32)
    filled_between(labels, GRID, 7, axis=axis).apply(labels)
    assert (labels[drawn] == 7).all()
    # Of slices 6.8 mm apart more is lost at the tapering ends.
    within = 0.03 if step * GRID.spacing_kji_mm[axis] < 6.0 else 0.05
    assert (labels == 7).sum() == pytest.approx(truth.sum(), rel=within)
    dice = 2 * ((labels == 7) & truth).sum() / ((labels == 7).sum() + truth.sum())
    assert dice > 0.97


@pytest.mark.parametrize("axis", AXES)
def test_outlines_that_do_not_overlap_are_joined_by_a_slanted_tube(axis: int) -> None:
    shape = np.array(GRID.shape_kji)
    labels = np.zeros(shape, np.int32)
    slices = np.moveaxis(labels, axis, 0)
    slices[4, 5:14, 6:12] = 1
    slices[12, 5:14, 22:28] = 1
    filled_between(labels, GRID, 1, axis=axis).apply(labels)
    for n in range(4, 13):
        middle = np.argwhere(slices[n]).mean(axis=0)
        assert middle == pytest.approx([9.0, 8.5 + 2.0 * (n - 4)], abs=0.6)
        assert np.count_nonzero(slices[n]) == pytest.approx(54, abs=14)


def test_equal_slices_fill_to_a_prism_exactly() -> None:
    labels = np.zeros(GRID.shape_kji, np.int32)
    labels[[5, 11], 8:19, 9:31] = 3
    labels[[5, 11], 8:12, 9:15] = 0  # an L: not convex
    filled_between(labels, GRID, 3, axis=0).apply(labels)
    assert (labels[5:12] == labels[5]).all()
    assert not labels[:5].any()
    assert not labels[12:].any()


def test_other_regions_and_places_stay() -> None:
    labels = np.zeros(GRID.shape_kji, np.int32)
    labels[[5, 9], 8:19, 9:31] = 3
    labels[7, 10:12, 10:20] = 2
    allowed = np.ones(GRID.shape_kji, bool)
    allowed[:, :, 25:] = False
    before = labels.copy()
    filled_between(labels, GRID, 3, axis=0, where=allowed).apply(labels)
    assert (labels[before > 0] == before[before > 0]).all()
    assert not labels[6:9, :, 25:].any()
    assert (labels[6, 8:19, 9:25] == 3).all()


def test_slices_in_between_are_not_drawn_over() -> None:
    """What was drawn stays as it was drawn, also where its neighbors are larger."""
    labels = np.zeros(GRID.shape_kji, np.int32)
    labels[[4, 8, 12], 8:19, 9:31] = 1
    labels[8] = 0
    labels[8, 12:14, 15:18] = 1
    drawn = labels[8].copy()
    filled_between(labels, GRID, 1, axis=0).apply(labels)
    assert (labels[8] == drawn).all()
    assert (labels > 0).any(axis=(1, 2))[4:13].all()
