"""How much of a moved lesion the executed plan covers, draw by draw.

What is cut is the same in every draw, so its share of a lesion is tabulated once. A zone that comes
out larger, smaller or beside its place is tested on points that stand for the lesion's voxels: all
voxels of one layer keep their weight, so that the plan as drawn comes out exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.boundary import Shells
from netlm_imaging.plan.executed import MOST_SD, Executed, ExecutedZone
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.plan.zone_test import CHUNK, DrawnZones, Single, covers, places_mm, point_terms, product
from netlm_imaging.settings import UncertaintySettings

MOST_POINTS = 1000
"""Points for the layers of one lesion that a moved surface takes in or leaves."""
MOST_CORE_POINTS = 200
"""Points for what lies deeper."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZonePoints:
    """One zone that may reach the lesion."""

    zone: int
    """Its place among the zones of the plan."""
    terms: Single
    """Of each point (``zone_test``)."""
    gap_mm: float
    """From the zone's middle to the nearest point."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LesionCover:
    """What covers one lesion."""

    edges_mm: FloatArray
    volume: FloatArray
    """Voxels of the lesion at each edge."""
    cut: FloatArray
    """Of these, voxels that are cut."""
    weights: Single
    """Voxels that each point stands for at each edge, shape (edges, points); none of them is cut."""
    zones: tuple[ZonePoints, ...]

    @property
    def lowest_mm(self) -> float:
        """A lesion that was seen never shrinks away: its deepest layer stays."""
        return float(self.edges_mm[np.argmax(self.volume > 0.0)])


def lesion_cover(
    space: Workspace, lesion: int, shells: Shells, plan: Executed, *, settings: UncertaintySettings
) -> LesionCover:
    """Tabulate one lesion for the plan."""
    voxels = np.concatenate([shells.core, shells.band])
    inside = np.concatenate(
        [np.ones((shells.edges_mm.size, shells.core.size), dtype=np.float32), shells.inside], axis=1
    )
    cut = np.where(plan.cut[voxels], inside, _within_margin(shells, inside, plan.margins_mm.get(lesion)))
    left = inside - cut
    rest = np.asarray(left.any(axis=0))
    near = _near(space, voxels[rest], plan.zones, settings) if rest.any() else []
    core = int(np.count_nonzero(rest[: shells.core.size]))
    weights, chosen = _points(voxels[rest], left[:, rest], core=core)
    points = voxels[rest][chosen] if near else voxels[:0]
    found = [_zone_points(space, points, plan.zones[n], n) for n in near]
    return LesionCover(
        edges_mm=shells.edges_mm,
        volume=shells.volume_voxels,
        cut=cut.sum(axis=1, dtype=np.float64).round(6),
        weights=weights[:, : points.size],
        zones=tuple(sorted(found, key=lambda zone: zone.gap_mm)),
    )


def _within_margin(shells: Shells, inside: Single, margin_mm: float | None) -> Single:
    """What of each voxel a resection with this margin takes: the margin is exact to less than a voxel."""
    if margin_mm is None:
        return np.zeros_like(inside)
    edges = np.minimum(shells.edges_mm, margin_mm)
    upper = np.searchsorted(shells.edges_mm, edges)
    lower = np.maximum(upper - 1, 0)
    step = shells.edges_mm[upper] - shells.edges_mm[lower]
    share = np.divide(edges - shells.edges_mm[lower], step, out=np.ones_like(edges), where=step > 0.0)
    weight = share[:, None].astype(np.float32)
    return np.asarray((1 - weight) * inside[lower] + weight * inside[upper])


def _near(
    space: Workspace, voxels: Voxels, zones: Sequence[ExecutedZone], settings: UncertaintySettings
) -> list[int]:
    """The zones that reach any of ``voxels`` in the most extreme draw."""
    places = places_mm(space, voxels)
    near = []
    for number, zone in enumerate(zones):
        reach = zone.largest * zone.longest_half_mm + MOST_SD * np.sqrt(3.0) * settings.placement_sd_mm
        if np.linalg.norm(places - zone.placement.center_mm, axis=1).min() <= reach:
            near.append(number)
    return near


def _points(voxels: Voxels, inside: Single, *, core: int) -> tuple[Single, npt.NDArray[np.int64]]:
    """Weights at each edge, and which voxels stand for the others.

    Runs of neighboring voxels of one layer are summed up in the one in their middle: the weight of a
    layer stays what it was.
    """
    layer = (inside > 0.5).sum(axis=0)
    order = np.concatenate([np.arange(core), core + np.lexsort((voxels[core:], layer[core:]))])
    starts = np.concatenate([_runs(0, core, MOST_CORE_POINTS), _runs(core, voxels.size, MOST_POINTS)])
    if not starts.size:
        return inside[:, :0], starts
    ends = np.append(starts[1:], voxels.size)
    return np.add.reduceat(inside[:, order], starts, axis=1), order[(starts + ends) // 2]


def _runs(start: int, stop: int, most: int) -> npt.NDArray[np.int64]:
    """Where at most ``most`` runs of equal length begin."""
    count = min(most, stop - start)
    return start + np.arange(count, dtype=np.int64) * (stop - start) // max(count, 1)


def _zone_points(space: Workspace, points: Voxels, zone: ExecutedZone, number: int) -> ZonePoints:
    apart = np.linalg.norm(places_mm(space, points) - zone.placement.center_mm, axis=1)
    return ZonePoints(
        zone=number, terms=point_terms(space, zone, points), gap_mm=float(apart.min(initial=np.inf))
    )


def volume_at(cover: LesionCover, boundary_mm: FloatArray) -> FloatArray:
    """Voxels of the lesion in each draw."""
    return np.interp(np.maximum(boundary_mm, cover.lowest_mm), cover.edges_mm, cover.volume)


def covered_at(cover: LesionCover, boundary_mm: FloatArray, zones: DrawnZones) -> FloatArray:
    """Voxels of the lesion that the plan treats in each draw."""
    at = np.maximum(boundary_mm, cover.lowest_mm)
    treated = np.interp(at, cover.edges_mm, cover.cut)
    if not cover.zones:
        return treated
    upper = np.clip(np.searchsorted(cover.edges_mm, at), min(1, cover.edges_mm.size - 1), None)
    for edge in np.unique(upper):
        draws = np.flatnonzero(upper == edge)
        for part in np.array_split(draws, -(-draws.size // CHUNK)):
            treated[part] += _ablated(cover, at[part], int(edge), part, zones)
    return treated


def _ablated(
    cover: LesionCover, at: FloatArray, upper: int, draws: npt.NDArray[np.int64], zones: DrawnZones
) -> FloatArray:
    """Voxels that some zone destroys, those that are cut not counted; ``at`` lies below one edge."""
    lower = max(upper - 1, 0)
    step = cover.edges_mm[upper] - cover.edges_mm[lower]
    share = (at - cover.edges_mm[lower]) / step if step > 0.0 else np.ones_like(at)
    points = np.flatnonzero(cover.weights[upper])
    hit = np.zeros((points.size, draws.size), dtype=bool)
    open_draws = np.arange(draws.size)
    for near in cover.zones:
        some = zones.reach_mm[near.zone, draws[open_draws]] >= near.gap_mm
        if some.any():
            chosen = open_draws[some]
            hit[:, chosen] |= covers(near.terms[points], zones.terms[near.zone][:, draws[chosen]])
            open_draws = open_draws[~hit[:, open_draws].all(axis=0)]
    least, most = product(cover.weights[[lower, upper]][:, points], hit.astype(np.float32))
    return np.asarray((1.0 - share) * least + share * most)
