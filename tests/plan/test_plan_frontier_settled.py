"""The frontier when treatments lose liver together, against all subsets simulated from voxels."""

from __future__ import annotations

from itertools import chain, combinations
from typing import Any

import numpy as np
import pytest
from plan.test_plan_settle import patient, value

from netlm_imaging.plan import frontier as module
from netlm_imaging.plan.frontier import Frontier, frontier
from netlm_imaging.plan.optimize import Choice, Request
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.settle import Settled, best_plan, settled

SEEDS = (42, 45, 131, 164, 171, 217, 249, 260, 287, 340, 363, 389)
"""Patients whose curve is looked for more than once: its plans lose more together than was known at first."""


def curves(
    case: Case, best: Choice, request: Request, *, most_points: int = 100_000, again: bool = True
) -> tuple[Settled[Frontier], list[Frontier]]:
    """The settled curve, and that of each round. ``again``: each begins from the one before."""
    rounds: list[Frontier] = []

    def find(case: Case, before: Frontier | None) -> Frontier:
        earlier = before if again else None
        rounds.append(
            frontier(case.problem, best, request, seconds=20, most_points=most_points, earlier=earlier)
        )
        return rounds[-1]

    return settled(case, find, chosen=lambda found: [c.chosen for c in found.choices]), rounds


def unbeaten(case: Case, request: Request) -> set[tuple[int, int, int]]:
    """Of all subsets that keep the budget."""
    everything = range(len(case.problem.candidates))
    subsets = chain.from_iterable(combinations(everything, size) for size in range(7))
    fewest: dict[tuple[int, int], float] = {}
    for subset in subsets:
        *pair, count = value(case, subset)
        if pair[1] <= request.limits.budget_voxels:
            fewest[pair[0], pair[1]] = min(count, fewest.get((pair[0], pair[1]), np.inf))
    return {
        (*v, int(fewest[v]))
        for v in fewest
        if not any(o != v and o[0] <= v[0] and o[1] <= v[1] for o in fewest)
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_settled_curve_is_every_plan_that_nothing_beats(seed: int) -> None:
    case, request = patient(seed)
    case, best = best_plan(case, "sparing", request, seconds=20, known={})
    answer, rounds = curves(case, best, request)
    assert len(rounds) > 1
    assert answer.found.complete
    assert {choice.status for choice in answer.found.choices} == {"optimal"}
    assert {value(case, choice.chosen) for choice in answer.found.choices} == unbeaten(case, request)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("most_points", [4, 6])
def test_what_is_said_of_a_curve_cut_short_is_true(seed: int, most_points: int) -> None:
    """Of each proven plan, the budget up to which nothing clears more; and of all rounds, optima only."""
    case, request = patient(seed)
    case, best = best_plan(case, "sparing", request, seconds=20, known={})
    answer, _ = curves(case, best, request, most_points=most_points)
    case, truth = answer.case, unbeaten(case, request)
    assert {value(case, choice.chosen) for choice in answer.found.choices} <= truth
    for choice in answer.found.choices:
        cleared, lost, _ = value(case, choice.chosen)
        to = answer.found.reach[lost]
        assert lost <= to <= request.limits.budget_voxels
        assert not [v for v in truth if v[0] < cleared and v[1] <= to]


def test_what_holds_is_not_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = 0
    search = module.lexicographic

    def counted(*args: Any, **options: Any) -> Choice:
        nonlocal searches
        searches += 1
        return search(*args, **options)

    monkeypatch.setattr(module, "lexicographic", counted)
    took = {}
    for again in (True, False):
        searches = 0
        for seed in SEEDS[:3]:
            case, request = patient(seed)
            case, best = best_plan(case, "sparing", request, seconds=20, known={})
            curves(case, best, request, again=again)
        took[again] = searches
    assert took[True] < 0.8 * took[False]
