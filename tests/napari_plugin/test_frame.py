"""The viewer's world and the patient: the same points, whatever the acquisition."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from strategies import grids, oblique_grid

from napari_netlm.frame import Frame
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap


@given(grids())
def test_a_voxel_lies_where_its_point_lies(grid: Grid) -> None:
    frame = Frame(grid)
    placed = frame.placed()
    index = np.array([n // 2 for n in frame.shown_grid.shape_kji])
    world = index * placed["scale"] + placed["translate"]
    point = frame.shown_grid.to_patient(index)
    assert frame.to_world(point) == pytest.approx(world, abs=1e-6)
    assert frame.to_patient(world) == pytest.approx(point, abs=1e-6)


@given(grids())
def test_distances_of_the_world_are_those_of_the_patient(grid: Grid) -> None:
    corners = grid.corners_lps_mm()
    world = Frame(grid).to_world(corners)
    steps = np.linalg.norm(np.diff(corners, axis=0), axis=1)
    assert np.linalg.norm(np.diff(world, axis=0), axis=1) == pytest.approx(steps, abs=1e-6)


def test_a_straight_grid_has_lps_mm_as_its_world() -> None:
    frame = Frame(oblique_grid(euler_degrees=(0.0, 0.0, 0.0)))
    assert frame.to_world([10.0, -20.0, 30.0]) == pytest.approx([30.0, -20.0, 10.0])


@given(grids())
def test_labels_come_back_to_the_voxels_they_were_drawn_on(grid: Grid) -> None:
    drawn = np.arange(grid.size, dtype=np.uint16).reshape(grid.shape_kji)
    frame = Frame(grid)
    shown = LabelMap(drawn, grid).canonical()
    back = frame.labels(shown.array)
    assert back.grid == grid
    assert np.array_equal(back.array, drawn)
