from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from strategies import grids

from netlm_imaging.geometry import Grid
from netlm_imaging.segment.morphology import closed, filled, grown, largest, opened, shrunk
from netlm_imaging.segment.oriented import like
from netlm_imaging.volume import Volume

SPACING = (3.1, 0.9, 1.7)


@given(st.integers(0, 10_000), st.floats(0.5, 6.0))
def test_grown_is_all_within_the_distance(seed: int, radius: float) -> None:
    region = np.random.default_rng(seed).random((5, 7, 6)) > 0.9
    if not region.any():
        return
    expected = ndimage.distance_transform_edt(~region, sampling=SPACING) <= radius
    np.testing.assert_array_equal(grown(region, radius, SPACING), expected)


@given(st.integers(0, 10_000), st.floats(0.5, 4.0))
def test_opening_only_takes_and_closing_only_adds(seed: int, radius: float) -> None:
    region = ndimage.gaussian_filter(np.random.default_rng(seed).random((8, 9, 10)), 1.0) > 0.5
    assert not (opened(region, radius, SPACING) & ~region).any()
    assert not (region & ~closed(region, radius, SPACING)).any()
    assert not (shrunk(region, radius, SPACING) & ~region).any()


def test_cavities_are_filled_and_bays_are_not() -> None:
    region = np.zeros((7, 7, 7), bool)
    region[1:6, 1:6, 1:6] = True
    region[3, 3, 3] = False
    region[3, 1:3, 5] = False
    whole = filled(region)
    assert whole[3, 3, 3]
    assert not whole[3, 1, 5]


def test_largest_counts_inside_the_given_place() -> None:
    region = np.zeros((3, 4, 12), bool)
    region[:, :, :5] = True
    region[1, 1, 8:11] = True
    right = np.zeros_like(region)
    right[:, :, 7:] = True
    assert largest(region)[0, 0, 0]
    assert not largest(region, inside=right)[0, 0, 0]
    assert largest(region, inside=right)[1, 1, 9]
    assert not largest(np.zeros_like(region)).any()


@given(grids())
def test_like_undoes_canonical(grid: Grid) -> None:
    array = np.arange(grid.size).reshape(grid.shape_kji)
    np.testing.assert_array_equal(like(Volume(array, grid).canonical().array, grid), array)


@pytest.mark.parametrize("radius", [4.0, 7.0])
def test_a_ball_survives_opening_and_a_rod_does_not(radius: float) -> None:
    k, j, i = np.meshgrid(
        *(np.arange(-n, n + 1) * s for n, s in zip((6, 20, 12), SPACING, strict=True)), indexing="ij"
    )
    ball = k**2 + j**2 + i**2 <= (radius + 3.5) ** 2
    rod = (k**2 + i**2 <= 2.5**2) & ~ball
    kept = opened(ball | rod, radius, SPACING)
    assert np.count_nonzero(kept & ball) > 0.75 * ball.sum()
    assert np.count_nonzero(kept & rod) < 0.25 * rod.sum()
