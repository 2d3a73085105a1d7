"""Wedge resection: the lesion with its margin and the way out to the capsule (clinical-rules 3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.access import Ways, nearest_way, ways_out
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.losses import with_loss
from netlm_imaging.plan.specimen import Core
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import ResectionSettings
from netlm_imaging.volume import BoolArray

OTHER_WAYS = 4
"""Besides the nearest, so many are tried at most."""
CLEARLY_CHEAPER = 0.75
"""Another way is tried for its cost alone where it seems to spend at most this share of the nearest."""


def wedge(space: Workspace, lesion: Lesion, *, settings: ResectionSettings) -> Candidate | Refusal:
    """The lesion grown by the margin, swept along the access path, inside the liver.

    The access path leads straight from the lesion's centroid to a point of the capsule, so that the
    specimen is as wide at the surface as at the lesion: for a ball of radius r under a flat capsule it
    is a half ball and a cylinder of radius r + margin. The nearest point is tried first; others within
    ``wedge_max_depth_mm`` where a major vessel (the hilum too) lies in what would be removed, or where one
    seems clearly cheaper, liver that would lose its inflow included. The way that loses least is taken.
    Refused when the near surface lies deeper than ``wedge_max_depth_mm`` or when no way tried is free.
    """
    if not settings.wedge:
        return Refusal("switched off in the settings")
    depth, limit = lesion.capsule_distance_mm, settings.wedge_max_depth_mm
    if depth > limit:
        return Refusal(f"near surface {depth:.1f} mm below the capsule > {limit:g} mm")
    region = space.lesions[lesion.id]
    return wedge_of(space, (lesion.id,), region.mask, region.box, settings=settings)


def wedge_of(
    space: Workspace,
    lesions: Sequence[int],
    core: BoolArray,
    box: Box,
    *,
    settings: ResectionSettings,
    thorough: bool = True,
) -> Candidate | Refusal:
    """The wedge that takes out ``core`` (at ``box``), which holds ``lesions``.

    Unless ``thorough``, other ways than the nearest are tried only where that is not free.
    """
    tumor_kji = np.concatenate([_indices(space, n) for n in lesions])
    core_kji = np.argwhere(core) + [s.start for s in box]
    grown = Core(space, lesions, core, box, margin_mm=settings.wedge_margin_mm)

    def along(path_mm: FloatArray) -> Candidate | None:
        return _along(space, lesions, tumor_kji, grown, path_mm, settings=settings)

    nearest = along(nearest_way(space, core_kji))
    others = np.empty((0, 3))
    if thorough or nearest is None:
        margin, depth = settings.wedge_margin_mm, settings.wedge_max_depth_mm
        ways = ways_out(space, core_kji, margin_mm=margin, max_depth_mm=depth)
        others = ways.paths_mm[1:][_worth_trying(space, ways, nearest)][:OTHER_WAYS]
    free = [c for c in (nearest, *map(along, others)) if c is not None]
    if free:
        return min(free, key=lambda c: c.lost_voxels(space))
    vessel = f"a vessel wider than {settings.major_vessel_mm:g} mm lies in"
    if not len(others):
        return Refusal(f"{vessel} the access path, and no other way is within reach")
    return Refusal(f"{vessel} every one of {1 + len(others)} access paths tried")


def _indices(space: Workspace, lesion: int) -> npt.NDArray[np.int64]:
    region = space.lesions[lesion]
    return np.asarray(np.argwhere(region.mask) + [s.start for s in region.box])


def _worth_trying(space: Workspace, ways: Ways, nearest: Candidate | None) -> BoolArray:
    """Which of the other ways may be better than the nearest, which came out as ``nearest``."""
    seems = (ways.spent_ml + ways.deprived_ml)[1:]
    if nearest is None:
        return np.ones_like(seems, dtype=bool)
    costs = ways.spent_ml[0] + nearest.devascularized.size * space.grid.voxel_ml
    return np.asarray(seems <= CLEARLY_CHEAPER * costs)


def _along(
    space: Workspace,
    lesions: Sequence[int],
    tumor_kji: npt.NDArray[np.int64],
    grown: Core,
    path_mm: FloatArray,
    *,
    settings: ResectionSettings,
) -> Candidate | None:
    """None where a major vessel lies in what would be removed, that in the lesions themselves left aside."""
    removed, box = grown.swept(path_mm)
    if space.major_vessels is not None:
        in_the_way = removed & space.major_vessels[box]
        in_the_way[tuple((tumor_kji - [s.start for s in box]).T)] = False
        if in_the_way.any():
            return None
    candidate = Candidate(
        kind="wedge",
        name=f"Wedge resection of {_named(lesions)}",
        lesions=tuple(lesions),
        margin_mm=settings.wedge_margin_mm,
        voxels=space.voxels(removed & space.liver[box], box),
    )
    return with_loss(space, candidate)


def _named(lesions: Sequence[int]) -> str:
    """``lesion 3``, ``lesions 3, 5 and 8``."""
    *others, last = map(str, lesions)
    return f"lesions {', '.join(others)} and {last}" if others else f"lesion {last}"
