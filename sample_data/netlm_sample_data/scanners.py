"""From a perfect image to what a scanner gives: bias field, Rician noise, point spread, counting noise."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.geometry import Grid
from netlm_sample_data.render import FloatImage

LIVER_CV_PERCENT = 4.0
"""Noise of the liver on HBP (Yonsei Med J 2014: 4.1 +- 0.9 %)."""
BIAS_PERCENT = 12.0
"""Largest deviation of the coil sensitivity from its mean."""
PET_FWHM_MM = 6.5
"""Image point spread of 68Ga with usual filtering (clinical-rules 8)."""
PET_LIVER_CV_PERCENT = 9.0
PET_NOISE_FWHM_MM = 5.0
CT_NOISE_HU = 16.0
FWHM_PER_SIGMA = 2.3548


def mr_image(ideal: FloatImage, *, liver: float, rng: np.random.Generator) -> npt.NDArray[np.uint16]:
    """Stored values of an MR sequence whose liver has the signal ``liver`` (``ideal``: liver = 100)."""
    signal = ideal * np.float32(liver / 100) * _bias_field(ideal.shape, rng)
    sigma = np.float32(liver * LIVER_CV_PERCENT / 100)
    real = signal + sigma * rng.standard_normal(signal.shape, np.float32)
    imaginary = sigma * rng.standard_normal(signal.shape, np.float32)
    return np.asarray(np.rint(np.hypot(real, imaginary)), np.uint16)


def _bias_field(shape: tuple[int, ...], rng: np.random.Generator) -> FloatImage:
    """A smooth factor about 1: a random polynomial of degree 2 along each axis."""
    field = np.zeros(shape, np.float32)
    for axis, size in enumerate(shape):
        t = np.linspace(-1, 1, size, dtype=np.float32)
        slope, bow = rng.uniform(-1, 1, 2)
        values = np.float32(slope) * t + np.float32(bow) * (t * t - np.float32(1 / 3))
        field += values.reshape([-1 if a == axis else 1 for a in range(3)])
    field *= np.float32(BIAS_PERCENT / 100) / np.abs(field).max()
    return 1 + field


def pet_image(
    suv: FloatImage, grid: Grid, *, bin_ji: int, rng: np.random.Generator
) -> tuple[FloatImage, Grid]:
    """SUV after point spread and noise, on the grid binned ``bin_ji`` times in plane."""
    sigma = [PET_FWHM_MM / FWHM_PER_SIGMA / step for step in grid.spacing_kji_mm]
    blurred = ndimage.gaussian_filter(suv, sigma, mode="nearest", truncate=3)
    k, j, i = blurred.shape
    coarse = blurred.reshape(k, j // bin_ji, bin_ji, i // bin_ji, bin_ji).mean(axis=(2, 4), dtype=np.float32)
    coarse_grid = _binned(grid, bin_ji)
    # Counting noise: its variance follows the activity, its grain the reconstruction.
    grain = rng.standard_normal(coarse.shape, np.float32)
    width = [PET_NOISE_FWHM_MM / FWHM_PER_SIGMA / step for step in coarse_grid.spacing_kji_mm]
    grain = ndimage.gaussian_filter(grain, width, mode="wrap")
    grain /= grain.std()
    liver = np.float32(4.8)
    noise = (
        np.float32(PET_LIVER_CV_PERCENT / 100) * np.sqrt(np.maximum(coarse, np.float32(0.02)) * liver) * grain
    )
    return np.maximum(coarse + noise, np.float32(0)), coarse_grid


def ct_image(ideal: FloatImage, *, rng: np.random.Generator) -> FloatImage:
    """Low-dose CT numbers in HU."""
    noise = ndimage.gaussian_filter(rng.standard_normal(ideal.shape, np.float32), (0, 0.6, 0.6), mode="wrap")
    noise *= np.float32(CT_NOISE_HU) / noise.std()
    return np.asarray(np.clip(np.rint(ideal + noise), -1024, 3071), np.float32)


def _binned(grid: Grid, times: int) -> Grid:
    k, j, i = grid.shape_kji
    half = (times - 1) / 2
    x, y, z = (float(v) for v in grid.to_patient([0.0, half, half]))
    sx, sy, sz = grid.spacing_mm
    return Grid(
        shape_kji=(k, j // times, i // times),
        spacing_mm=(sx * times, sy * times, sz),
        origin_mm=(x, y, z),
        direction=grid.direction,
    )
