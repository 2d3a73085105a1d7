"""Small livers for the tests of the planner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from strategies import ellipsoid

from netlm_imaging.anatomy import Anatomy, Surroundings
from netlm_imaging.clinical import Clinical
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions import measure
from netlm_imaging.plan import Planned, plan_case
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.remnant.records import FlrLimit
from netlm_imaging.settings import Settings
from netlm_imaging.volume import BoolArray, LabelMap, Mask

PLAIN = Settings.model_validate({"plan": {"max_frontier_points": 2}, "ablation": {"comparison_devices": []}})
"""For plans of which nobody looks at the frontier or the comparison devices: they are most of the work."""

Ball = tuple[tuple[float, float, float], float]
"""Center in LPS mm and radius."""


def anatomy_of(
    grid: Grid,
    liver: BoolArray,
    balls: Sequence[Ball],
    *,
    segments: np.ndarray | None = None,
    vessels: BoolArray | None = None,
) -> Anatomy:
    lesions = np.zeros(grid.shape_kji, dtype=np.uint8)
    for number, (center, radius) in enumerate(balls, start=1):
        lesions[ellipsoid(grid, center, [radius] * 3) & liver & (lesions == 0)] = number
    return Anatomy(
        liver=Mask(liver, grid),
        lesions=LabelMap(lesions, grid),
        segments=None if segments is None else LabelMap(np.where(liver, segments, 0).astype(np.uint8), grid),
        vessels=None if vessels is None else Mask(vessels, grid),
    )


def planned(
    anatomy: Anatomy,
    *,
    settings: Settings | None = None,
    clinical: Clinical | None = None,
    limits: tuple[FlrLimit, ...] = (),
    around: Surroundings | None = None,
) -> Planned:
    return plan_case(
        anatomy,
        measure(anatomy),
        settings=settings or PLAIN,
        clinical=clinical or Clinical(),
        limits=limits,
        around=around,
    )


def bare_case(
    anatomy: Anatomy,
    space: Workspace,
    problem: Problem,
    *,
    cleared_fraction: float = 0.995,
    limits: tuple[FlrLimit, ...] = (),
) -> Case:
    """What plans of a patient of whom nothing else is known share."""
    return Case(
        anatomy=anatomy.cropped(),
        space=space,
        problem=problem,
        limits=limits,
        clinical=Clinical(),
        cleared_fraction=cleared_fraction,
    )


def settings_with(**tables: dict[str, object]) -> Settings:
    return Settings.model_validate(tables)


def flr_limit(minimum_ml: float, *, functional_ml: float) -> FlrLimit:
    percent = 100.0 * minimum_ml / functional_ml
    return FlrLimit(name="flr_percent", minimum=percent, minimum_ml=minimum_ml, source="settings")
