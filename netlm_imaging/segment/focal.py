"""Dark things in a bright liver on HBP: which are blobs (lesions, cysts) and which are tubes (vessels).

Lesions and vessels have the same brightness (clinical-rules 8), so only shape tells them apart: each
dark structure is taken apart into its fattest parts, and each part is asked how compact it is and
how much of it goes on into other dark structures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from netlm_imaging.segment.morphology import Floats, Spacing, components, depth_mm, grown, opened
from netlm_imaging.volume import BoolArray

HALF_MAXIMUM = 0.79
"""Halfway between lesions or vessels (0.575) and liver (1.0), in units of the liver's brightness."""
SMALLEST_RADIUS_MM = 1.6
"""Inscribed radius below which nothing is called a blob: 4 mm lesions on slices of 3 mm still reach it."""
OPENING_SHARES = (0.6, 0.85)
"""Dark branches thinner than this share of a blob's inscribed radius are cut off; the second value is
for a lesion that sits on a vein almost as wide."""
WINDOW_RADII = 3.5
FAR_PERCENTILE = 98.0
COMPACT_REACH = 2.1
"""A blob's farthest point from its center, in inscribed radii: 1 for a ball, without limit for a tube."""
MAXIMUM_EXITS = 0.9
"""Cross-section of the dark branches that leave a blob, in its own cross-section: 2 for a tube."""
ROUND_REACH, ROUND_EXITS = 1.8, 1.2
"""A nearly round part may have wider branches: no stretch of vein is as round as this."""

Box = tuple[slice, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One fat part of a dark structure."""

    box: Box
    region: BoolArray
    """Within the box."""
    radius_mm: float
    """Of the largest ball inside."""
    reach: float
    """Distance of its far points from the center, in radii."""
    exits: float
    """Cross-section of what goes on from it, in its own."""

    @property
    def is_blob(self) -> bool:
        """Whether shape alone calls it a lesion or cyst."""
        compact = self.reach <= COMPACT_REACH and self.exits <= MAXIMUM_EXITS
        return compact or (self.reach <= ROUND_REACH and self.exits <= ROUND_EXITS)


def dark_parts(dark: BoolArray, spacing: Spacing) -> Iterator[Part]:
    """The parts of all dark structures, fattest first, until nothing as fat as a blob is left."""
    depth = depth_mm(np.pad(dark, 1), spacing)[1:-1, 1:-1, 1:-1].copy()
    half_voxel = min(spacing) / 2.0
    order = np.flatnonzero(depth > SMALLEST_RADIUS_MM)
    order = order[np.argsort(-depth.ravel()[order], kind="stable")]
    left = dark.copy()
    for index in order:
        center = np.unravel_index(int(index), dark.shape)
        if not left[center]:
            continue
        radius = float(depth[center]) - half_voxel
        part = _part(dark, left, center, radius, spacing)
        left[part.box] &= ~grown(part.region, half_voxel, spacing)
        left[center] = False
        if radius >= SMALLEST_RADIUS_MM:
            yield part


def _part(
    dark: BoolArray, left: BoolArray, center: tuple[np.intp, ...], radius: float, spacing: Spacing
) -> Part:
    sides = [int(np.ceil(WINDOW_RADII * radius / step)) + 1 for step in spacing]
    box = tuple(slice(max(0, int(c) - n), int(c) + n + 1) for c, n in zip(center, sides, strict=True))
    inner = tuple(int(c) - b.start for c, b in zip(center, box, strict=True))
    parts = (
        _described(box, _cut(dark[box], left[box], inner, share * radius, spacing), dark, radius, spacing)
        for share in OPENING_SHARES
    )
    first = next(parts)
    return first if first.is_blob else next((part for part in parts if part.is_blob), first)


def _cut(
    dark: BoolArray, left: BoolArray, center: tuple[int, ...], branch_mm: float, spacing: Spacing
) -> BoolArray:
    """What is dark around the center, without branches thinner than ``branch_mm``."""
    labels, _ = components(opened(np.pad(dark, 1), branch_mm, spacing)[1:-1, 1:-1, 1:-1] & left)
    region = (labels == labels[center]) & (labels > 0)
    region[center] = True
    return np.asarray(region)


def _described(box: Box, region: BoolArray, dark: BoolArray, radius: float, spacing: Spacing) -> Part:
    away = _distance_from_middle(region, spacing)[region]
    reach = float(np.percentile(away, FAR_PERCENTILE)) / radius
    return Part(box, region, radius, reach, _exits(dark[box], region, radius, spacing))


def _distance_from_middle(region: BoolArray, spacing: Spacing) -> npt.NDArray[np.float64]:
    middle = np.argwhere(region).mean(axis=0)
    offsets = np.meshgrid(
        *(np.arange(n) - m for n, m in zip(region.shape, middle, strict=True)), indexing="ij"
    )
    return np.asarray(np.linalg.norm([o * s for o, s in zip(offsets, spacing, strict=True)], axis=0))


def _exits(dark: BoolArray, region: BoolArray, radius: float, spacing: Spacing) -> float:
    """Dark area on a shell just outside the part, in cross-sections of its inscribed ball."""
    gap = depth_mm(~region, spacing)
    thickness = max(spacing)
    shell = (gap > 0.5 * thickness + 1.0) & (gap <= 1.5 * thickness + 1.0)
    joined, _ = components(dark, connectivity=26)
    own = np.unique(joined[region])
    share = np.isin(joined[shell], own[own > 0]).mean() if shell.any() else 0.0
    return float(share) * 4.0 * (radius + thickness + 1.0) ** 2 / radius**2


def edge_of(part: Part, sharp: Floats, whole: BoolArray, spacing: Spacing) -> tuple[Box, BoolArray]:
    """The part up to the half maximum between its own darkness and the liver's, without its branches."""
    reach = max(spacing) + 0.5
    margin = [int(np.ceil(reach / s)) for s in spacing]
    box = tuple(slice(max(0, s.start - m), s.stop + m) for s, m in zip(part.box, margin, strict=True))
    start = [b.start - o.start for b, o in zip(part.box, box, strict=True)]
    core = np.zeros(sharp[box].shape, bool)
    core[tuple(slice(a, a + n) for a, n in zip(start, part.region.shape, strict=True))] = part.region
    half = (1.0 + float(np.percentile(sharp[box][core], 25))) / 2.0
    inside = ((sharp[box] < half) & grown(core, reach, spacing) | core) & whole[box]
    labels, _ = components(inside)
    own = np.bincount(labels[core & inside], minlength=1)
    if not own[1:].any():
        return box, core & whole[box]
    return box, np.asarray(ndimage.binary_fill_holes(labels == 1 + int(np.argmax(own[1:]))))
