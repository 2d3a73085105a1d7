"""The frontier against all plans that nothing beats, its knees, and what comes next."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
from plan.random_cases import Random, patient, value_of

from netlm_imaging.plan.frontier import by_interventions, frontier
from netlm_imaging.plan.knees import knees
from netlm_imaging.plan.next_steps import additions, steps
from netlm_imaging.plan.optimize import optimize


def free(seed: int) -> Random:
    """A random patient where nothing must be done."""
    case = patient(seed)
    case.request = replace(case.request, limits=replace(case.request.limits, must=frozenset()))
    return case


def allowed(case: Random) -> list[tuple[int, ...]]:
    everything = range(len(case.problem.candidates))
    sizes = range(case.request.limits.interventions + 1)
    subsets = chain.from_iterable(combinations(everything, size) for size in sizes)
    return [s for s in subsets if case.keeps(s, case.request.limits)]


@pytest.mark.parametrize("seed", range(60))
def test_frontier_is_every_plan_that_nothing_beats(seed: int) -> None:
    case = free(seed)
    best = optimize(case.problem, "sparing", case.request, seconds=20)
    curve = frontier(case.problem, best, case.request, seconds=20, most_points=100_000)
    found = [value_of(case, "sparing", choice.chosen) for choice in curve.choices]
    fewest: dict[tuple[float, ...], float] = {}
    for subset in allowed(case):
        *pair, count = value_of(case, "sparing", subset)
        fewest[tuple(pair)] = min(count, fewest.get(tuple(pair), np.inf))
    unbeaten = {v for v in fewest if not any(o != v and o[0] <= v[0] and o[1] <= v[1] for o in fewest)}
    assert curve.complete
    assert sorted(found) == sorted((*v, fewest[v]) for v in unbeaten)
    assert {choice.status for choice in curve.choices} == {"optimal"}


@pytest.mark.parametrize("seed", range(0, 60, 5))
def test_frontier_holds_the_optimum_of_any_limit_and_more_liver_never_clears_less(seed: int) -> None:
    case = free(seed)
    best = optimize(case.problem, "sparing", case.request, seconds=20)
    found = {
        value_of(case, "sparing", c.chosen)
        for c in frontier(case.problem, best, case.request, seconds=20, most_points=100_000).choices
    }
    rng, cleared = np.random.default_rng(seed), []
    for budget in np.sort(rng.integers(0, case.request.limits.budget_voxels + 1, size=50)):
        limits = replace(case.request.limits, budget_voxels=int(budget))
        choice = optimize(case.problem, "sparing", replace(case.request, limits=limits), seconds=20)
        assert value_of(case, "sparing", choice.chosen) in found
        cleared.append(-value_of(case, "sparing", choice.chosen)[0])
    assert cleared == sorted(cleared)


def test_a_curve_cut_short_holds_optima_only() -> None:
    case = next(c for c in map(free, range(100)) if len(_whole(c)) > 5)
    best = optimize(case.problem, "sparing", case.request, seconds=20)
    short = frontier(case.problem, best, case.request, seconds=20, most_points=3)
    assert not short.complete
    assert {c.chosen for c in short.choices} < _whole(case)
    assert short.choices[0] == best


def _whole(case: Random) -> set[tuple[int, ...]]:
    best = optimize(case.problem, "sparing", case.request, seconds=20)
    return {
        c.chosen for c in frontier(case.problem, best, case.request, seconds=20, most_points=100_000).choices
    }


@pytest.mark.parametrize("seed", range(30))
def test_fewer_interventions_clear_as_much_as_any_plan_of_so_few(seed: int) -> None:
    case = free(seed)
    best = optimize(case.problem, "sparing", case.request, seconds=20)
    plans = allowed(case)
    counts = []
    for choice in by_interventions(case.problem, best, case.request, seconds=20):
        *pair, count = value_of(case, "sparing", choice.chosen)
        counts.append(count)
        few = [s for s in plans if case.interventions(s) <= count]
        assert tuple(pair) == min(value_of(case, "sparing", s)[:2] for s in few)
    assert counts == sorted(set(counts), reverse=True)
    assert counts[-1] == 0


@pytest.mark.parametrize("seed", range(40))
def test_next_lesions_and_steps_are_what_all_plans_say(seed: int) -> None:
    case = free(seed)
    limits = case.request.limits
    best = optimize(case.problem, "sparing", case.request, seconds=20)
    before = value_of(case, "sparing", best.chosen)
    for addition in additions(case.problem, best, limits):
        with_it = tuple(sorted((*best.chosen, addition.candidate)))
        after = value_of(case, "sparing", with_it)
        assert addition.tumor_voxels == before[0] - after[0] > 0
        assert addition.lost_voxels == after[1] - before[1]
        assert addition.lesion in case.figures(with_it).cleared
        assert addition.lesion not in case.figures(best.chosen).cleared
        assert addition.exceeds  # the plan is the best one: with more cleared, some limit is broken
        assert not case.keeps(with_it, limits)
    for step in steps(case.problem, best, case.request, seconds=20):
        wider = free(seed)
        wider.request = replace(case.request, limits=step.limits)
        cleared = value_of(wider, "sparing", step.choice.chosen)
        assert cleared == min(value_of(wider, "sparing", s) for s in allowed(wider))
        assert cleared[0] < before[0]


def test_some_cases_have_next_lesions_and_steps() -> None:
    cases = [free(seed) for seed in range(40)]
    plans = [optimize(c.problem, "sparing", c.request, seconds=20) for c in cases]
    pairs = list(zip(cases, plans, strict=True))
    assert sum(bool(additions(c.problem, p, c.request.limits)) for c, p in pairs) > 5
    found = {s.limit for c, p in pairs for s in steps(c.problem, p, c.request, seconds=20)}
    assert {"interventions", "resections", "ablations"} <= found


@pytest.mark.parametrize(
    ("points", "bends"),
    [
        ([(0, 0), (10, 50), (20, 60)], (1,)),  # 0.2 mL of liver for a mL of tumor, then 1
        ([(20, 60), (0, 0), (10, 50)], (2,)),  # in any order
        ([(0, 0), (10, 50), (15, 60)], (1,)),
        ([(0, 0), (10, 50), (13, 60)], ()),  # 0.2, then 0.3: no bend
        ([(0, 0), (10, 50), (12, 51), (20, 60)], (1,)),  # below the hull
        ([(0, 5), (0, 0), (10, 50), (20, 52)], (2,)),
        ([(0, 0), (0, 10), (5, 20)], ()),  # what costs nothing is where the curve begins
        ([(0, 0)], ()),
        ([], ()),
        (
            [(0, 0), (1, 100), (3, 200), (8, 300), (20, 400), (50, 500)],
            (2, 3, 4),  # prices rise 2, 2.5, 2.4 and 2.5 times: the first is one too many
        ),
    ],
)
def test_knees(points: list[tuple[float, float]], bends: tuple[int, ...]) -> None:
    assert knees(points) == bends
