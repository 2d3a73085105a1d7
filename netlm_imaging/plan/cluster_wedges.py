"""Close lesions in one specimen: wedges of two to four neighbors, which count as one intervention.

Neighbors are lesions that lie no further apart than two margins, surface to surface: their own wedges
would touch or overlap. For each lesion there are two groups: the pair with the nearest neighbor, and the
one with the three nearest, or as many as there are. So no lesion gives rise to more than two. The core
of the specimen is the convex hull of its lesions, so that it is one piece and every lesion keeps its
margin. It is kept when it loses at most twice the liver of separate wedges: one that loses more than
these may still be worth the intervention that it saves, where their number is limited. Whether it
helps is for ``dominance.py`` and the solver to say. One that is not possible has its reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.spatial import ConvexHull, cKDTree

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.covering import extreme_points
from netlm_imaging.plan.distances import SURFACE_SHARE, TOLERANCE_MM
from netlm_imaging.plan.side_by_side import side_by_side
from netlm_imaging.plan.wedge import wedge_of
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import ResectionSettings
from netlm_imaging.volume import BoolArray

Corners = Mapping[int, FloatArray]
"""By lesion, ascending: the corners of the hull of its voxel centers, mm along k, j, i."""
MOST_LESIONS = 4
MOST_LOSS = 2.0
"""Of what separate wedges lose, added up (ours)."""
PARALLEL = 1e-12
"""A unit normal with a smaller part along an axis is across it."""
FLAT_VOXELS = 0.01
"""Every voxel center counts as a box so large, so that lesions in one plane have a hull too."""


def cluster_wedges(
    space: Workspace, single: Mapping[int, Candidate], *, settings: ResectionSettings
) -> dict[tuple[int, ...], Candidate | Refusal]:
    """The common wedge of each group of close lesions; ``single``: the wedge of each that has one."""
    corners = _corners(space, sorted(single))
    groups = _groups(space, corners, gap_mm=2.0 * settings.wedge_margin_mm)

    def together(group: tuple[int, ...]) -> Candidate | Refusal:
        core, box = _hull(space, {n: corners[n] for n in group})
        made = wedge_of(space, group, core, box, settings=settings, thorough=False)
        return _worth_it(space, made, sum(single[n].lost_voxels(space) for n in group))

    return dict(zip(groups, side_by_side(together, groups), strict=True))


def _worth_it(space: Workspace, made: Candidate | Refusal, apart_voxels: int) -> Candidate | Refusal:
    """``made``, refused where it loses far more than separate wedges, ``apart_voxels`` in all."""
    if isinstance(made, Refusal) or made.lost_voxels(space) <= MOST_LOSS * apart_voxels:
        return made
    together_ml, apart_ml = (n * space.grid.voxel_ml for n in (made.lost_voxels(space), apart_voxels))
    most = f"{MOST_LOSS:g} times the {apart_ml:.1f} mL of separate wedges"
    return Refusal(f"would lose {together_ml:.1f} mL of liver, more than {most}")


def _corners(space: Workspace, lesions: Sequence[int]) -> Corners:
    return {n: extreme_points(space.lesions[n].indices_kji() * space.spacing) for n in lesions}


def _groups(space: Workspace, corners: Corners, *, gap_mm: float) -> list[tuple[int, ...]]:
    """Ids ascending in each group, groups in order, each once."""
    near: dict[int, list[tuple[float, int]]] = {n: [] for n in corners}
    for a, b, gap in _pairs(space, corners, gap_mm):
        near[a].append((gap, b))
        near[b].append((gap, a))
    found = set()
    for lesion, beside in near.items():
        order = [n for _, n in sorted(beside)]
        for count in {min(1, len(order)), min(MOST_LESIONS - 1, len(order))} - {0}:
            found.add(tuple(sorted([lesion, *order[:count]])))
    return sorted(found)


def _pairs(space: Workspace, corners: Corners, gap_mm: float) -> Iterator[tuple[int, int, float]]:
    """Lesions whose surfaces lie within ``gap_mm``, with the gap rounded to 1 um."""
    beyond = 2.0 * SURFACE_SHARE * sum(space.grid.spacing_mm)
    low = {n: points.min(axis=0) for n, points in corners.items()}
    high = {n: points.max(axis=0) for n, points in corners.items()}
    lesions = list(corners)
    trees = {n: cKDTree(space.lesions[n].outer_kji() * space.spacing) for n in lesions}
    for place, a in enumerate(lesions):
        for b in lesions[place + 1 :]:
            apart = np.maximum(np.maximum(low[a] - high[b], low[b] - high[a]), 0.0)
            if np.linalg.norm(apart) > gap_mm + beyond:
                continue
            distance, _ = trees[a].query(trees[b].data)
            gap = round(max(float(distance.min()) - beyond, 0.0), 3)
            if gap <= gap_mm:
                yield a, b, gap


def _hull(space: Workspace, lesions: Corners) -> tuple[BoolArray, Box]:
    """The liver's voxels whose centers lie in the hull of the lesions, and the box around them."""
    centers = np.vstack(list(lesions.values()))
    flat = FLAT_VOXELS / 2.0 * space.spacing
    corners = np.vstack(
        [centers + flat * sign for sign in np.stack(np.meshgrid(*[[-1, 1]] * 3), -1).reshape(-1, 3)]
    )
    k, j, i = (
        slice(
            min(space.lesions[n].box[a].start for n in lesions),
            max(space.lesions[n].box[a].stop for n in lesions),
        )
        for a in range(3)
    )
    box = (k, j, i)
    core = _filled(ConvexHull(corners).equations, box, space) & space.liver[box]
    for n in lesions:
        core |= space.lesion_in(box, n)
    return core, box


def _filled(planes: FloatArray, box: Box, space: Workspace) -> BoolArray:
    """The voxels of ``box`` with n . p + d <= 0 for all ``planes`` (n, d), row after row of the array."""
    k, j = (np.arange(s.start, s.stop) * step for s, step in zip(box[:2], space.spacing[:2], strict=True))
    low, high = np.full((k.size, j.size), -np.inf), np.full((k.size, j.size), np.inf)
    for a, b, c, d in planes.tolist():
        rows = a * k[:, None] + b * j + d
        if abs(c) < PARALLEL:
            low[rows > TOLERANCE_MM] = np.inf
        elif c > 0.0:
            np.minimum(high, -rows / c, out=high)
        else:
            np.maximum(low, -rows / c, out=low)
    # Whole numbers are compared several times as quickly.
    start, stop, step = box[2].start, box[2].stop, space.spacing[2]
    first = np.ceil((low - TOLERANCE_MM) / step).clip(start, stop).astype(np.int32)
    last = np.floor((high + TOLERANCE_MM) / step).clip(start - 1, stop - 1).astype(np.int32)
    i = np.arange(start, stop, dtype=np.int32)
    return np.asarray((i >= first[..., None]) & (i <= last[..., None]))
