"""Reusable makers of geometry for tests: never isotropic, never axis-aligned only, never at the origin."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from netlm_imaging.geometry import Grid


def oblique_grid(
    shape_kji: tuple[int, int, int] = (11, 17, 23),
    spacing_mm: tuple[float, float, float] = (0.9, 1.3, 2.1),
    *,
    euler_degrees: tuple[float, float, float] = (12.0, -7.0, 23.0),
    origin_mm: tuple[float, float, float] = (-31.0, 57.0, 140.0),
    left_handed: bool = False,
) -> Grid:
    """An asymmetric, oblique, off-origin grid."""
    axes = Rotation.from_euler("xyz", euler_degrees, degrees=True).as_matrix()
    if left_handed:
        axes = axes @ np.diag([1.0, 1.0, -1.0])
    return Grid(
        shape_kji=shape_kji,
        spacing_mm=spacing_mm,
        origin_mm=origin_mm,
        direction=tuple(axes.ravel().tolist()),
    )


def ellipsoid(
    grid: Grid,
    center_lps_mm: npt.ArrayLike,
    semi_axes_mm: npt.ArrayLike,
    axes: npt.ArrayLike | None = None,
) -> npt.NDArray[np.bool_]:
    """Voxels [k, j, i] whose centers lie in the ellipsoid; ``axes`` columns are its directions in LPS."""
    middle, farthest = grid.to_index(center_lps_mm), np.max(semi_axes_mm) / np.asarray(grid.spacing_kji_mm)
    low = np.ceil(middle - farthest - 1.0).clip(0, grid.shape_kji).astype(int)
    high = np.floor(middle + farthest + 2.0).clip(0, grid.shape_kji).astype(int)
    block = np.moveaxis(np.indices(np.maximum(high - low, 0)), 0, -1) + low
    points = grid.to_patient(block) - np.asarray(center_lps_mm)
    if axes is not None:
        points = points @ np.asarray(axes)
    inside = np.zeros(grid.shape_kji, dtype=bool)
    where = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    inside[where] = ((points / np.asarray(semi_axes_mm)) ** 2).sum(axis=-1) <= 1.0
    return inside


@st.composite
def grids(draw: st.DrawFn, *, max_side: int = 9) -> Grid:
    """Grids of any orientation, either handedness, unequal shape and spacing."""
    shape = draw(st.tuples(*[st.integers(2, max_side)] * 3))
    spacing = draw(st.tuples(*[st.floats(0.3, 6.0)] * 3))
    origin = draw(st.tuples(*[st.floats(-300.0, 300.0)] * 3))
    euler = draw(st.tuples(*[st.floats(-180.0, 180.0)] * 3))
    left_handed = draw(st.booleans())
    return oblique_grid(shape, spacing, euler_degrees=euler, origin_mm=origin, left_handed=left_handed)
