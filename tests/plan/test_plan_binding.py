"""Which minimum binds: each of the three in turn, several together, none."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import chain, combinations

import numpy as np
import pytest
from plan.plan_examples import planned
from plan.random_cases import Random, value_of
from plan.test_plan_case import random_anatomy

from netlm_imaging.clinical import Clinical
from netlm_imaging.plan.binding import binding_minimums, budget_voxels
from netlm_imaging.plan.optimize import Choice, optimize
from netlm_imaging.remnant import FlrLimit, flr_limits
from netlm_imaging.settings import FlrSettings

NAMES = ("sflr_percent", "flr_percent", "flr_body_weight_percent")
BODY = Clinical(height_cm=180, weight_kg=80, liver_quality="normal")
"""Standard liver 1740.15 mL; 800 mL are 1 % of the weight."""


def minimums(**percents: float) -> FlrSettings:
    return FlrSettings(
        minimum_standardized_percent=percents["sflr_percent"],
        minimum_percent=percents["flr_percent"],
        minimum_body_weight_percent=percents["flr_body_weight_percent"],
    )


@pytest.mark.parametrize("tight", [*NAMES, None])
def test_each_minimum_binds_in_turn(tight: str | None) -> None:
    anatomy = random_anatomy(2)
    free = planned(anatomy).plan
    functional_ml = anatomy.functional.volume_ml
    whole = {"sflr_percent": 1740.15, "flr_percent": functional_ml, "flr_body_weight_percent": 80000.0}
    strict_ml, loose_ml = functional_ml - 0.5 * free.parenchyma_lost_ml, 0.1 * functional_ml
    settings = minimums(**{n: 100 * (strict_ml if n == tight else loose_ml) / whole[n] for n in NAMES})
    limits = flr_limits(functional_ml, clinical=BODY, settings=settings)
    plan = planned(anatomy, limits=limits, clinical=BODY).plan
    assert [m.name for m in plan.minimums] == list(NAMES)
    assert [m.name for m in plan.minimums if m.binding] == ([tight] if tight else [])
    assert (plan.debulking_percent < free.debulking_percent) is (tight is not None)
    assert all(m.value >= m.minimum for m in plan.minimums)


def limit(name: str, minimum_ml: float) -> FlrLimit:
    return FlrLimit(name=name, minimum=1.0, minimum_ml=minimum_ml, source="settings")  # type: ignore[arg-type]


@cache
def found_and_true(seed: int) -> tuple[set[str], set[str], Choice]:
    """The binding minimums, and by all subsets: those that every plan breaks which clears more."""
    case = Random(seed)
    anatomy = case.anatomy.cropped()
    objective = ("sparing", "maximum")[seed % 2]
    functional_ml = anatomy.functional.volume_ml
    kept = np.random.default_rng(seed).uniform(0.3, 1.0, size=3) * functional_ml
    kept[1] = kept[0] if seed % 5 == 0 else kept[1]
    limits = [limit(name, float(ml)) for name, ml in zip(NAMES, kept, strict=True)]
    allowed = replace(case.request.limits, budget_voxels=budget_voxels(anatomy, limits))
    request = replace(case.request, limits=allowed)
    choice = optimize(case.problem, objective, request, seconds=20)
    found = binding_minimums(anatomy, case.problem, choice, objective, request, limits=limits, seconds=60)
    free = replace(
        allowed,
        budget_voxels=case.problem.functional_voxels,
        segments=allowed.segments if objective == "sparing" else None,
    )
    everything = range(len(case.problem.candidates))
    subsets = chain.from_iterable(combinations(everything, n) for n in range(free.interventions + 1))
    values = [value_of(case, objective, s)[:2] for s in subsets if case.keeps(s, free)]
    # Where no plan is possible, any plan is a better one.
    best = min((v[0] for v in values if v[1] <= allowed.budget_voxels), default=1)
    cheapest = min((v[1] for v in values if v[0] < best), default=0)
    true = {m.name for m in limits if budget_voxels(anatomy, [m]) < cheapest}
    return {m.name for m in found}, true, choice


@pytest.mark.parametrize("seed", range(40))
def test_what_binds_is_what_every_better_plan_breaks(seed: int) -> None:
    found, true, choice = found_and_true(seed)
    assert choice.status in ("optimal", "infeasible")
    assert found == true


def test_the_random_cases_hold_none_one_and_several_that_bind() -> None:
    assert {len(found_and_true(seed)[1]) for seed in range(40)} == {0, 1, 2, 3}


def test_an_unproven_plan_that_could_be_bettered_within_its_limits_is_no_fault_of_a_minimum() -> None:
    case = next(c for c in map(Random, range(40)) if _within(c))
    anatomy = case.anatomy.cropped()
    voxel_ml = anatomy.grid.voxel_ml
    loose = limit("flr_percent", voxel_ml)
    request = replace(
        case.request, limits=replace(case.request.limits, budget_voxels=budget_voxels(anatomy, [loose]))
    )
    nothing = Choice(status="feasible", chosen=(), bound_voxels=None)
    arguments = (anatomy, case.problem, nothing, "sparing", request)
    assert binding_minimums(*arguments, limits=[loose], seconds=20) == ()
    proven = replace(nothing, status="optimal")
    assert binding_minimums(anatomy, case.problem, proven, "sparing", request, limits=[loose], seconds=20)


def _within(case: Random) -> bool:
    """Something can be cleared without losing all liver but a voxel."""
    choice = optimize(case.problem, "sparing", case.request, seconds=20)
    return bool(choice.chosen) and case.problem.cleared(choice.chosen).any()
