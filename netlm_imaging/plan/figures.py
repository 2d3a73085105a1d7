"""The figures of a plan while it is edited, and what an edit changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.simulate import LesionOutcome, Simulation
from netlm_imaging.remnant import remnant
from netlm_imaging.remnant.records import MinimumName
from netlm_imaging.volume import BoolArray

ROUNDING_PERCENT = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptMinimum:
    """One FLR minimum and what the plan leaves against it, in percent of the same denominator."""

    name: MinimumName
    minimum: float
    value: float

    @property
    def met(self) -> bool:
        """Whether at least the minimum is left."""
        return self.value >= self.minimum - ROUNDING_PERCENT


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a plan does."""

    debulking_percent: float
    """By lesion: the headline figure."""
    debulking_percent_by_volume: float
    cleared: tuple[int, ...]
    residual: tuple[int, ...]
    flr_ml: float
    flr_percent: float
    sflr_percent: float | None
    flr_body_weight_percent: float | None
    minimums: tuple[KeptMinimum, ...]
    parenchyma_lost_ml: float
    interventions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What one plan has more (or, below 0, less) than another; points are of percent."""

    debulking_points: float
    debulking_points_by_volume: float
    flr_ml: float
    flr_points: float
    sflr_points: float | None
    flr_body_weight_points: float | None
    parenchyma_lost_ml: float
    interventions: int
    cleared_gained: tuple[int, ...]
    cleared_lost: tuple[int, ...]
    added: tuple[str, ...]
    """Treatments by their names."""
    removed: tuple[str, ...]
    type_before: int | None = None
    """The Types, where they are known; a plan with a major resection, named or drawn, decides none."""
    type_after: int | None = None


def counted(
    case: Case, *, treated: npt.NDArray[np.int64], lost_voxels: int, devascularized: BoolArray
) -> Simulation:
    """The simulation's record from ``treated`` voxels of each lesion and functional voxels lost.

    ``devascularized``: which of these [k, j, i] lie outside the treated regions.
    """
    problem = case.problem
    rows = zip(
        problem.lesions,
        problem.lesion_voxels.tolist(),
        treated.tolist(),
        (treated >= problem.needed_voxels).tolist(),
        strict=True,
    )
    return Simulation(
        lesions=tuple(
            LesionOutcome(lesion=n, voxels=size, treated_voxels=done, cleared=cleared)
            for n, size, done, cleared in rows
        ),
        functional_voxels=problem.functional_voxels,
        lost_voxels=lost_voxels,
        devascularized=devascularized,
        voxel_ml=case.space.grid.voxel_ml,
    )


def counted_plan(case: Case, chosen: Sequence[int], *, devascularized: BoolArray | None = None) -> Simulation:
    """The simulation's record of ``chosen`` from the counts of the problem, without its voxels.

    Equal to ``Case.simulate`` to the voxel where the problem knows all that ``chosen`` lose together, but
    for ``devascularized``, which is empty unless it is given.
    """
    if devascularized is None:
        devascularized = np.zeros(case.space.functional.shape, dtype=bool)
    return counted(
        case,
        treated=case.problem.treated_voxels(chosen),
        lost_voxels=case.problem.lost_voxels(chosen),
        devascularized=devascularized,
    )


def figures_of(case: Case, outcome: Simulation, *, interventions: int) -> Figures:
    """``outcome`` in all its denominators, against the minimums of ``case``."""
    functional_ml = outcome.functional_voxels * outcome.voxel_ml
    shares = remnant(outcome.flr_ml, functional_ml=functional_ml, clinical=case.clinical)
    return Figures(
        debulking_percent=outcome.debulking_percent,
        debulking_percent_by_volume=outcome.debulking_percent_by_volume,
        cleared=outcome.cleared,
        residual=tuple(o.lesion for o in outcome.lesions if not o.cleared),
        flr_ml=shares.flr_ml,
        flr_percent=shares.flr_percent,
        sflr_percent=shares.sflr_percent,
        flr_body_weight_percent=shares.flr_body_weight_percent,
        minimums=tuple(
            KeptMinimum(name=m.name, minimum=m.minimum, value=getattr(shares, m.name)) for m in case.limits
        ),
        parenchyma_lost_ml=outcome.lost_ml,
        interventions=interventions,
    )


def figures_of_plan(plan: Plan) -> Figures:
    """The figures that a finished plan carries."""
    return Figures(
        debulking_percent=plan.debulking_percent,
        debulking_percent_by_volume=plan.debulking_percent_by_volume,
        cleared=plan.cleared,
        residual=plan.residual,
        flr_ml=plan.flr_ml,
        flr_percent=plan.flr_percent,
        sflr_percent=plan.sflr_percent,
        flr_body_weight_percent=plan.flr_body_weight_percent,
        minimums=tuple(KeptMinimum(name=m.name, minimum=m.minimum, value=m.value) for m in plan.minimums),
        parenchyma_lost_ml=plan.parenchyma_lost_ml,
        interventions=sum(max(1, len(t.zones)) for t in plan.treatments),
    )


def difference(
    before: Figures,
    after: Figures,
    *,
    names_before: Sequence[str],
    names_after: Sequence[str],
    types: tuple[int | None, int | None] = (None, None),
) -> Difference:
    """What ``after`` has more than ``before``; ``names``: of the treatments of each."""
    return Difference(
        debulking_points=after.debulking_percent - before.debulking_percent,
        debulking_points_by_volume=after.debulking_percent_by_volume - before.debulking_percent_by_volume,
        flr_ml=after.flr_ml - before.flr_ml,
        flr_points=after.flr_percent - before.flr_percent,
        sflr_points=_less(after.sflr_percent, before.sflr_percent),
        flr_body_weight_points=_less(after.flr_body_weight_percent, before.flr_body_weight_percent),
        parenchyma_lost_ml=after.parenchyma_lost_ml - before.parenchyma_lost_ml,
        interventions=after.interventions - before.interventions,
        cleared_gained=tuple(n for n in after.cleared if n not in before.cleared),
        cleared_lost=tuple(n for n in before.cleared if n not in after.cleared),
        added=tuple((Counter(names_after) - Counter(names_before)).elements()),
        removed=tuple((Counter(names_before) - Counter(names_after)).elements()),
        type_before=types[0],
        type_after=types[1],
    )


def _less(value: float | None, than: float | None) -> float | None:
    return None if value is None or than is None else value - than
