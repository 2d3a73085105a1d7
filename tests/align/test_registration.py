from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation
from strategies import ellipsoid, oblique_grid

from netlm_imaging.align import Rigid, register, rigid
from netlm_imaging.align.registration import coarse_grid
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import Mask, Volume

CENTER = np.array([12.0, -30.0, 200.0])
ORGANS = (  # center offset (x, y, z), semi-axes (mm), MR signal, CT HU
    ((0, 0, 0), (160, 110, 190), 40, 40),
    ((-70, -10, 30), (75, 65, 60), 100, 110),
    ((85, 40, 40), (30, 25, 45), 60, 125),
    ((0, 75, 0), (22, 20, 190), 20, 235),
    ((60, 45, -70), (25, 22, 45), 80, 190),
    ((-65, 55, -75), (25, 22, 45), 80, 190),
    ((45, -60, 45), (45, 30, 30), 15, -60),
)


def patient(grid: Grid, *, ct: bool, organs: Rigid | None = None, air: float = 0.0) -> Volume:
    """A body with organs, as MR or CT sees it; ``organs`` moves what lies inside the body."""
    rng = np.random.default_rng(3)
    array = np.full(grid.shape_kji, air)
    for offset, axes, mr, hu in ORGANS:
        center = CENTER + offset
        if organs is not None and offset != (0, 0, 0):
            center = organs.apply(center)
        array[ellipsoid(grid, center, axes)] = hu if ct else mr
    smooth = ndimage.gaussian_filter(array, [1.5 / s for s in grid.spacing_kji_mm])
    return Volume((smooth + rng.normal(0, 10 if ct else 3, array.shape)).astype(np.float32), grid)


def fixed_grid() -> Grid:
    grid = oblique_grid((56, 66, 100), (3.6, 3.9, 4.4), euler_degrees=(3.0, -4.0, 2.0), origin_mm=(0, 0, 0))
    shift = CENTER - (0.0, 0.0, -20.0) - grid.corners_lps_mm().mean(axis=0)
    return Grid(
        shape_kji=grid.shape_kji,
        spacing_mm=grid.spacing_mm,
        origin_mm=tuple(shift.tolist()),
        direction=grid.direction,
    )


def moved_grid(grid: Grid, motion: Rigid) -> Grid:
    """The grid that sees the same voxels after the patient has moved."""
    return Grid(
        shape_kji=grid.shape_kji,
        spacing_mm=grid.spacing_mm,
        origin_mm=tuple(motion.apply(grid.origin_mm).tolist()),
        direction=tuple((motion.matrix @ grid.axes).ravel().tolist()),
    )


@pytest.fixture(scope="module")
def mr() -> Volume:
    return patient(fixed_grid(), ct=False)


def ct_grid() -> Grid:
    return Grid(shape_kji=(90, 78, 99), spacing_mm=(4.1, 4.1, 5.0), origin_mm=(-190.0, -190.0, -30.0))


def about_center(angles: tuple[float, ...], shift: tuple[float, ...]) -> Rigid:
    turn = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    return rigid(turn, CENTER - turn @ CENTER + shift)


@pytest.mark.parametrize(
    ("angles", "shift"),
    [
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((4.0, -3.0, 6.0), (14.0, -9.0, 23.0)),
        ((-5.0, 2.0, -3.0), (-20.0, 8.0, -45.0)),
    ],
)
def test_known_motions_are_recovered(mr: Volume, angles: tuple, shift: tuple) -> None:  # type: ignore[type-arg]
    truth = about_center(angles, shift)
    seen = patient(moved_grid(ct_grid(), truth.inverse()), ct=True, air=-1000.0)
    ct = Volume(seen.array, ct_grid())
    fit = register(ct, mr)
    points = CENTER + np.array([offset for offset, *_ in ORGANS])
    error = np.linalg.norm(fit.transform.apply(points) - truth.apply(points), axis=1)
    assert error.max() < 1.5
    assert fit.acceptable
    assert fit.rotation_degrees == pytest.approx(truth.rotation_degrees, abs=1.0)
    middle = mr.grid.corners_lps_mm().mean(axis=0)
    np.testing.assert_allclose(fit.translation_mm, truth.shift_at_mm(middle), atol=1.5)


def test_the_focus_follows_the_organ_not_the_body(mr: Volume) -> None:
    breath = Rigid(translation_mm=(2.0, -4.0, 15.0))
    ct = patient(ct_grid(), ct=True, organs=breath, air=-1000.0)
    liver = CENTER + ORGANS[1][0]
    focus = Mask(ellipsoid(mr.grid, liver, np.add(ORGANS[1][1], 10.0)), mr.grid)
    fit = register(ct, mr, focus=focus)
    assert np.linalg.norm(fit.transform.apply(liver) - breath.apply(liver)) < 2.0
    assert fit.acceptable
    assert register(ct, mr, focus=focus) == fit, "the same images must give the same motion"


def test_noise_is_not_acceptable(mr: Volume) -> None:
    rng = np.random.default_rng(5)
    noise = Volume(rng.normal(40.0, 60.0, ct_grid().shape_kji), ct_grid())
    assert not register(noise, mr).acceptable


def test_images_that_never_meet_are_not_acceptable(mr: Volume) -> None:
    empty = Volume(np.zeros(ct_grid().shape_kji), ct_grid())
    assert not register(empty, mr).acceptable


def test_coarse_grid_covers_the_same_extent() -> None:
    fine = oblique_grid((30, 41, 52), (0.9, 1.3, 2.1))
    coarse = coarse_grid(fine, 4.0)
    low, high = (-0.5, -0.5, -0.5), np.asarray(fine.shape_kji) - 0.5
    np.testing.assert_allclose(coarse.to_patient(low), fine.to_patient(low), atol=1e-9)
    np.testing.assert_allclose(
        coarse.to_patient(np.asarray(coarse.shape_kji) - 0.5), fine.to_patient(high), atol=1e-9
    )
    assert np.abs(np.asarray(coarse.spacing_mm) - 4.0).max() < 0.5
