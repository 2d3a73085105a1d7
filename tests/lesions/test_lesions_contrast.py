"""Contrast-to-noise of a lesion: analytic, and untouched by what lies elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from strategies import ellipsoid, oblique_grid

from netlm_imaging.lesions.contrast import contrast_to_noise
from netlm_imaging.lesions.regions import regions_of
from netlm_imaging.volume import Volume

GRID = oblique_grid((38, 44, 61), (1.6, 1.1, 2.3))
MIDDLE = GRID.corners_lps_mm().mean(axis=0)
BALL = ellipsoid(GRID, MIDDLE, (7.0, 7.0, 7.0))
LIVER = ellipsoid(GRID, MIDDLE, (30.0, 20.0, 40.0))
REGION = next(regions_of(BALL.astype(np.uint8)))


def image(*, lesion: float, noise: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(BALL, lesion, 100.0) + noise * rng.normal(size=GRID.shape_kji)


@pytest.mark.parametrize(("lesion", "expected"), [(60.0, 8.0), (140.0, 8.0), (100.0, 0.0)])
def test_it_is_contrast_over_noise_dark_or_bright(lesion: float, expected: float) -> None:
    found = contrast_to_noise(Volume(image(lesion=lesion, noise=5.0), GRID), REGION, LIVER)
    assert found == pytest.approx(expected, abs=0.35)


def test_a_neighbor_and_what_lies_outside_the_liver_hardly_count() -> None:
    values = image(lesion=60.0, noise=5.0)
    alone = contrast_to_noise(Volume(values, GRID), REGION, LIVER)
    values[ellipsoid(GRID, np.add(MIDDLE, [15.0, 0.0, 0.0]), (7.0, 7.0, 7.0))] = 20.0
    values[~LIVER] = 1e6
    assert contrast_to_noise(Volume(values, GRID), REGION, LIVER) == pytest.approx(alone, rel=0.15)


def test_without_liver_around_or_noise_it_is_unknown() -> None:
    assert contrast_to_noise(Volume(image(lesion=60.0, noise=5.0), GRID), REGION, BALL) is None
    assert contrast_to_noise(Volume(image(lesion=60.0, noise=0.0), GRID), REGION, LIVER) is None
