"""The local caliber of tubes of any direction, by the widest ball that is found to fit."""

import numpy as np
import pytest
from strategies import oblique_grid

from netlm_imaging.geometry import Grid
from netlm_imaging.plan.vessels import wide_parts

WIDTHS_MM = np.arange(0.5, 10.6, 0.5)


def caliber_mm(tube: np.ndarray, grid: Grid) -> float:
    # The widest that fits lies half a step above the last one found, on average.
    fitting = [w for w in WIDTHS_MM if wide_parts(tube, grid, width_mm=w).any()]
    return float(fitting[-1]) + 0.25 if fitting else 0.0


def tubes(grid: Grid, diameter_mm: float, count: int):
    rng = np.random.default_rng(7)
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1))
    for n in range(count):
        direction = rng.normal(size=3) if n % 3 else grid.axes[:, n // 3 % 3]
        center = points[tuple(s // 2 for s in grid.shape_kji)] + rng.uniform(-0.5, 0.5, 3) * grid.spacing_mm
        apart = np.cross(points - center, direction / np.linalg.norm(direction))
        yield np.linalg.norm(apart, axis=-1) <= diameter_mm / 2.0


@pytest.mark.parametrize("diameter_mm", [2.0, 3.0, 4.0, 6.0, 8.0])
@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (1.4, 1.4, 2.6)])
def test_the_caliber_of_tubes_is_right_to_half_a_voxel(spacing_mm, diameter_mm: float) -> None:
    shape = tuple(int(np.ceil(17.0 / s)) for s in reversed(spacing_mm))
    grid = oblique_grid(shape, spacing_mm)
    errors = [caliber_mm(t, grid) - diameter_mm for t in tubes(grid, diameter_mm, 9) if t.any()]
    assert abs(float(np.mean(errors))) < 0.5 * np.mean(spacing_mm)


@pytest.mark.parametrize("spacing", [1.5, 2.0, 2.6])
def test_a_vessel_one_voxel_wide_is_no_wider_than_its_voxel(spacing: float) -> None:
    grid = oblique_grid((11, 12, 13), (spacing, spacing, spacing))
    vessel = np.zeros(grid.shape_kji, dtype=bool)
    vessel[5, 5, :] = True
    assert not wide_parts(vessel, grid, width_mm=3.0).any()
    vessel[5:7, 5:7, :] = True
    assert wide_parts(vessel, grid, width_mm=2 * spacing).all(where=vessel)
