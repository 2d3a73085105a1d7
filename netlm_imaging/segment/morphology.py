"""Regions grown, shrunk and cleaned by millimeters on anisotropic arrays [k, j, i]."""

from __future__ import annotations

from typing import Any, Literal

import cc3d
import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.volume import BoolArray

Spacing = tuple[float, float, float]
"""k, j, i spacing in mm."""
Floats = npt.NDArray[np.float32]


def depth_mm(region: BoolArray, spacing: Spacing) -> Floats:
    """Distance of each voxel inside to the nearest one outside; the array's edge is no outside."""
    return np.asarray(edt.edt(np.ascontiguousarray(region), anisotropy=spacing, parallel=1))


def shrunk(region: BoolArray, radius_mm: float, spacing: Spacing) -> BoolArray:
    """The centers of balls of this radius that fit inside."""
    return np.asarray(depth_mm(region, spacing) > radius_mm)


def grown(region: BoolArray, radius_mm: float, spacing: Spacing) -> BoolArray:
    """All voxels within this distance."""
    return ~shrunk(~region, radius_mm, spacing) if region.any() else region.copy()


def opened(region: BoolArray, radius_mm: float, spacing: Spacing) -> BoolArray:
    """What a ball of this radius can sweep from inside."""
    return grown(shrunk(region, radius_mm, spacing), radius_mm, spacing) & region


def closed(region: BoolArray, radius_mm: float, spacing: Spacing) -> BoolArray:
    """The region with all gaps filled that a ball of this radius cannot enter."""
    return shrunk(grown(region, radius_mm, spacing), radius_mm, spacing) | region


def smoothed(image: npt.NDArray[Any], sigma_mm: float, spacing: Spacing) -> Floats:
    """Gaussian smoothing by the same length along every axis."""
    sigma = [sigma_mm / step for step in spacing]
    return np.asarray(ndimage.gaussian_filter(np.asarray(image, np.float32), sigma, truncate=3.0))


def components(region: BoolArray, *, connectivity: Literal[6, 26] = 6) -> tuple[npt.NDArray[np.uint32], int]:
    """Connected parts, labeled 1 to n."""
    whole = np.ascontiguousarray(region)
    if connectivity == 6:
        labels, count = cc3d.connected_components(whole, connectivity=6, return_N=True)
    else:
        labels, count = cc3d.connected_components(whole, connectivity=26, return_N=True)
    return labels.astype(np.uint32, copy=False), int(count)


def largest(region: BoolArray, *, inside: BoolArray | None = None) -> BoolArray:
    """The largest connected part, counted within ``inside``; empty when there is none."""
    labels, count = components(region)
    counted = labels.ravel() if inside is None else labels[inside]
    sizes = np.bincount(counted, minlength=count + 1)
    sizes[0] = 0
    if not sizes.any():
        return np.zeros_like(region)
    return np.asarray(labels == int(np.argmax(sizes)))


def filled(region: BoolArray) -> BoolArray:
    """The region with its cavities: whatever is not connected to the edge of the array."""
    outside, _ = components(np.pad(~region, 1, constant_values=True))
    return np.asarray(outside != outside[0, 0, 0])[1:-1, 1:-1, 1:-1]
