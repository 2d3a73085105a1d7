"""Volumes, diameters and distances against analytic truth and brute force."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from strategies import ellipsoid, grids, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import measure
from netlm_imaging.lesions.diameter import longest_diameter_mm
from netlm_imaging.volume import LabelMap, Mask

FINE = oblique_grid((90, 80, 100), (0.9, 1.1, 0.8), euler_degrees=(21.0, -13.0, 34.0))
MIDDLE = FINE.to_patient((44.6, 39.3, 49.7))
STEP_MM = max(FINE.spacing_mm)


def one_lesion(grid: Grid, lesion: np.ndarray, **parts: Mask | LabelMap) -> Anatomy:
    return Anatomy(
        liver=Mask(np.ones(grid.shape_kji, bool), grid),
        lesions=LabelMap(lesion.astype(np.uint8), grid),
        **parts,
    )


@pytest.mark.parametrize("diameter_mm", [12.0, 20.0, 33.0])
def test_a_sphere_measures_its_own_volume_diameter_and_center(diameter_mm: float) -> None:
    anatomy = one_lesion(FINE, ellipsoid(FINE, MIDDLE, (diameter_mm / 2,) * 3))
    (lesion,) = measure(anatomy)
    assert lesion.volume_ml == pytest.approx(np.pi / 6 * diameter_mm**3 / 1000, rel=0.01)
    assert lesion.equivalent_diameter_mm == pytest.approx(diameter_mm, rel=0.004)
    assert diameter_mm - 0.3 < lesion.longest_diameter_mm < diameter_mm + STEP_MM
    assert np.linalg.norm(np.asarray(lesion.centroid_lps_mm) - MIDDLE) < 0.1


def test_the_longest_diameter_of_an_oblique_ellipsoid_is_its_long_axis() -> None:
    axes = oblique_grid(euler_degrees=(-40.0, 25.0, 70.0)).axes
    (lesion,) = measure(one_lesion(FINE, ellipsoid(FINE, MIDDLE, (20.0, 9.0, 6.0), axes)))
    assert lesion.volume_ml == pytest.approx(4 / 3 * np.pi * 20 * 9 * 6 / 1000, rel=0.01)
    assert 40.0 - 0.5 < lesion.longest_diameter_mm < 40.0 + STEP_MM


def test_one_voxel_measures_its_longest_side() -> None:
    array = np.zeros(FINE.shape_kji, bool)
    array[3, 4, 5] = True
    assert longest_diameter_mm(array, FINE) == pytest.approx(STEP_MM)


@st.composite
def shapes(draw: st.DrawFn) -> tuple[Grid, np.ndarray]:
    grid = draw(grids(max_side=6))
    array = np.zeros(grid.size, bool)
    array[draw(st.lists(st.integers(0, grid.size - 1), min_size=1, max_size=12))] = True
    return grid, array.reshape(grid.shape_kji)


@given(shapes())
def test_the_longest_diameter_is_the_largest_distance_between_faces(case: tuple[Grid, np.ndarray]) -> None:
    grid, array = case
    faces = [face for voxel in np.argwhere(array) for face in voxel + FACES]
    points = grid.to_patient(faces)
    brute = np.linalg.norm(points[:, None] - points[None], axis=-1).max()
    assert longest_diameter_mm(array, grid) == pytest.approx(brute, rel=1e-9)


FACES = np.concatenate([0.5 * np.eye(3), -0.5 * np.eye(3)])


def test_the_longest_diameter_of_smooth_lesions_is_right_on_thick_slices() -> None:
    """On 1.2 x 1.2 x 3 mm, twenty lesions of 28 mm in any position and direction: 1.5 mm on average."""
    rng = np.random.default_rng(1)
    errors = []
    for _ in range(20):
        grid = oblique_grid((16, 34, 34), (1.2, 1.2, 3.0), euler_degrees=tuple(rng.uniform(-180, 180, 3)))
        center = grid.to_patient(np.array([7.5, 16.5, 16.5]) + rng.uniform(-0.5, 0.5, 3))
        errors.append(longest_diameter_mm(ellipsoid(grid, center, (14.0, 11.0, 10.0)), grid) - 28.0)
    assert min(errors) > -0.6
    assert max(errors) < 3.0
    assert 0.0 < float(np.mean(errors)) < 2.0


def gap_mm(a: np.ndarray, b: np.ndarray, grid: Grid) -> float:
    """Distance of the nearest pair of centers less its correction, pair by pair; 0 for neighbors."""
    spacing = np.asarray(grid.spacing_kji_mm)
    steps = np.abs(a[:, None] - b[None]).reshape(-1, 3)
    length = np.linalg.norm(steps * spacing, axis=-1)
    nearest = length <= length.min() + 1e-6
    if (steps[nearest].max(axis=1) <= 1).any():
        return 0.0
    along = steps[nearest] * spacing / length[nearest, None]
    return float((length[nearest] - (along**7 * spacing).sum(axis=1)).min())


@st.composite
def anatomies(draw: st.DrawFn) -> Anatomy:
    grid = draw(grids(max_side=8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    liver = ellipsoid(grid, grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2), np.full(3, 1e4))
    liver &= rng.random(grid.shape_kji) > 0.02
    lesions = np.where(liver & (rng.random(grid.shape_kji) < 0.05), rng.integers(1, 4, grid.shape_kji), 0)
    vessels = rng.random(grid.shape_kji) < 0.03
    return Anatomy(
        liver=Mask(liver, grid), lesions=LabelMap(lesions.astype(np.uint8), grid), vessels=Mask(vessels, grid)
    )


@settings(max_examples=60)
@given(anatomies())
def test_distances_are_those_of_the_nearest_pair(anatomy: Anatomy) -> None:
    grid = anatomy.grid
    assert anatomy.vessels is not None
    surface = surface_outside(anatomy)
    for lesion in measure(anatomy) if anatomy.liver.array.any() else ():
        here = np.argwhere(anatomy.lesions.array == lesion.id)
        assert lesion.capsule_distance_mm == pytest.approx(gap_mm(here, surface, grid), rel=1e-5)
        if anatomy.vessels.array.any():
            there = np.argwhere(anatomy.vessels.array)
            assert lesion.vessel_distance_mm == pytest.approx(gap_mm(here, there, grid), rel=1e-5)
        else:
            assert lesion.vessel_distance_mm is None


def surface_outside(anatomy: Anatomy) -> np.ndarray:
    """Indices of all voxels outside the liver but its holes, one layer around the grid included."""
    filled = np.pad(ndimage.binary_fill_holes(anatomy.liver.array), 1)
    return np.argwhere(~filled) - 1


SPACINGS = [(1.0, 1.0, 1.0), (1.5, 1.5, 1.5), (1.4, 1.4, 2.6), (0.8, 0.8, 2.5), (0.9, 0.7, 1.1)]


def under_a_plane(grid: Grid, rng: np.random.Generator, normal: np.ndarray, gap_mm: float) -> Anatomy:
    """A ball whose surface lies ``gap_mm`` under a flat capsule and as far from a flat vessel opposite."""
    radius = float(rng.uniform(4.0, 7.0))
    center = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2 + rng.uniform(-0.5, 0.5, 3))
    height = (grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - center) @ normal
    return Anatomy(
        liver=Mask(height <= radius + gap_mm, grid),
        lesions=LabelMap(ellipsoid(grid, center, (radius,) * 3).astype(np.uint8), grid),
        vessels=Mask(height <= -(radius + gap_mm), grid),
    )


@pytest.mark.parametrize("oblique", [True, False])
@pytest.mark.parametrize("spacing_mm", SPACINGS)
def test_distances_to_planes_are_unbiased(spacing_mm: tuple[float, float, float], oblique: bool) -> None:
    """Mean error below 0.3 voxel for planes of any direction, along the axes of the grid too."""
    rng = np.random.default_rng(5)
    errors: list[float] = []
    for n in range(24):
        shape = tuple(int(np.ceil(56.0 / s)) for s in reversed(spacing_mm))
        grid = oblique_grid(shape, spacing_mm, euler_degrees=tuple(rng.uniform(-180, 180, 3)))
        normal = rng.normal(size=3) if oblique else grid.axes[:, n % 3]
        gap = float(rng.uniform(5.0, 14.0))
        (lesion,) = measure(under_a_plane(grid, rng, normal / np.linalg.norm(normal), gap))
        assert lesion.vessel_distance_mm is not None
        errors += [lesion.capsule_distance_mm - gap, lesion.vessel_distance_mm - gap]
    assert abs(float(np.mean(errors))) < 0.3 * np.mean(spacing_mm)
    assert max(map(abs, errors)) < 1.05 * max(spacing_mm)


def test_the_bias_of_all_planes_has_no_sign() -> None:
    """Over all spacings together, oblique planes read as often too near as too far."""
    rng = np.random.default_rng(6)
    errors = []
    for n in range(60):
        spacing_mm = SPACINGS[n % len(SPACINGS)]
        shape = tuple(int(np.ceil(50.0 / s)) for s in reversed(spacing_mm))
        grid = oblique_grid(shape, spacing_mm, euler_degrees=tuple(rng.uniform(-180, 180, 3)))
        normal = rng.normal(size=3)
        (lesion,) = measure(under_a_plane(grid, rng, normal / np.linalg.norm(normal), 10.0))
        errors.append((lesion.capsule_distance_mm - 10.0) / np.mean(spacing_mm))
    assert abs(float(np.mean(errors))) < 0.1
    assert 15 <= sum(e > 0 for e in errors) <= 45


def test_distance_between_two_balls() -> None:
    rng = np.random.default_rng(8)
    errors = []
    for _ in range(20):
        grid = oblique_grid((24, 44, 44), (1.3, 1.2, 2.4), euler_degrees=tuple(rng.uniform(-180, 180, 3)))
        middle = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2 + rng.uniform(-0.5, 0.5, 3))
        step = rng.normal(size=3)
        step *= 12.0 / np.linalg.norm(step)
        vessel = ellipsoid(grid, middle - step, (6.0,) * 3)
        (lesion,) = measure(
            one_lesion(grid, ellipsoid(grid, middle + step, (8.0,) * 3), vessels=Mask(vessel, grid))
        )
        errors.append(lesion.vessel_distance_mm - 10.0)
    assert abs(float(np.mean(errors))) < 0.3 * np.mean(grid.spacing_mm)


def test_a_lesion_deep_in_a_vessel_has_no_distance_to_it() -> None:
    vessel = ellipsoid(FINE, MIDDLE, (20.0,) * 3)
    (lesion,) = measure(one_lesion(FINE, ellipsoid(FINE, MIDDLE, (4.0,) * 3), vessels=Mask(vessel, FINE)))
    assert lesion.vessel_distance_mm == 0.0
