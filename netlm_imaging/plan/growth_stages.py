"""From a major resection and what goes with it to a GrowthPlan: its weeks, its operations, its remnant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from netlm_imaging.anatomy import segment_name
from netlm_imaging.plan.embolization import embolization
from netlm_imaging.plan.growth_records import GrowthKind, GrowthPlan, Stage
from netlm_imaging.plan.optimize import Choice
from netlm_imaging.plan.outcome import Case, make_plan
from netlm_imaging.plan.records import Minimum
from netlm_imaging.remnant import etlv_ml, remnant
from netlm_imaging.remnant.growth import GrowthWeeks, expected_points, weeks_to_grow


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """One plan that needs growth, as candidates of the case's problem."""

    kind: GrowthKind
    procedure: int
    others: tuple[int, ...]
    proven: bool
    cleared_voxels: int
    lost_voxels: int
    needed_points: float
    weeks: GrowthWeeks

    @property
    def chosen(self) -> tuple[int, ...]:
        """All candidates, the major resection last."""
        return (*self.others, self.procedure)

    @classmethod
    def of(
        cls,
        case: Case,
        *,
        kind: GrowthKind,
        procedure: int,
        others: tuple[int, ...],
        proven: bool,
        points_per_week: float | None,
    ) -> Self | None:
        """With its figures; None where the remnant is not expected to grow so much."""
        problem = case.problem
        lost = problem.lost_voxels((*others, procedure))
        left_ml = (problem.functional_voxels - lost) * case.anatomy.grid.voxel_ml
        needed_ml = max((limit.minimum_ml for limit in case.limits), default=0.0) - left_ml
        points = max(0.0, 100.0 * needed_ml / growth_reference(case)[0])
        weeks = weeks_to_grow(points, points_per_week=points_per_week)
        if weeks is None:
            return None
        return cls(
            kind=kind,
            procedure=procedure,
            others=others,
            proven=proven,
            cleared_voxels=problem.cleared_voxels((*others, procedure)),
            lost_voxels=lost,
            needed_points=points,
            weeks=weeks,
        )


def growth_reference(case: Case) -> tuple[float, bool]:
    """mL of which growth is a percentage, and whether that is the standard liver volume.

    The published growth is in points of sFLR; without body size the functional liver stands for it.
    """
    standard_ml = etlv_ml(case.clinical)
    if standard_ml is not None:
        return standard_ml, True
    return case.problem.functional_voxels * case.anatomy.grid.voxel_ml, False


def growth_plan(case: Case, found: Found, *, points_per_week: float | None) -> GrowthPlan:
    """The record of ``found``."""
    major = case.problem.candidates[found.procedure]
    branches = embolization({segment_name(label) for label in major.segments})
    assert branches is not None
    choice = Choice(status="optimal" if found.proven else "feasible", chosen=found.chosen, bound_voxels=None)
    plan = make_plan(case, choice, objective="maximum", bound_voxels=None)
    reference_ml, standardized = growth_reference(case)
    grown_ml = expected_points(found.weeks.expected, points_per_week=points_per_week) / 100.0 * reference_ml
    stages = _stages(case, found, grown_ml=grown_ml)
    return GrowthPlan(
        kind=found.kind,
        procedure=major.name,
        embolized=branches.branches,
        grows=branches.grows,
        plan=plan,
        needed_points=found.needed_points,
        reference_ml=reference_ml,
        standardized=standardized,
        points_per_week=points_per_week,
        weeks=found.weeks.expected,
        weeks_low=found.weeks.soonest,
        weeks_high=found.weeks.latest,
        flr_percent_now=plan.flr_percent,
        flr_percent_then=_flr_percent(case, stages[-1].flr_ml),
        stages=stages,
    )


def _stages(case: Case, found: Found, *, grown_ml: float) -> tuple[Stage, ...]:
    ids = [f"T{number}" for number in range(1, len(found.chosen) + 1)]
    weeks = found.weeks.expected
    if found.kind == "pve":
        return (_stage(case, found.chosen, found.chosen, ids, after_weeks=weeks, grown_ml=grown_ml),)
    return (
        _stage(case, found.others, found.others, ids[:-1], after_weeks=0, grown_ml=0.0),
        _stage(case, found.chosen[-1:], found.chosen, ids[-1:], after_weeks=weeks, grown_ml=grown_ml),
    )


def _stage(
    case: Case,
    operated: Sequence[int],
    done: Sequence[int],
    ids: Sequence[str],
    *,
    after_weeks: int,
    grown_ml: float,
) -> Stage:
    """``operated`` is what this operation does, ``done`` all that is done by its end."""
    problem = case.problem
    kept_ml = (problem.functional_voxels - problem.lost_voxels(done)) * case.anatomy.grid.voxel_ml
    flr_ml = kept_ml + grown_ml
    shares = remnant(flr_ml, functional_ml=_functional_ml(case), clinical=case.clinical)
    return Stage(
        after_weeks=after_weeks,
        treatments=tuple(ids),
        interventions=problem.interventions(operated),
        flr_ml=flr_ml,
        minimums=tuple(
            Minimum(name=m.name, minimum=m.minimum, value=getattr(shares, m.name), binding=False)
            for m in case.limits
        ),
    )


def _flr_percent(case: Case, flr_ml: float) -> float:
    return remnant(flr_ml, functional_ml=_functional_ml(case), clinical=case.clinical).flr_percent


def _functional_ml(case: Case) -> float:
    return case.problem.functional_voxels * case.anatomy.grid.voxel_ml
