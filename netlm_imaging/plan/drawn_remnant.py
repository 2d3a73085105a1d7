"""The future liver remnant in every draw: larger zones, more tumor, a liver measured wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.executed import Executed
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.reach import Reach, more_destroyed, reach
from netlm_imaging.plan.zone_test import DrawnZones
from netlm_imaging.remnant import etlv_ml
from netlm_imaging.remnant.records import MinimumName
from netlm_imaging.settings import UncertaintySettings
from netlm_imaging.volume import BoolArray

PERCENT_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RemnantTable:
    """Voxels of one plan."""

    spared: int
    """Functional liver that is left when nothing is off."""
    untreated: int
    """Tumor that is then left."""
    reach: Reach
    """Liver that the zones may come to destroy."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnRemnant:
    """One entry a draw."""

    flr_ml: FloatArray
    flr_percent: FloatArray
    minimums_met: BoolArray
    """Every minimum of the remnant is kept."""


def remnant_table(
    case: Case, chosen: Sequence[int], plan: Executed, *, settings: UncertaintySettings
) -> RemnantTable:
    """Tabulate the liver that ``plan``, made of the ``chosen`` candidates, costs."""
    cysts = case.anatomy.cysts
    outcome = case.simulate(chosen)
    living = case.space.liver & ~outcome.devascularized
    if cysts is not None:
        living &= ~cysts.array
    return RemnantTable(
        spared=outcome.functional_voxels - outcome.lost_voxels,
        untreated=sum(o.voxels - o.treated_voxels for o in outcome.lesions),
        reach=reach(case.space, plan, living=living, settings=settings),
    )


def drawn_remnant(
    case: Case,
    table: RemnantTable,
    plan: Executed,
    zones: DrawnZones,
    *,
    liver_factor: FloatArray,
    tumor: FloatArray,
    untreated: FloatArray,
) -> DrawnRemnant:
    """``tumor`` and ``untreated``: voxels in every draw, missed lesions included.

    Tumor that is more than was drawn is functional liver less, and so is a zone that grew. An error
    of the liver's volume is shared by all its parts alike.
    """
    problem = case.problem
    functional = np.maximum(problem.functional_voxels + problem.total_voxels - tumor, 0.0)
    more = more_destroyed(table.reach, plan.zones, zones)
    spared = np.clip(table.spared + table.untreated - more - untreated, 0.0, functional)
    scale = liver_factor * case.space.grid.voxel_ml
    flr_ml, functional_ml = spared * scale, functional * scale
    percent = np.divide(100.0 * flr_ml, functional_ml, out=np.zeros_like(flr_ml), where=functional_ml > 0.0)
    return DrawnRemnant(
        flr_ml=flr_ml, flr_percent=percent, minimums_met=_minimums_met(case, flr_ml, functional_ml)
    )


def _minimums_met(case: Case, flr_ml: FloatArray, functional_ml: FloatArray) -> BoolArray:
    """Each minimum in its own denominator, as ``remnant`` has them."""
    standard_ml, weight_kg = etlv_ml(case.clinical), case.clinical.weight_kg
    denominators: dict[MinimumName, FloatArray | float | None] = {
        "flr_percent": functional_ml,
        "sflr_percent": standard_ml,
        "flr_body_weight_percent": None if weight_kg is None else 1000.0 * weight_kg,
    }
    met = np.ones(flr_ml.size, dtype=bool)
    for minimum in case.limits:
        denominator = denominators[minimum.name]
        if denominator is not None:
            met &= 100.0 * flr_ml >= (minimum.minimum - PERCENT_TOLERANCE) * denominator
    return met
