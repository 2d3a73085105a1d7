"""Which paths are possible, which of them are best, and which truly differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.path_fields import Field, Fields
from netlm_imaging.plan.path_rays import STEP_MM, Index, Rays
from netlm_imaging.volume import BoolArray

PATHS = 3
"""Best ones kept for each approach."""
APART_DEGREES = 10.0
APART_MM = 10.0
"""Paths differ truly when their directions or their entry points lie so far apart."""
TRANSHEPATIC_MM = 5.0
"""Normal liver before the lesion that a path should have: it closes behind the probe (ours, 5-10 mm)."""
GRAZING_DEGREES = 20.0
"""Flatter on the capsule, a probe slips (ours, 20-30 degrees)."""
LENGTH_STEP_MM = 10.0
"""Lengths this close count as equal: the more perpendicular entry wins (ours)."""
VERIFY_STEP_MM = 0.5
BATCH = 32
Reason = Literal["tip outside", "too near", "beyond image", "too long", "in the way"]
"""Why a path is not possible; in the way: a part of the body, or the table, outside the skin."""


def too_near(field: Field, rays: Rays, *, need_mm: float) -> BoolArray:
    """Paths that come nearer to a structure than ``need_mm`` from their axis to its surface.

    Distances are those of the nearest voxels: paths that miss the need by less than that may mean
    are kept; ``verified`` measures them.
    """
    return np.asarray(rays.distance_mm < need_mm - field.slack_mm)


def possible(field: Field, rays: Rays, *, need_mm: float) -> tuple[Index, Counter[Reason]]:
    """The paths that nothing forbids, and how many of the others each reason forbids (the first counts)."""
    left = np.ones(len(rays.exit), dtype=bool)
    counts: Counter[Reason] = Counter()
    for reason, holds in _reasons(field, rays, need_mm=need_mm):
        counts[reason] = int((holds & left).sum())
        left &= ~holds
    return np.flatnonzero(left), counts


def _reasons(field: Field, rays: Rays, *, need_mm: float) -> Iterator[tuple[Reason, BoolArray]]:
    yield "tip outside", ~rays.tip_in_liver
    yield "too near", too_near(field, rays, need_mm=need_mm)
    yield "beyond image", rays.beyond_image
    yield "too long", ~rays.leaves
    if field.approach == "percutaneous":
        yield "in the way", rays.comes_back


def again(field: Field, rays: Rays) -> BoolArray:
    """The liver is entered twice; at operation, the shaft outside would run into it."""
    return rays.liver_again | (rays.comes_back if field.approach == "operative" else False)


def capsule_angles(fields: Fields, points_lps_mm: FloatArray, outward: FloatArray) -> FloatArray:
    """Degrees between paths and the liver's surface where they enter it, at points of shape (n, 3)."""
    cosine = np.abs((fields.outward_normal(points_lps_mm) * outward).sum(axis=1))
    return np.asarray(np.degrees(np.arcsin(np.minimum(cosine, 1.0))))


def ranked(field: Field, rays: Rays, angles: FloatArray, paths: Index) -> Index:
    """``paths``, the best first; ``angles`` are those of ``paths``.

    In order: not twice through the liver nor through another lesion; normal liver before the lesion;
    no grazing entry; the shortest in steps of 10 mm; the most perpendicular entry; the shortest.
    """
    length = rays.exit[paths] * STEP_MM
    keys = (
        paths,
        length,
        -np.round(angles, 3),
        length // LENGTH_STEP_MM,
        angles < GRAZING_DEGREES,
        rays.liver_before_lesion_mm[paths] < TRANSHEPATIC_MM,
        (again(field, rays) | rays.crosses)[paths],
    )
    return np.asarray(paths[np.lexsort(keys)])


def verified(
    field: Field, rays: Rays, tips: FloatArray, outward: FloatArray, ordered: Index, *, need_mm: float
) -> Iterator[int]:
    """Those of ``ordered`` paths that keep ``need_mm`` between voxel centers too, in their order."""
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        lengths = (rays.exit[batch] - 0.5) * STEP_MM
        along = np.arange(0.0, float(lengths.max()) + VERIFY_STEP_MM, VERIFY_STEP_MM)
        points = tips[batch, None] + along[:, None] * outward[batch, None]
        distances = field.clearance_mm(points)
        distances[along > lengths[:, None]] = np.inf
        yield from batch[distances.min(axis=1) >= need_mm].tolist()


def different(
    paths: Iterator[int], rays: Rays, tips: FloatArray, outward: FloatArray, *, count: int = PATHS
) -> list[int]:
    """The first ``count`` that truly differ from those before them."""
    chosen: list[int] = []
    entries = tips + outward * (rays.exit * STEP_MM)[:, None]
    for path in paths:
        angles = np.degrees(np.arccos(np.clip(outward[chosen] @ outward[path], -1.0, 1.0)))
        apart = np.linalg.norm(entries[chosen] - entries[path], axis=1)
        if ((angles >= APART_DEGREES) | (apart >= APART_MM)).all():
            chosen.append(path)
        if len(chosen) == count:
            break
    return chosen
