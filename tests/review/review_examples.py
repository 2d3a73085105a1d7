"""Masks to be edited: never isotropic, never symmetric."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from strategies import ellipsoid, grids, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((38, 52, 61), (1.1, 0.9, 1.7), euler_degrees=(12.0, -7.0, 23.0))
MIDDLE = GRID.to_patient((np.asarray(GRID.shape_kji) - 1) / 2)


def ball(offset_mm: tuple[float, float, float], radius_mm: float, grid: Grid = GRID) -> np.ndarray:
    """A ball beside the middle of ``grid``; ``offset_mm`` in LPS."""
    middle = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2)
    return ellipsoid(grid, middle + np.asarray(offset_mm), (radius_mm,) * 3)


def index_of(offset_mm: tuple[float, float, float], grid: Grid = GRID) -> np.ndarray:
    """The fractional index of a point beside the middle."""
    middle = grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2)
    return grid.to_index(middle + np.asarray(offset_mm))


@st.composite
def label_arrays(draw: st.DrawFn, *, max_side: int = 8) -> tuple[Grid, np.ndarray]:
    """Labels 1 to 4 in random voxels; 1 is always there."""
    grid = draw(grids(max_side=max_side))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.where(rng.random(grid.shape_kji) < 0.4, rng.integers(1, 5, grid.shape_kji), 0)
    labels.ravel()[rng.integers(labels.size)] = 1
    return grid, labels.astype(np.int32)


def anatomy_of(grid: Grid, labels: np.ndarray, rng: np.random.Generator) -> Anatomy:
    """A liver with holes and a rim, segments, vessels and cysts, and ``labels`` cut to it as lesions."""
    liver = rng.random(grid.shape_kji) > 0.1
    liver[(0,) * 3] = True
    segments = np.where(liver, rng.integers(1, 9, grid.shape_kji), 0).astype(np.uint8)
    return Anatomy(
        liver=Mask(liver, grid),
        lesions=LabelMap(np.where(liver, labels, 0), grid),
        segments=LabelMap(segments, grid),
        vessels=Mask(rng.random(grid.shape_kji) < 0.05, grid),
        cysts=Mask(liver & (rng.random(grid.shape_kji) < 0.1), grid),
    )
