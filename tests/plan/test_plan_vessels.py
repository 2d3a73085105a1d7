import numpy as np
import pytest
from strategies import oblique_grid

from netlm_imaging.plan.distances import distance_mm
from netlm_imaging.plan.vessels import wide_parts


def _tube(grid, direction, radius_mm):
    direction = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    center = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - center
    return np.linalg.norm(np.cross(points, direction), axis=-1) <= radius_mm


@pytest.mark.parametrize("direction", [(1, 0, 0), (0, 0, 1), (1, 2, -1), (3, 1, 2)])
def test_a_tube_is_as_wide_as_it_is_to_within_one_voxel(direction) -> None:
    grid = oblique_grid((44, 50, 56), (0.8, 0.7, 0.9))
    tube = _tube(grid, direction, 4.0)
    assert wide_parts(tube, grid, width_mm=7.0).sum() > 0.97 * tube.sum()
    assert not wide_parts(tube, grid, width_mm=9.0).any()


def test_only_the_wide_part_of_a_tree_is_wide() -> None:
    grid = oblique_grid((40, 44, 60), (0.8, 0.8, 0.8))
    trunk, branch = np.zeros((2, *grid.shape_kji), dtype=bool)
    trunk[15:25, 15:25, :30] = True  # 8 mm
    branch[19:21, 19:21, 30:] = True  # 1.6 mm
    wide = wide_parts(trunk | branch, grid, width_mm=6.0)
    assert not wide[:, :, 34:].any()
    assert wide[20, 20, :28].all()


def test_distance_is_between_centers_of_anisotropic_voxels() -> None:
    grid = oblique_grid((5, 6, 7), (0.9, 1.3, 2.1))
    target = np.zeros(grid.shape_kji, dtype=bool)
    target[1, 2, 3] = True
    offsets = (np.moveaxis(np.indices(grid.shape_kji), 0, -1) - [1, 2, 3]) * [2.1, 1.3, 0.9]
    assert distance_mm(target, grid) == pytest.approx(np.linalg.norm(offsets, axis=-1), rel=1e-5)


def test_without_any_target_every_distance_is_infinite() -> None:
    grid = oblique_grid((5, 6, 7))
    assert np.isinf(distance_mm(np.zeros(grid.shape_kji, dtype=bool), grid)).all()
