"""The even-odd filling against scikit-image's and matplotlib's point-in-polygon tests."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Outline
from skimage.measure import points_in_poly

from netlm_imaging.errors import InputError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.ingest import polygons
from netlm_imaging.ingest.polygons import ON_CENTER, Outlines, area_by_plane, filled, points_by_plane

SHAPE = (23, 31)


def voxels(outlines: Outlines, planes: int) -> npt.NDArray[np.bool_]:
    array = np.zeros((planes, *SHAPE), dtype=bool)
    for plane, rows, columns, inside in filled(outlines, planes):
        array[plane, rows, columns] = inside
    return array


@given(seed=st.integers(0, 10**6), corners=st.lists(st.integers(3, 12), min_size=1, max_size=4))
def test_several_polygons_as_two_other_libraries_see_them(seed: int, corners: list[int]) -> None:
    """Concave, crossing themselves and each other: inside an odd number of them is inside."""
    rng = np.random.default_rng(seed)
    drawn = [rng.uniform((1, 1), (SHAPE[1] - 2, SHAPE[0] - 2), (n, 2)) for n in corners]
    planes = [int(rng.integers(2)) for _ in drawn]
    j, i = np.indices(SHAPE).reshape(2, -1) + ON_CENTER
    points = np.column_stack([i, j])
    expected = np.zeros((2, points.shape[0]), dtype=bool)
    for plane, polygon in zip(planes, drawn, strict=True):
        inside = np.asarray(points_in_poly(points, polygon), dtype=bool)
        np.testing.assert_array_equal(
            inside, Outline(np.vstack([polygon, polygon[:1]]), closed=True).contains_points(points)
        )
        expected[plane] ^= inside
    outlines = Outlines.of(list(zip(planes, drawn, strict=True)))
    found = voxels(outlines, 2)
    np.testing.assert_array_equal(found, expected.reshape(2, *SHAPE))
    np.testing.assert_array_equal(points_by_plane(outlines, 2), found.sum(axis=(1, 2)))


def square(low: float, high: float) -> FloatArray:
    return np.array([[low, low], [high, low], [high, high], [low, high]])


def test_area_with_hole_island_and_keyhole() -> None:
    ring = [square(0, 20), square(2, 18), square(5, 7)]
    keyhole = np.vstack([square(0, 9), [[0, 0], [3, 3]], square(3, 6)[::-1], [[6, 3], [3, 3]]])
    outlines = Outlines.of([*((0, s) for s in ring), (2, keyhole)])
    np.testing.assert_allclose(area_by_plane(outlines, 3), [400 - 256 + 4, 0, 81 - 9])


def test_contours_through_voxel_centers_count_each_voxel_once() -> None:
    """Two squares that share a side, and text rounded to 3 decimals: no voxel twice, none lost."""
    left = np.array([[2, 3], [9, 3], [9, 12], [2, 12]]) + 0.0004
    right = np.array([[9, 3], [15, 3], [15, 12], [9, 12]]) - 0.0004
    both = voxels(Outlines.of([(0, left), (1, right)]), 2)
    assert both.sum(axis=(1, 2)).tolist() == [7 * 9, 6 * 9]
    assert not (both[0] & both[1]).any()


def test_many_corners_take_lines_instead_of_corners() -> None:
    angle = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    circle = np.column_stack([300 + 200 * np.cos(angle), 300 + 100 * np.sin(angle)])
    (area,) = area_by_plane(Outlines.of([(0, circle)]), 1)
    assert area == pytest.approx(np.pi * 200 * 100, rel=1e-4)


def test_too_many_crossings_are_refused_before_memory_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polygons, "LARGEST_CROSSINGS", 1000)
    zigzag = np.column_stack([np.arange(200) % 29, np.where(np.arange(200) % 2, 1, 21)]).astype(float)
    with pytest.raises(InputError) as caught:
        voxels(Outlines.of([(0, zigzag)]), 1)
    assert caught.value.code == "CONTOURS_TOO_COMPLEX"
