"""A tilted or unevenly spaced stack onto a regular grid, by the true positions of its slices."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.stack import Stack, usual_step


def resample_stack(
    slices: npt.NDArray[np.float32], stack: Stack, first: Header
) -> tuple[npt.NDArray[np.float32], Grid]:
    """Linear interpolation of ``slices`` [k, j, i] (in the stack's order) onto its usual step.

    The first slice keeps its place; what a shifted slice does not reach holds its lowest value.
    """
    positions = np.asarray(stack.positions_mm)
    step = usual_step(positions)
    count = int(np.floor(positions[-1] / step + 1e-6)) + 1
    down, across = first.pixel_spacing or (1.0, 1.0)
    straight = np.empty_like(slices)
    for k, (right, below) in enumerate(stack.shifts_mm):
        ndimage.shift(
            slices[k],
            (below / down, right / across),
            output=straight[k],
            order=1,
            mode="grid-constant",
            cval=float(slices[k].min()),
        )
    wanted = np.minimum(np.arange(count) * step, positions[-1])
    upper = np.clip(np.searchsorted(positions, wanted), 1, len(positions) - 1)
    weight = ((wanted - positions[upper - 1]) / (positions[upper] - positions[upper - 1])).astype(np.float32)
    resampled = np.empty((count, *slices.shape[1:]), dtype=np.float32)
    for k, (n, w) in enumerate(zip(upper, weight, strict=True)):
        resampled[k] = straight[n - 1] * (1 - w) + straight[n] * w
    row, column = np.reshape(np.asarray(first.orientation), (2, 3))
    axes = np.column_stack([row, column, np.cross(row, column)])
    grid = Grid(
        shape_kji=resampled.shape,
        spacing_mm=(across, down, step),
        origin_mm=tuple(first.position or ()),  # type: ignore[arg-type]
        direction=tuple(axes.ravel().tolist()),
    )
    return resampled, grid
