"""The liver on HBP MRI: the big bright organ on the right, with the dark things inside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from netlm_imaging.segment.level import block_means, coarse_factors, field, rough_liver
from netlm_imaging.segment.morphology import (
    Floats,
    Spacing,
    closed,
    components,
    depth_mm,
    filled,
    grown,
    largest,
    opened,
    shrunk,
    smoothed,
)
from netlm_imaging.volume import BoolArray

ROOM_MM = 30.0
"""How far beyond the rough liver its outermost parts may lie: domes and tips behind lesions."""
SMOOTHING_MM = 0.8
CORE_SMOOTHING_MM = 2.0
CORE_LEVEL = 0.92
"""Of the liver's own brightness, smoothed: kidneys (about 0.86) and all other organs are darker."""
CORE_DEPTH_MM = 3.0
BRIGHTEST = 1.4
"""Bile with excreted contrast is brighter than any liver (ours)."""
THIN_REACH_MM = 20.0
EDGE_REACH_MM = 6.0
"""How far beyond the core its edge is looked for."""
SURROUNDINGS_MM = (2.5, 8.0)
"""Shell outside the edge that tells how bright the neighbor is."""
NEIGHBOR_SCALE_MM = 5.0
BRIGHTEST_NEIGHBOR = 0.80
INSERT_LEVELS = (0.42, 0.90)
"""Lesions and vessels on HBP, liver = 1 (clinical-rules 8: 0.55 to 0.60); fat, gas and fluid are darker."""
CLOSING_MM = 9.0
"""Notches in the surface that such a ball cannot enter are the liver's if they look like lesion."""
WIDE_CLOSING_MM = 20.0
EMBEDDED_SHARE = 0.6
"""Wider notches must be enclosed by liver on at least this share of their surface."""


@dataclass(frozen=True, slots=True, eq=False)
class LiverImage:
    """A liver and the image in units of its own brightness (liver = 1)."""

    region: BoolArray
    parenchyma: BoolArray
    """The bright part of it."""
    relative: Floats


def find_liver(image: Floats, spacing: Spacing) -> LiverImage:
    """The liver of a canonical HBP image; an empty region where nothing bright lies on the right."""
    factors = coarse_factors(spacing)
    coarse = block_means(image, factors)
    k, j, i = image.shape
    steps = (spacing[0] * factors[0], spacing[1] * factors[1], spacing[2] * factors[2])
    rough, coefficients = rough_liver(coarse, steps)
    whole = tuple(n * f for n, f in zip(coarse.shape, factors, strict=True))
    relative = image / field(coefficients, whole)[:k, :j, :i]
    near = np.repeat(np.repeat(np.repeat(rough, factors[0], 0), factors[1], 1), factors[2], 2)[:k, :j, :i]
    region, parenchyma = np.zeros_like(near), np.zeros_like(near)
    if near.any():
        box = _around(near, spacing)
        parenchyma[box] = _bright(relative[box], near[box], spacing)
        region[box] = _with_inserts(parenchyma[box], relative[box], spacing)
    return LiverImage(region, parenchyma, relative)


def _around(region: BoolArray, spacing: Spacing) -> tuple[slice, ...]:
    """Its bounding box with room for everything that is measured beside it."""
    found = ndimage.find_objects(region.astype(np.uint8))[0]
    grow = [int(np.ceil(ROOM_MM / step)) for step in spacing]
    return tuple(slice(max(0, s.start - n), s.stop + n) for s, n in zip(found, grow, strict=True))


def _bright(relative: Floats, near: BoolArray, spacing: Spacing) -> BoolArray:
    """Bright liver up to the half-maximum edge towards whatever lies beside it."""
    calm = smoothed(relative, CORE_SMOOTHING_MM, spacing)
    even = (calm > CORE_LEVEL) & (calm < BRIGHTEST)
    core = largest(shrunk(filled(even) & grown(near, ROOM_MM, spacing), CORE_DEPTH_MM, spacing), inside=near)
    # Thin liver between a lesion and the capsule has no core of its own.
    core = largest(core | (even & grown(core, THIN_REACH_MM, spacing)), inside=core)
    reach = grown(core, EDGE_REACH_MM, spacing)
    sharp = smoothed(relative, SMOOTHING_MM, spacing)
    first = reach & (sharp > (1.0 + BRIGHTEST_NEIGHBOR) / 2.0)
    half = (1.0 + _neighbor_level(sharp, closed(first, 4.0, spacing), spacing)) / 2.0
    bright = opened(reach & (sharp > half) & (calm < BRIGHTEST), 1.5, spacing)
    return largest(bright, inside=core)


def _neighbor_level(sharp: Floats, liver: BoolArray, spacing: Spacing) -> Floats:
    """Mean brightness of the shell outside the liver, carried to every voxel nearby."""
    outside = depth_mm(~liver, spacing)
    shell = (outside > SURROUNDINGS_MM[0]) & (outside < SURROUNDINGS_MM[1])
    weight = smoothed(shell, NEIGHBOR_SCALE_MM, spacing)
    total = smoothed(np.where(shell, sharp, 0.0), NEIGHBOR_SCALE_MM, spacing)
    level = np.divide(total, weight, out=np.full_like(total, 0.5), where=weight > 1e-4)
    return np.clip(level, 0.0, BRIGHTEST_NEIGHBOR)


def _with_inserts(parenchyma: BoolArray, relative: Floats, spacing: Spacing) -> BoolArray:
    """The liver with its cavities, and with the notches that lesions and vessels make in its surface."""
    whole = filled(parenchyma)
    calm = smoothed(relative, 1.5, spacing)
    dark = ~whole & (calm > INSERT_LEVELS[0]) & (calm < INSERT_LEVELS[1])
    narrow = dark & closed(whole, CLOSING_MM, spacing)
    wide = _embedded(opened(dark & closed(whole, WIDE_CLOSING_MM, spacing), 1.5, spacing), whole)
    return filled(largest(whole | opened(narrow, 1.5, spacing) | wide, inside=parenchyma))


def _embedded(candidates: BoolArray, liver: BoolArray) -> BoolArray:
    """The parts that liver surrounds on most sides: subcapsular lesions, not the neighbors."""
    labels, count = components(candidates)
    boxes = ndimage.find_objects(labels)
    kept = np.zeros_like(candidates)
    for label in range(1, count + 1):
        box = tuple(slice(max(0, s.start - 1), s.stop + 1) for s in boxes[label - 1])
        part = labels[box] == label
        rim = ndimage.binary_dilation(part) & ~part
        if np.count_nonzero(rim & liver[box]) >= EMBEDDED_SHARE * np.count_nonzero(rim):
            kept[box] |= part
    return kept
