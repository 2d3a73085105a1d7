"""Parts of a region, counted voxel by voxel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from review.review_examples import GRID, ball, index_of, label_arrays

from netlm_imaging.errors import UsageError
from netlm_imaging.geometry import Grid
from netlm_imaging.review import deleted, merged, split_at, split_by_plane, split_pieces

LEFT, RIGHT = (-7.0, 1.0, 0.0), (6.5, -1.0, 2.0)


def dumbbell() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two balls that overlap, as one region, and both."""
    one, other = ball(LEFT, 8.0), ball(RIGHT, 7.0)
    return np.where(one | other, 5, 0).astype(np.int32), one, other


def test_clicks_part_two_balls_at_their_neck() -> None:
    labels, one, other = dumbbell()
    before = labels.copy()
    split_at(labels, GRID, 5, [index_of(LEFT), index_of(RIGHT)]).apply(labels)
    assert ((labels > 0) == (before > 0)).all()
    assert set(np.unique(labels)) == {0, 5, 6}
    assert (labels[one & ~other] == 5).mean() > 0.99
    assert (labels[other & ~one] == 6).mean() > 0.99


def test_merging_gives_back_what_was_split() -> None:
    labels, _, _ = dumbbell()
    labels[ball((0.0, 14.0, 0.0), 3.0)] = 2
    before = labels.copy()
    split_at(labels, GRID, 5, [index_of(RIGHT), index_of(LEFT)]).apply(labels)
    assert not (labels == before).all()
    merged(labels, [5, 6], into=5).apply(labels)
    assert (labels == before).all()


def test_merging_then_splitting_gives_back_the_parts() -> None:
    one, other = ball((-9.0, 0.0, 0.0), 5.0), ball((9.0, 0.0, 0.0), 7.0)
    before = np.where(one, 1, np.where(other, 2, 0)).astype(np.int32)
    labels = before.copy()
    merged(labels, [1, 2], into=2).apply(labels)
    split_pieces(labels, 2, used=(1,)).apply(labels)
    assert ((labels == 2) == other).all()
    assert ((labels == 3) == one).all()


def test_a_number_that_was_used_is_not_given_again() -> None:
    labels, _, _ = dumbbell()
    split_at(labels, GRID, 5, [index_of(LEFT), index_of(RIGHT)], used=(8,)).apply(labels)
    assert set(np.unique(labels)) == {0, 5, 9}


@given(label_arrays(), st.integers(0, 2**32))
def test_a_plane_parts_voxels_by_their_side_in_mm(case: tuple[Grid, np.ndarray], seed: int) -> None:
    grid, labels = case
    rng = np.random.default_rng(seed)
    point, normal = rng.uniform(0, np.asarray(grid.shape_kji) - 1), rng.normal(size=3)
    height = (np.moveaxis(np.indices(labels.shape), 0, -1) - point) * grid.spacing_kji_mm @ normal
    expected = np.where((labels == 1) & (height > 0), labels.max() + 1, labels)
    if (expected == labels).all() or not (expected == 1).any():
        with pytest.raises(UsageError):
            split_by_plane(labels, grid, 1, point_kji=point, normal_kji_mm=normal)
        return
    split_by_plane(labels, grid, 1, point_kji=point, normal_kji_mm=normal).apply(labels)
    assert (labels == expected).all()


def test_what_is_deleted_is_background() -> None:
    labels, one, other = dumbbell()
    labels[ball((0.0, 14.0, 0.0), 3.0)] = 2
    change = deleted(labels, 5)
    assert change.voxels.size == (one | other).sum() - ((one | other) & (labels == 2)).sum()
    change.apply(labels)
    assert set(np.unique(labels)) == {0, 2}


def test_two_clicks_into_one_ball_part_it_in_the_middle() -> None:
    labels = np.where(ball((0.0, 0.0, 0.0), 9.0), 1, 0).astype(np.int32)
    split_at(labels, GRID, 1, [index_of((-3.0, 1.0, 0.0)), index_of((3.0, -1.0, 0.0))]).apply(labels)
    assert (labels == 1).sum() == pytest.approx((labels == 2).sum(), rel=0.15)


def test_clicks_near_the_edges_of_two_balls_part_them_at_their_neck_too() -> None:
    labels, one, other = dumbbell()
    split_at(labels, GRID, 5, [index_of((-13.0, 1.0, 0.0)), index_of((6.5, 4.0, 2.0))]).apply(labels)
    assert (labels[one & ~other] == 5).mean() > 0.99
    assert (labels[other & ~one] == 6).mean() > 0.99
