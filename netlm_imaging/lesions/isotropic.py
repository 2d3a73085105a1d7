"""The anatomy on an isotropic grid, where ``plan.grid_mm`` asks for one (planner.md)."""

from __future__ import annotations

from collections.abc import Iterator

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.anatomy import Anatomy, segment_name
from netlm_imaging.errors import Notice
from netlm_imaging.geometry import Box, FloatArray, Grid
from netlm_imaging.volume import BoolArray, LabelMap, Mask, bounding_box


def on_isotropic_grid(anatomy: Anatomy, *, grid_mm: float) -> tuple[Anatomy, tuple[Notice, ...]]:
    """``anatomy`` on voxels of ``grid_mm``, each mask by its signed distance.

    The level of the distance is the one that keeps the volume of the mask. The new grid has the axes of
    the old one and covers the same box. Ids are kept; a lesion too small to hold a voxel center keeps one
    voxel. Notices GRID_CHANGED give every volume before and after.
    """
    old, new = anatomy.grid, isotropic(anatomy.grid, grid_mm)
    lesions, kept_small, lost = _lesions(anatomy.lesions, new)
    tumor = lesions > 0
    liver = _mask(anatomy.liver.array, old, new) | tumor
    cysts = None if anatomy.cysts is None else _mask(anatomy.cysts.array, old, new) & liver & ~tumor
    after = Anatomy(
        liver=Mask(liver, new),
        lesions=LabelMap(lesions, new),
        segments=_segments(anatomy, liver, new),
        vessels=_optional(anatomy.vessels, new),
        vessels_traced=anatomy.vessels_traced,
        portal_vein=_optional(anatomy.portal_vein, new),
        cysts=None if cysts is None else Mask(cysts, new),
        spleen=_optional(anatomy.spleen, new),
        bile_ducts=_optional(anatomy.bile_ducts, new),
        gallbladder=_optional(anatomy.gallbladder, new),
        bowel=_optional(anatomy.bowel, new),
    )
    return after, (*_changes(anatomy, after, grid_mm=grid_mm), *_small(kept_small, lost))


def isotropic(grid: Grid, grid_mm: float) -> Grid:
    """The grid of ``grid_mm`` voxels with the axes and the center of ``grid`` that covers its box."""
    old = np.asarray(grid.spacing_kji_mm)
    k, j, i = np.maximum(np.ceil(np.asarray(grid.shape_kji) * old / grid_mm - 1e-6), 1).astype(int).tolist()
    middle = (np.asarray(grid.shape_kji) - 1) / 2.0
    first = middle - (np.array([k, j, i]) - 1) / 2.0 * grid_mm / old
    x, y, z = grid.to_patient(first).tolist()
    return Grid(
        shape_kji=(k, j, i),
        spacing_mm=(grid_mm, grid_mm, grid_mm),
        origin_mm=(x, y, z),
        direction=grid.direction,
    )


def _optional(mask: Mask | None, new: Grid) -> Mask | None:
    return None if mask is None else Mask(_mask(mask.array, mask.grid, new), new)


def _mask(array: BoolArray, old: Grid, new: Grid) -> BoolArray:
    moved = np.zeros(new.shape_kji, dtype=bool)
    if array.any():
        box, signed = _signed_distance(array, old, new)
        moved[box] = signed > 0
    return moved


def _signed_distance(array: BoolArray, old: Grid, new: Grid) -> tuple[Box, FloatArray]:
    """How deep (mm) the centers of ``new`` lie in a mask, negative outside, in the block that holds it."""
    spacing = old.spacing_kji_mm
    # Two voxels more of either grid, so that the surface is interpolated on both its sides.
    near = bounding_box(array, old, margin_mm=2.0 * max(*spacing, *new.spacing_mm))
    inside = array[near].copy()  # edt refuses read-only arrays
    depth, height = (edt.edt(m, anisotropy=spacing, black_border=False) for m in (inside, ~inside))
    # Where the block is all mask there is no outside to be far from.
    signed = np.nan_to_num(depth, posinf=1e6) - np.nan_to_num(height, posinf=1e6)
    step = np.asarray(new.spacing_kji_mm) / spacing
    zero = old.to_index(new.origin_mm)
    start = np.maximum(np.ceil((np.array([s.start for s in near]) - 0.5 - zero) / step).astype(int), 0)
    stop = np.floor((np.array([s.stop for s in near]) - 0.5 - zero) / step).astype(int) + 1
    stop = np.maximum(np.minimum(stop, new.shape_kji), start + 1)
    k, j, i = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    moved = ndimage.affine_transform(
        signed.astype(np.float32),
        step,
        offset=zero + start * step - [s.start for s in near],
        output_shape=tuple((stop - start).tolist()),
        order=1,
        mode="nearest",
    )
    return (k, j, i), moved - _level_mm(
        moved, voxels=int(inside.sum()) * old.voxel_ml / new.voxel_ml, old=old
    )


def _level_mm(signed: FloatArray, *, voxels: float, old: Grid) -> float:
    """The level of ``signed`` that holds as many voxels as the mask had volume.

    Linear interpolation between thick slices cuts round shapes down by a few percent; the level makes
    up for it, but never moves the surface by more than half an old voxel.
    """
    count = min(max(round(voxels), 1), signed.size - 1)
    around = np.partition(signed.ravel(), [signed.size - count - 1, signed.size - count])
    level = float(around[signed.size - count - 1 : signed.size - count + 1].mean())
    return float(np.clip(level, -0.5 * max(old.spacing_mm), 0.5 * max(old.spacing_mm)))


def _lesions(lesions: LabelMap, new: Grid) -> tuple[npt.NDArray[np.int32], list[int], list[int]]:
    """Lesions on ``new``, and the ids that kept one voxel only because they are kept, and those lost."""
    labels = np.zeros(new.shape_kji, dtype=np.int32)
    deepest = np.zeros(new.shape_kji, dtype=np.float32)
    best: dict[int, tuple[int, ...]] = {}
    for label in lesions.labels:
        box, signed = _signed_distance(lesions.array == label, lesions.grid, new)
        wins = signed > deepest[box]
        labels[box][wins] = label
        deepest[box][wins] = signed[wins]
        place = np.unravel_index(int(np.argmax(signed)), signed.shape)
        best[label] = tuple(int(n) + s.start for n, s in zip(place, box, strict=True))
    missing = sorted(set(best) - set(np.unique(labels).tolist()))
    kept = []
    for label in missing:
        if labels[best[label]] == 0:
            labels[best[label]] = label
            kept.append(label)
    return labels, kept, sorted(set(missing) - set(kept))


def _segments(anatomy: Anatomy, liver: BoolArray, new: Grid) -> LabelMap | None:
    """Every liver voxel goes to the segment (or to none, label 0) in which it lies deepest."""
    if anatomy.segments is None:
        return None
    labels = np.zeros(new.shape_kji, dtype=np.uint8)
    deepest = np.full(new.shape_kji, -np.inf, dtype=np.float32)
    for label in range(9):
        part = (anatomy.segments.array == label) & anatomy.liver.array
        if part.any():
            box, signed = _signed_distance(part, anatomy.grid, new)
            wins = signed > deepest[box]
            labels[box][wins] = label
            deepest[box][wins] = signed[wins]
    return LabelMap(np.where(liver, labels, 0).astype(np.uint8), new)


def _changes(before: Anatomy, after: Anatomy, *, grid_mm: float) -> Iterator[Notice]:
    named = [("liver", before.liver, after.liver), ("vessels", before.vessels, after.vessels)]
    named += [("portal vein", before.portal_vein, after.portal_vein)]
    named += [("cysts", before.cysts, after.cysts), ("spleen", before.spleen, after.spleen)]
    named += [(name, mask, after.protected[name]) for name, mask in before.protected.items()]
    parts = {name: [_change(name, a, b)] for name, a, b in named if a is not None and b is not None}
    parts["lesions"] = [
        _change(f"lesion {n}", before.lesions.mask(n), after.lesions.mask(n)) for n in before.lesions.labels
    ]
    if before.segments is not None and after.segments is not None:
        parts["segments"] = [
            _change(f"segment {segment_name(n)}", before.segments.mask(n), after.segments.mask(n))
            for n in before.segments.labels
        ]
    for where, changes in parts.items():
        if changes:
            message = f"Planned on an isotropic grid of {grid_mm:g} mm: " + "; ".join(changes) + "."
            yield Notice(code="GRID_CHANGED", message=message, where=where)


def _change(name: str, before: Mask, after: Mask) -> str:
    old, now = before.volume_ml, after.volume_ml
    percent = f" ({100.0 * (now / old - 1.0):+.1f} %)" if old else ""
    return f"{name} {old:.3f} -> {now:.3f} mL{percent}"


def _small(kept: list[int], lost: list[int]) -> Iterator[Notice]:
    for ids, what in (
        (kept, "would hold no voxel of the coarser grid and keep one"),
        (lost, "are lost on it"),
    ):
        if ids:
            message = f"Lesions too small for the grid: {', '.join(map(str, ids))} {what}."
            yield Notice(code="LESION_BELOW_GRID", message=message, where="lesions")
