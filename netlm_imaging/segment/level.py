"""The liver's own brightness across the field of view: where it is found, and how the coil bends it."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.segment.morphology import Floats, Spacing, largest, opened, shrunk
from netlm_imaging.volume import BoolArray

COARSE_MM = 4.0
"""Voxel of the first search: a liver is 100 to 200 mm wide."""
SEED_MM = 36.0
"""The seed is a block of this size: bigger than any vessel, small beside any liver."""
SEED_PERCENTILE = 30
"""A block's brightness: low enough that a bright rim does not count, high enough for vessels in it."""
FIRST_BAND = (0.75, 1.45)
"""Of the seed's brightness: what may be liver before the coil's field is known (ours)."""
LATER_BAND = (0.85, 1.20)
NECK_MM = 6.0
"""Contacts narrower than twice this (to kidney, heart, stomach) are cut."""
FIELD_DEGREE = 2
ROUNDS = 3


def coarse_factors(spacing: Spacing) -> tuple[int, int, int]:
    """How many voxels along k, j, i make one of about COARSE_MM."""
    k, j, i = (max(1, round(COARSE_MM / step)) for step in spacing)
    return k, j, i


def block_means(image: npt.NDArray[np.generic], factors: tuple[int, int, int]) -> Floats:
    """Means of blocks of voxels; the edge is repeated to make the last block whole."""
    rest = [(0, -n % f) for n, f in zip(image.shape, factors, strict=True)]
    whole = np.pad(image, rest, mode="edge")
    split = whole.reshape([v for n, f in zip(whole.shape, factors, strict=True) for v in (n // f, f)])
    return np.asarray(split.mean(axis=(1, 3, 5), dtype=np.float32))


def rough_liver(image: Floats, spacing: Spacing) -> tuple[BoolArray, npt.NDArray[np.float64]]:
    """The bright organ on the patient's right and the field fitted to it, on a coarse canonical image.

    Returns (region, coefficients for ``field``); the region is empty when nothing bright is there.
    """
    seed = _seed(image, spacing)
    level = float(np.median(image[seed]))
    coefficients = np.zeros(len(_powers()))
    coefficients[0] = np.log(max(level, 1e-6))
    region = _bright_organ(image / np.float32(level), FIRST_BAND, seed, spacing)
    for _ in range(ROUNDS):
        core = shrunk(region, COARSE_MM, spacing)
        if np.count_nonzero(core) < 5 * len(coefficients):
            break
        coefficients = _fitted(image, core)
        region = _bright_organ(image / field(coefficients, image.shape), LATER_BAND, seed, spacing)
    return region, coefficients


def field(coefficients: npt.NDArray[np.float64], shape: tuple[int, ...]) -> Floats:
    """Expected brightness of liver at every voxel of an array that spans the same field of view."""
    axes = [((np.arange(n) + 0.5) / n * 2 - 1).astype(np.float32) for n in shape]
    total = np.zeros(shape, np.float32)
    for value, (a, b, c) in zip(coefficients, _powers(), strict=True):
        total += np.float32(value) * np.einsum("k,j,i->kji", axes[0] ** a, axes[1] ** b, axes[2] ** c)
    return np.exp(total)


def _seed(image: Floats, spacing: Spacing) -> BoolArray:
    """The block of homogeneous brightness that is the brightest in the patient's right half."""
    half = block_means(image, (2, 2, 2))
    size = [max(1, round(SEED_MM / step / 2)) for step in spacing]
    brightness = ndimage.percentile_filter(half, SEED_PERCENTILE, size=size, mode="constant")
    brightness[:, :, _middle_column(half) :] = 0  # canonical: i grows to the patient's left
    center = np.unravel_index(int(np.argmax(brightness)), half.shape)
    seed = np.zeros(image.shape, bool)
    seed[tuple(slice(max(0, 2 * c - s), 2 * c + s + 1) for c, s in zip(center, size, strict=True))] = True
    return seed


def _middle_column(image: Floats) -> int:
    """The column in the middle of the body."""
    weight = np.cumsum((image > image.mean()).sum(axis=(0, 1)))
    return int(np.searchsorted(weight, weight[-1] / 2)) if weight[-1] else image.shape[2] // 2


def _bright_organ(ratio: Floats, band: tuple[float, float], seed: BoolArray, spacing: Spacing) -> BoolArray:
    inside = (ratio > band[0]) & (ratio < band[1])
    return largest(opened(inside, NECK_MM, spacing), inside=seed)


def _fitted(image: Floats, core: BoolArray) -> npt.NDArray[np.float64]:
    """Least squares on log brightness; darker voxels (lesions, vessels) are dropped in a second pass."""
    where = np.argwhere(core)
    axes = ((where + 0.5) / core.shape * 2 - 1).T
    design = np.stack([axes[0] ** a * axes[1] ** b * axes[2] ** c for a, b, c in _powers()], axis=1)
    target = np.log(np.maximum(image[core], 1e-6)).astype(np.float64)
    keep = np.ones(len(target), bool)
    for _ in range(3):
        coefficients, *_ = np.linalg.lstsq(design[keep], target[keep], rcond=None)
        residual = target - design @ coefficients
        keep = np.abs(residual) < max(0.02, 2.0 * float(np.median(np.abs(residual))))
    return np.asarray(coefficients)


def _powers() -> list[tuple[int, int, int]]:
    degrees = range(FIELD_DEGREE + 1)
    every = [(a, b, c) for a, b, c in product(degrees, degrees, degrees) if a + b + c <= FIELD_DEGREE]
    return sorted(every, key=lambda p: (sum(p), p))
