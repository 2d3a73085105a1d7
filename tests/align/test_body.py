from __future__ import annotations

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.align import body_mask, check_place, grown
from netlm_imaging.align.body import LIVER_IN_BODY_SHARE
from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Mask, Volume

GRID = oblique_grid((40, 60, 80), (4.0, 4.5, 5.0), euler_degrees=(4.0, -3.0, 8.0))
CENTER = GRID.corners_lps_mm().mean(axis=0)
LIVER = ((-50.0, -10.0, 5.0), (45.0, 50.0, 40.0))


def image(grid: Grid = GRID) -> Volume:
    rng = np.random.default_rng(0)
    array = np.abs(rng.normal(0.0, 2.0, grid.shape_kji))
    array[ellipsoid(grid, CENTER, (140.0, 100.0, 110.0))] += 50.0
    array[ellipsoid(grid, CENTER - (-40.0, 0.0, -20.0), (30.0, 30.0, 30.0))] -= 45.0  # a lung
    array[ellipsoid(grid, CENTER + LIVER[0], LIVER[1])] += 50.0
    return Volume(array, grid)


def liver(*, mirrored: bool = False) -> Mask:
    offset = np.asarray(LIVER[0]) * ((-1, 1, 1) if mirrored else (1, 1, 1))
    return Mask(ellipsoid(GRID, CENTER + offset, LIVER[1]), GRID)


def test_the_body_is_found_with_its_cavities() -> None:
    truth = ellipsoid(GRID, CENTER, (140.0, 100.0, 110.0))
    found = body_mask(image()).array
    assert 2.0 * np.count_nonzero(found & truth) / (found.sum() + truth.sum()) > 0.97


def test_air_has_no_body() -> None:
    assert body_mask(Volume(np.zeros(GRID.shape_kji), GRID)).voxels == 0


def test_a_liver_in_its_place_is_not_remarked_upon() -> None:
    assert check_place(liver(), image(), name="liver") == ()


def test_a_mirrored_liver_is_warned_of() -> None:
    (notice,) = check_place(liver(mirrored=True), image(), name="liver")
    assert notice.code == "LIVER_ON_LEFT"


@pytest.mark.parametrize("axis_order", [(2, 1, 0), (1, 0, 2)])
def test_the_array_order_does_not_matter(axis_order: tuple[int, int, int]) -> None:
    affine = GRID.affine_lps[:, [2 - axis_order[2], 2 - axis_order[1], 2 - axis_order[0], 3]]
    grid = Grid.from_affine_lps(affine, [GRID.shape_kji[a] for a in axis_order])
    turned = Volume(image().array.transpose(axis_order), grid)
    mask = Mask(liver(mirrored=True).array.transpose(axis_order), grid)
    assert [n.code for n in check_place(mask, turned, name="liver")] == ["LIVER_ON_LEFT"]


@pytest.mark.parametrize("depth_mm", [80.0, 90.0, 110.0, 150.0])
def test_a_liver_outside_the_body_is_warned_of_or_refused(depth_mm: float) -> None:
    liver = Mask(ellipsoid(GRID, CENTER - (50.0, depth_mm, 0.0), (40.0, 40.0, 40.0)), GRID)
    inside = np.count_nonzero(liver.array & body_mask(image()).array) / liver.voxels
    if inside < 0.5:
        with pytest.raises(InputError, match=f"{100 * inside:.0f} % of it inside"):
            check_place(liver, image(), name="liver")
    else:
        codes = [n.code for n in check_place(liver, image(), name="liver")]
        assert ("MASK_OUTSIDE_BODY" in codes) == (inside < LIVER_IN_BODY_SHARE)


def test_a_grown_ball_is_a_larger_ball_cut_at_the_edge_of_the_image() -> None:
    grid = oblique_grid((40, 50, 60), (1.1, 1.4, 2.3))
    center = grid.to_patient([20, 25, 30])
    ball = Mask(ellipsoid(grid, center, [12.0] * 3), grid)
    expected = ellipsoid(grid, center, [17.0] * 3)
    larger = grown(ball, margin_mm=5.0).array
    assert not (larger & ~expected).any()  # distances are those between voxel centers
    assert 2 * np.count_nonzero(larger) / (larger.sum() + expected.sum()) > 0.95
    assert grown(ball, margin_mm=500.0).array.all()
