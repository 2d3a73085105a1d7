"""Masks onto the planning grid, by the patient coordinates of their voxels alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Box, FloatArray, Grid
from netlm_imaging.volume import LabelMap, bounding_box

LATTICE_TOLERANCE = 0.01
"""Lattices coincide when no center is off by more than this share of a voxel (as bad-input row 7)."""


@dataclass(frozen=True, slots=True)
class _IndexMap:
    """Where a voxel of the new grid lies in the old array: ``old = matrix @ new + offset`` (k, j, i)."""

    matrix: FloatArray
    offset: FloatArray

    @classmethod
    def between(cls, new: Grid, old: Grid) -> _IndexMap:
        corners = old.to_index(new.to_patient(np.vstack([np.zeros(3), np.eye(3)])))
        return cls((corners[1:] - corners[0]).T, corners[0])

    def is_exact(self, shape_kji: tuple[int, ...]) -> bool:
        """Whether all voxels of an array of this shape fall on voxel centers: flips, permutations, crops."""
        whole = np.rint(self.matrix)
        drift = np.abs(self.matrix - whole) @ np.asarray(shape_kji, dtype=float)
        off = float((drift + np.abs(self.offset - np.rint(self.offset))).max())
        return off <= LATTICE_TOLERANCE and bool(np.array_equal(np.abs(whole @ whole.T), np.eye(3)))


def bring_labels(labels: LabelMap, grid: Grid, *, name: str) -> tuple[LabelMap, tuple[Notice, ...]]:
    """``labels`` at the voxel centers of ``grid``: the value of the nearest voxel, 0 outside.

    Exact, voxel for voxel, where the two lattices coincide up to flips, axis order and cropping.
    ``name`` stands for the mask in messages. Notices: RESAMPLED_MASK, MASK_CUT, LABELS_LOST.
    Raises InputError (NO_OVERLAP) when no part of a non-empty mask lies inside ``grid``.
    """
    if labels.grid.same_as(grid):
        return labels, ()
    result = np.zeros(grid.shape_kji, dtype=labels.array.dtype)
    if not labels.array.any():
        return LabelMap(result, grid), ()
    mapping = _IndexMap.between(grid, labels.grid)
    inside_ml = _volume_inside_ml(labels, grid)
    box = _box_in(grid, labels)
    result[box] = _nearest(labels.array, mapping, box)
    if inside_ml == 0.0 and not result.any():
        raise _no_overlap(labels, grid, name)
    brought = LabelMap(result, grid)
    exact = mapping.is_exact(grid.shape_kji)
    return brought, _notices(labels, brought, exact=exact, inside_ml=inside_ml, name=name)


def _box_in(grid: Grid, labels: LabelMap) -> Box:
    """The voxels of ``grid`` that could lie in a labeled voxel."""
    box = bounding_box(labels.array, labels.grid)
    edges = np.array([(s.start - 0.5, s.stop - 0.5) for s in box])
    corners = np.stack(np.meshgrid(*edges, indexing="ij"), axis=-1).reshape(-1, 3)
    index = grid.to_index(labels.grid.to_patient(corners))
    start = np.clip(np.floor(index.min(axis=0)), 0, grid.shape_kji).astype(int)
    stop = np.clip(np.ceil(index.max(axis=0)) + 1, start, grid.shape_kji).astype(int)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    return (k, j, i)


def _nearest(array: npt.NDArray[Any], mapping: _IndexMap, box: Box) -> npt.NDArray[Any]:
    """The old values at the new voxels of ``box``; slice by slice, so that memory stays small."""
    k_range, j_range, i_range = (np.arange(s.start, s.stop) for s in box)
    plane = (
        mapping.offset
        + j_range[:, None, None] * mapping.matrix[:, 1]
        + i_range[None, :, None] * mapping.matrix[:, 2]
    )
    result = np.zeros((len(k_range), len(j_range), len(i_range)), dtype=array.dtype)
    for n, k in enumerate(k_range):
        index = np.rint(plane + k * mapping.matrix[:, 0]).astype(np.intp)
        inside = ((index >= 0) & (index < array.shape)).all(axis=-1)
        result[n][inside] = array[tuple(index[inside].T)]
    return result


def _volume_inside_ml(labels: LabelMap, grid: Grid) -> float:
    """mL of labeled voxels whose centers lie within the extent of ``grid``."""
    index = grid.to_index(labels.grid.to_patient(np.argwhere(labels.array)))
    within = ((index >= -0.5) & (index <= np.asarray(grid.shape_kji) - 0.5)).all(axis=-1)
    return float(np.count_nonzero(within)) * labels.grid.voxel_ml


def _notices(
    before: LabelMap, after: LabelMap, *, exact: bool, inside_ml: float, name: str
) -> tuple[Notice, ...]:
    notices = []
    before_ml, after_ml = before.any.volume_ml, after.any.volume_ml
    if not exact:
        message = (
            f"The mask lay on another grid and was brought onto the image's by its coordinates (nearest"
            f" voxel): {before_ml:.2f} mL before, {after_ml:.2f} mL after."
        )
        notices.append(Notice(code="RESAMPLED_MASK", message=message, where=name))
    cut_ml = before_ml - inside_ml
    if cut_ml > before.grid.voxel_ml / 2:
        message = f"{cut_ml:.2f} mL of the mask's {before_ml:.2f} mL lie outside the image and were cut off."
        notices.append(Notice(code="MASK_CUT", message=message, where=name))
    lost = sorted(set(before.labels) - set(after.labels))
    if lost:
        message = (
            f"Labels {', '.join(map(str, lost))} ({before.mask(*lost).volume_ml:.3f} mL) hold no voxel center"
            " of the image's grid and are lost."
        )
        notices.append(Notice(code="LABELS_LOST", message=message, where=name))
    return tuple(notices)


def _no_overlap(labels: LabelMap, grid: Grid, name: str) -> InputError:
    box = bounding_box(labels.array, labels.grid)
    return InputError(
        Fault(
            code="NO_OVERLAP",
            expected=f"a mask inside the image: {_extent(grid)}",
            found=f"one that lies wholly outside it: {_extent(labels.grid.crop(box))}",
            where=name,
            remedy="Check that mask and image belong to one examination and one frame of reference",
        )
    )


def _extent(grid: Grid) -> str:
    corners = grid.corners_lps_mm()
    spans = zip("xyz", corners.min(axis=0), corners.max(axis=0), strict=True)
    return ", ".join(f"{axis} {low:.0f} to {high:.0f}" for axis, low, high in spans) + " mm LPS"
