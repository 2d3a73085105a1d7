"""What a wedge takes out: a core grown by the margin and swept along the access path."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.plan.distances import TOLERANCE_MM, surface_distance_mm
from netlm_imaging.plan.workspace import Workspace, within
from netlm_imaging.volume import BoolArray

Single = npt.NDArray[np.float32]
FIRST_STEP_VOXELS = 0.5
"""The sweep starts with steps this long, in units of the smallest spacing, and doubles them."""


class Core:
    """Lesions, and what lies between them, that a wedge takes out; measured once for all its paths."""

    def __init__(
        self, space: Workspace, lesions: Sequence[int], core: BoolArray, box: Box, *, margin_mm: float
    ) -> None:
        """``core`` lies at ``box`` of the workspace; it is ``lesions`` and what lies between them."""
        self._space, self._margin_mm = space, margin_mm
        # Two voxels more: the sweep interpolates where the distance passes the margin.
        self._box = space.grown_box(box, margin_mm=margin_mm + 2.0 * space.spacing)
        if len(lesions) == 1:
            distance = space.distance_mm(self._box, lesions[0])
        else:
            distance = surface_distance_mm(_moved(core, box, self._box), space.grid)
        self._distance = distance.astype(np.float32)

    def swept(self, path_mm: FloatArray) -> tuple[BoolArray, Box]:
        """Voxels within the margin of the core anywhere on its way along ``path_mm``, and their box."""
        space = self._space
        box = space.grown_box(self._box, margin_mm=np.abs(path_mm) + space.spacing)
        distance: Single = np.full([s.stop - s.start for s in box], np.inf, dtype=np.float32)
        distance[within(self._box, box)] = self._distance
        return _swept_minimum(distance, path_mm, space.spacing) <= self._margin_mm + TOLERANCE_MM, box


def _moved(mask: BoolArray, box: Box, larger: Box) -> BoolArray:
    moved = np.zeros([s.stop - s.start for s in larger], dtype=bool)
    moved[within(box, larger)] = mask
    return moved


def _swept_minimum(distance: Single, path_mm: FloatArray, spacing: FloatArray) -> Single:
    """The smallest ``distance`` of all points p - t * path, t in [0, 1], at each voxel p.

    Each round doubles the stretch that the minimum covers, so a few shifts make a fine sweep.
    """
    length = float(np.linalg.norm(path_mm))
    covered, step = 0.0, FIRST_STEP_VOXELS * float(spacing.min())
    while covered < length:
        move = min(max(step, covered), length - covered)
        distance = np.minimum(distance, _shifted(distance, path_mm / length * move / spacing))
        covered += move
    return distance


def _shifted(values: Single, voxels: FloatArray) -> Single:
    """``values`` moved by a number of ``voxels`` along each axis, linear between voxels, infinite outside."""
    # A part of a voxel that is but rounding must not let infinity in.
    for axis, shift in enumerate(voxels.round(6).tolist()):
        whole = int(np.floor(shift))
        share = np.float32(shift - whole)
        near = _rolled(values, whole, axis)
        if share > 0.0:
            beyond = _rolled(values, whole + 1, axis)
            near *= np.float32(1.0) - share
            beyond *= share
            near += beyond
        values = near
    return values


def _rolled(values: Single, by: int, axis: int) -> Single:
    size = values.shape[axis]
    by = max(-size, min(by, size))
    kept, of, edge = [slice(None)] * 3, [slice(None)] * 3, [slice(None)] * 3
    kept[axis], of[axis] = slice(max(by, 0), size + min(by, 0)), slice(max(-by, 0), size - max(by, 0))
    edge[axis] = slice(0, by) if by > 0 else slice(size + by, size)
    moved = np.empty_like(values)
    moved[tuple(kept)] = values[tuple(of)]
    moved[tuple(edge)] = np.inf
    return moved
