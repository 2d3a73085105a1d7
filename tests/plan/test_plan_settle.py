"""Optimal plans when treatments lose liver together, against all subsets simulated from voxels."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
from plan.inflow_examples import RandomLiver
from plan.plan_examples import bare_case

from netlm_imaging.plan import model, search
from netlm_imaging.plan.limits import Limits
from netlm_imaging.plan.losses import with_loss
from netlm_imaging.plan.optimize import Choice, Request, optimize
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.settle import best_plan, settled, unknown_losses
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.volume import LabelMap

SEEDS = range(24)


def patient(seed: int) -> tuple[Case, Request]:
    """A small liver with a lesion in each candidate, and a budget that is hard to keep."""
    random = RandomLiver(seed, vessels=seed % 2 == 0)
    assert random.space.liver.shape == random.anatomy.grid.shape_kji
    labels = np.zeros(random.space.liver.size, dtype=np.uint8)
    for number, candidate in enumerate(random.candidates, start=1):
        region = candidate.region(random.space)
        start = int(random.rng.integers(max(1, region.size - 6)))
        labels[region[start : start + int(random.rng.integers(2, 7))]] = number
    anatomy = replace(
        random.anatomy, lesions=LabelMap(labels.reshape(random.space.liver.shape), random.anatomy.grid)
    )
    space = workspace(anatomy, major_vessel_mm=6.0, smallest_part_ml=random.smallest_part_ml)
    candidates = [with_loss(space, c) for c in random.candidates]
    problem = make_problem(space, candidates, cleared_fraction=0.9)
    budget = int(random.rng.uniform(0.2, 0.8) * problem.functional_voxels)
    case = bare_case(anatomy, space, problem, cleared_fraction=0.9)
    limits = Limits(budget_voxels=budget, interventions=6)
    return case, Request(limits=limits, threshold_percent=70.0, symptomatic=(), relative_gap=0.0)


def value(case: Case, chosen: tuple[int, ...]) -> tuple[int, int, int]:
    """Simulated: tumor left out, liver lost, interventions."""
    outcome = case.simulate(chosen)
    cleared = sum(o.voxels for o in outcome.lesions if o.cleared)
    return -cleared, outcome.lost_voxels, len(chosen)


def optimum(case: Case, request: Request) -> tuple[Case, Choice]:
    return best_plan(case, "maximum", request, seconds=20, known={})


@pytest.mark.parametrize("at_once_seconds", [search.AT_ONCE_SECONDS, 0.0])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_settled_plan_is_the_best_of_all_subsets(
    seed: int, at_once_seconds: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "AT_ONCE_SECONDS", at_once_seconds)
    monkeypatch.setattr(model, "MANY_ROWS", 0)
    case, request = patient(seed)
    everything = range(len(case.problem.candidates))
    subsets = chain.from_iterable(combinations(everything, size) for size in range(7))
    values = [value(case, subset) for subset in subsets]
    best = min(v for v in values if v[1] <= request.limits.budget_voxels)
    case, choice = optimum(case, request)
    assert choice.status == "optimal"
    assert value(case, choice.chosen) == best
    assert case.problem.lost_voxels(choice.chosen) == best[1]
    assert unknown_losses(case, [choice.chosen]) == []


def test_some_plans_are_others_because_of_what_is_lost_together() -> None:
    changed = 0
    for seed in SEEDS:
        case, request = patient(seed)
        naive = optimize(case.problem, "maximum", request, seconds=20)
        settled_case, choice = optimum(case, request)
        changed += value(settled_case, naive.chosen) != value(settled_case, choice.chosen)
        assert value(settled_case, naive.chosen)[1] >= case.problem.lost_voxels(naive.chosen)
    assert changed > 1


def test_rounds_end_with_what_is_known() -> None:
    seed = next(s for s in SEEDS if optimum(*patient(s))[0].problem.joint)
    case, request = patient(seed)
    calls: list[Case] = []

    def find(case: Case, _before: Choice | None) -> Choice:
        calls.append(case)
        return optimize(case.problem, "maximum", request, seconds=20)

    answer = settled(case, find, chosen=lambda choice: [choice.chosen], rounds=0)
    assert len(calls) == 1
    # What was found loses more than was known: the case knows it now, and the plan is in doubt.
    assert answer.doubtful == {answer.found.chosen}
    assert answer.case.problem.lost_voxels(answer.found.chosen) == value(case, answer.found.chosen)[1]
    assert answer.case.problem.lost_voxels(answer.found.chosen) > case.problem.lost_voxels(
        answer.found.chosen
    )
