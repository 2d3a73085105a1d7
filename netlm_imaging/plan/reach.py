"""How much liver the executed zones destroy together, draw by draw."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.geometry import Box, FloatArray
from netlm_imaging.plan.executed import MOST_SD, Executed, ExecutedZone
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.plan.zone_test import (
    CHUNK,
    DrawnZones,
    Single,
    covers,
    drawn_zones,
    places_mm,
    point_terms,
)
from netlm_imaging.plan.zones import Placement, zone_box, zone_in
from netlm_imaging.settings import UncertaintySettings
from netlm_imaging.volume import BoolArray

MOST_POINTS = 15_000
"""Points in all; with fewer voxels in reach every voxel is one."""
MOST_TESTS = 100_000
"""Points of each zone, added up over the zones."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ZoneReach:
    """The points that one zone can come to cover."""

    points: Voxels
    """Their places among all points."""
    terms: Single


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reach:
    """Liver around the zones of a plan, by points that stand for it."""

    zones: tuple[ZoneReach, ...]
    count: int
    """Of all points."""
    weight: float
    """Voxels that each point stands for."""


def reach(space: Workspace, plan: Executed, *, living: BoolArray, settings: UncertaintySettings) -> Reach:
    """Points of ``living`` [k, j, i] that is not cut, wherever a zone may come to lie."""
    spared = living & ~plan.cut.reshape(living.shape)
    anywhere = np.zeros_like(spared)
    tests = 0
    for zone in plan.zones:
        box, near = _in_reach(space, zone, spared, settings)
        anywhere[box] |= near
        tests += int(np.count_nonzero(near))
    voxels = np.flatnonzero(anywhere)
    step = max(1, -(-tests // MOST_TESTS), -(-voxels.size // MOST_POINTS))
    points = _one_of_each_run(voxels, step)
    zones = []
    for zone in plan.zones:
        away = np.linalg.norm(places_mm(space, points) - zone.placement.center_mm, axis=1)
        own = np.flatnonzero(away <= _farthest_mm(zone, settings))
        zones.append(ZoneReach(points=own, terms=point_terms(space, zone, points[own])))
    return Reach(zones=tuple(zones), count=points.size, weight=float(step))


def more_destroyed(reach: Reach, zones: Sequence[ExecutedZone], drawn: DrawnZones) -> FloatArray:
    """Voxels that the zones destroy beyond those planned, each once, in every draw."""
    draws = drawn.reach_mm.shape[1]
    planned = drawn_zones(zones, np.ones((len(zones), 1)), np.zeros((len(zones), 1, 3)))
    hit = [_hit(reach, drawn.terms[:, :, start : start + CHUNK]) for start in range(0, draws, CHUNK)]
    return np.asarray(reach.weight * (np.concatenate(hit) - _hit(reach, planned.terms)))


def _hit(reach: Reach, terms: Single) -> FloatArray:
    """How many points some zone covers."""
    hit = np.zeros((reach.count, terms.shape[2]), dtype=bool)
    for own, zone in zip(reach.zones, terms, strict=True):
        hit[own.points] |= covers(own.terms, zone)
    return np.asarray(np.count_nonzero(hit, axis=0), dtype=np.float64)


def _in_reach(
    space: Workspace, zone: ExecutedZone, spared: BoolArray, settings: UncertaintySettings
) -> tuple[Box, BoolArray]:
    """What a ball around the zone in its most extreme draw holds."""
    place = zone.placement
    ball = Placement(place.center_mm, place.axis_kji, np.eye(3) / _farthest_mm(zone, settings))
    box = zone_box(space, ball)
    return box, zone_in(space, ball, box) & spared[box]


def _farthest_mm(zone: ExecutedZone, settings: UncertaintySettings) -> float:
    return zone.largest * zone.longest_half_mm + MOST_SD * settings.placement_sd_mm


def _one_of_each_run(voxels: Voxels, step: int) -> Voxels:
    """One of every ``step`` neighbors, anywhere among them: regular steps would be lines of the grid."""
    starts = np.arange(0, voxels.size, step)
    chosen = starts + np.random.default_rng(0).integers(step, size=starts.size)
    return np.asarray(voxels[chosen[chosen < voxels.size]], dtype=np.int64)
