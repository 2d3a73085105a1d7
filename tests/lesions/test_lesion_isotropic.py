"""Masks brought onto an isotropic grid: volumes, ids and positions stay."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions import measure, on_isotropic_grid
from netlm_imaging.lesions.isotropic import isotropic
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((30, 62, 58), (1.3, 1.2, 2.5), euler_degrees=(15.0, -20.0, 31.0))
MIDDLE = GRID.to_patient((14.6, 30.7, 28.8))


def anatomy() -> Anatomy:
    """A ball of liver with two lesions of 12 and 9 mm radius, one voxel as a third, and all else."""
    liver = ellipsoid(GRID, MIDDLE, (31.0,) * 3)
    lesions = np.zeros(GRID.shape_kji, dtype=np.uint16)
    lesions[ellipsoid(GRID, MIDDLE + np.array([12.0, 0.0, 0.0]), (12.0,) * 3)] = 7
    lesions[ellipsoid(GRID, MIDDLE - [14.0, 2.0, 1.0], (9.0,) * 3)] = 300
    lesions[15, 40, 30] = 4
    points = GRID.to_patient(np.moveaxis(np.indices(GRID.shape_kji), 0, -1)) - MIDDLE
    segments = np.where(liver, 1 + (points[..., 0] > 0) + 2 * (points[..., 1] > 0), 0)
    cysts = ellipsoid(GRID, MIDDLE + np.array([0.0, 0.0, 18.0]), (6.0,) * 3) & (lesions == 0)
    return Anatomy(
        liver=Mask(liver, GRID),
        lesions=LabelMap(np.where(liver, lesions, 0), GRID),
        segments=LabelMap(segments.astype(np.uint8), GRID),
        vessels=Mask(np.hypot(points[..., 0], points[..., 2]) < 4.0, GRID),
        cysts=Mask(cysts & liver, GRID),
    )


@pytest.mark.parametrize("grid_mm", [0.9, 1.5, 2.0])
def test_volumes_of_spheres_stay_within_one_percent(grid_mm: float) -> None:
    before = anatomy()
    after, notices = on_isotropic_grid(before, grid_mm=grid_mm)
    assert after.grid.spacing_mm == (grid_mm,) * 3
    assert after.liver.volume_ml == pytest.approx(before.liver.volume_ml, rel=0.01)
    for label in (7, 300):
        mine, theirs = before.lesions.mask(label), after.lesions.mask(label)
        assert theirs.volume_ml == pytest.approx(mine.volume_ml, rel=0.01)
    moved = {lesion.id: np.array(lesion.centroid_lps_mm) for lesion in measure(after)}
    for lesion in measure(before):
        assert np.linalg.norm(moved[lesion.id] - lesion.centroid_lps_mm) < (
            0.3 if lesion.id != 4 else grid_mm
        )
    assert {n.where for n in notices if n.code == "GRID_CHANGED"} == {
        "liver",
        "vessels",
        "cysts",
        "lesions",
        "segments",
    }


def test_ids_stay_and_a_lesion_smaller_than_the_grid_is_kept_and_named() -> None:
    after, notices = on_isotropic_grid(anatomy(), grid_mm=6.0)
    assert after.lesions.labels == (4, 7, 300)
    assert int((after.lesions.array == 4).sum()) == 1
    (small,) = (n for n in notices if n.code == "LESION_BELOW_GRID")
    assert ": 4 would hold no voxel" in small.message


def test_parts_stay_inside_each_other() -> None:
    after, _ = on_isotropic_grid(anatomy(), grid_mm=1.7)
    assert after.cysts is not None
    assert after.segments is not None
    assert not ((after.lesions.array > 0) & ~after.liver.array).any()
    assert not (after.cysts.array & (after.lesions.array > 0)).any()
    assert ((after.segments.array > 0) == after.liver.array).all()


def test_every_change_of_a_volume_is_told() -> None:
    before = anatomy()
    after, notices = on_isotropic_grid(before, grid_mm=2.0)
    message = next(n.message for n in notices if n.where == "lesions" and n.code == "GRID_CHANGED")
    for label in (4, 7, 300):
        old, now = before.lesions.mask(label).volume_ml, after.lesions.mask(label).volume_ml
        assert f"lesion {label} {old:.3f} -> {now:.3f} mL" in message


def test_a_mask_that_fills_the_grid_fills_the_new_one() -> None:
    whole = np.ones(GRID.shape_kji, dtype=bool)
    filled = Anatomy(liver=Mask(whole, GRID), lesions=LabelMap(whole.astype(np.uint8), GRID))
    after, _ = on_isotropic_grid(filled, grid_mm=1.9)
    assert after.liver.array.all()
    assert after.lesions.labels == (1,)


def test_the_new_grid_covers_the_same_box_around_the_same_center() -> None:
    new = isotropic(GRID, 1.7)
    middles = [g.to_patient((np.asarray(g.shape_kji) - 1) / 2) for g in (GRID, new)]
    assert middles[0] == pytest.approx(middles[1], abs=1e-9)
    size = [np.asarray(g.shape_kji) * g.spacing_kji_mm for g in (GRID, new)]
    assert ((size[1] >= size[0] - 1e-6) & (size[1] < size[0] + 1.7)).all()
