"""The chosen plan under everything that may be off: contours, zones, places, unseen lesions (planner.md 5).

Two steps: ``prepare`` tabulates one plan, ``draw`` then takes all draws at once. What is drawn, with
what standard deviation and from which source: docs/settings.md. Volumes are in voxels until the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.boundary import all_shells
from netlm_imaging.plan.cover import LesionCover, covered_at, lesion_cover, volume_at
from netlm_imaging.plan.deviations import Deviations, boundary_sd_mm, deviations
from netlm_imaging.plan.drawn_remnant import DrawnRemnant, RemnantTable, drawn_remnant, remnant_table
from netlm_imaging.plan.drivers import drivers
from netlm_imaging.plan.executed import MOST_SD, Executed, executed
from netlm_imaging.plan.missed import Missed, TreatedDepth, missed_lesions, treated_depth
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.records import Driver
from netlm_imaging.plan.zone_test import DrawnZones, drawn_zones
from netlm_imaging.settings import UncertaintySettings
from netlm_imaging.volume import BoolArray

TOLERANCE = 1e-5
"""Of a lesion's volume: rounding of sums over points decides no clearance."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreparedPlan:
    """One plan, tabulated."""

    case: Case
    settings: UncertaintySettings
    plan: Executed
    covers: tuple[LesionCover, ...]
    """In the order of the problem's lesions."""
    remnant: RemnantTable
    depth: TreatedDepth


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draws:
    """The figures of one plan in every draw, shape (draws,)."""

    debulking_percent: FloatArray
    """By lesion."""
    debulking_percent_by_volume: FloatArray
    count: FloatArray
    """Lesions, missed ones included."""
    complete: BoolArray
    """Every lesion is cleared, missed ones included."""
    remnant: DrawnRemnant
    drivers: tuple[Driver, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Tumor:
    """What becomes of the tumor; the first three have the shape (lesions, draws)."""

    volume: FloatArray
    treated: FloatArray
    cleared: BoolArray
    missed: Missed


def prepare(case: Case, chosen: Sequence[int], *, settings: UncertaintySettings) -> PreparedPlan:
    """Tabulate the plan of ``chosen`` candidates."""
    space = case.space
    plan = executed(space, [case.problem.candidates[c] for c in chosen], settings=settings)
    shells = all_shells(space, reach_mm=MOST_SD * boundary_sd_mm(settings))
    return PreparedPlan(
        case=case,
        settings=settings,
        plan=plan,
        covers=tuple(
            lesion_cover(space, n, shells[n], plan, settings=settings) for n in case.problem.lesions
        ),
        remnant=remnant_table(case, chosen, plan, settings=settings),
        depth=treated_depth(space, case.treated(chosen)),
    )


def draw(prepared: PreparedPlan, *, liver_sd_percent: float) -> Draws:
    """Take ``settings.draws`` draws; the same input gives the same figures."""
    case = prepared.case
    drawn = deviations(
        case.space,
        case.problem.lesions,
        prepared.plan.zones,
        settings=prepared.settings,
        liver_sd_percent=liver_sd_percent,
    )
    zones = drawn_zones(prepared.plan.zones, drawn.zone_factor, drawn.zone_shift_mm)
    tumor = _tumor(prepared, drawn, zones)
    missed = tumor.missed
    total = tumor.volume.sum(axis=0) + missed.volume
    hit = missed.volume - missed.untreated_volume
    left = (tumor.volume - tumor.treated).sum(axis=0) + missed.untreated_volume
    return Draws(
        debulking_percent=_percent((tumor.volume * tumor.cleared).sum(axis=0) + hit, total),
        debulking_percent_by_volume=_percent(tumor.treated.sum(axis=0) + hit, total),
        count=len(case.problem.lesions) + missed.count,
        complete=tumor.cleared.all(axis=0) & (missed.untreated_count == 0),
        remnant=drawn_remnant(
            case,
            prepared.remnant,
            prepared.plan,
            zones,
            liver_factor=drawn.liver_factor,
            tumor=total,
            untreated=left,
        ),
        drivers=drivers(
            case.problem.lesions,
            volume=tumor.volume,
            cleared=tumor.cleared.astype(np.float64),
            ablated=[_by_zone(cover, case.cleared_fraction) for cover in prepared.covers],
            missed=missed.volume,
            missed_untreated=missed.untreated_volume,
        ),
    )


def _tumor(prepared: PreparedPlan, drawn: Deviations, zones: DrawnZones) -> _Tumor:
    case = prepared.case
    pairs = list(zip(prepared.covers, drawn.boundary_mm, strict=True))
    shape = drawn.boundary_mm.shape
    volume = np.reshape([volume_at(cover, shift) for cover, shift in pairs], shape)
    treated = np.reshape([covered_at(cover, shift, zones) for cover, shift in pairs], shape)
    return _Tumor(
        volume=volume,
        # Sums over points are in single precision: what that leaves open must not show in the figures.
        treated=np.where(treated >= (1.0 - TOLERANCE) * volume, volume, treated.round(2)),
        cleared=treated >= (case.cleared_fraction - TOLERANCE) * volume,
        missed=missed_lesions(
            case.problem.lesion_voxels.astype(np.float64),
            prepared.depth,
            voxel_ml=case.space.grid.voxel_ml,
            settings=prepared.settings,
        ),
    )


def _by_zone(cover: LesionCover, cleared_fraction: float) -> bool:
    """What is cut does not clear the lesion as drawn, and a zone may."""
    drawn = int(np.searchsorted(cover.edges_mm, 0.0))
    return bool(cover.zones and cover.cut[drawn] < cleared_fraction * cover.volume[drawn])


def _percent(part: FloatArray, whole: FloatArray) -> FloatArray:
    """0 where there is nothing to debulk, as in the simulation."""
    return np.divide(100.0 * part, whole, out=np.zeros_like(whole), where=whole > 0.0)
