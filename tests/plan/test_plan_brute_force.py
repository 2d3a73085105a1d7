"""The exact model against all subsets of the candidates, counted from voxels one by one."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from itertools import combinations
from threading import Event

import numpy as np
import pytest
from plan.plan_examples import settings_with
from plan.random_cases import CLEARED, Random, best_of, patient, value_of
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions import measure
from netlm_imaging.plan import model, search
from netlm_imaging.plan.collect import collect
from netlm_imaging.plan.dominance import dominance
from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.greedy import Adding, greedy
from netlm_imaging.plan.limits import Limits, keeps
from netlm_imaging.plan.model import Model, Segments
from netlm_imaging.plan.optimize import Request, optimize
from netlm_imaging.plan.polish import polished
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.search import Search
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import Objective
from netlm_imaging.volume import LabelMap, Mask


@pytest.mark.parametrize("objective", ["sparing", "maximum", "threshold", "fewest", "palliative"])
@pytest.mark.parametrize("seed", range(300))
def test_optimum_is_the_best_of_all_subsets(seed: int, objective: Objective) -> None:
    case = patient(seed)
    choice = optimize(case.problem, objective, case.request, seconds=20)
    best = best_of(case, objective)
    if best is None:
        assert choice.status == "infeasible"
        assert choice.chosen == ()
        return
    assert choice.status == "optimal"
    assert value_of(case, objective, choice.chosen) == best
    if objective in ("sparing", "maximum"):
        assert choice.bound_voxels == -best[0]


@pytest.mark.parametrize("objective", ["sparing", "maximum", "threshold", "fewest", "palliative"])
@pytest.mark.parametrize("seed", range(60))
def test_one_choice_of_segments_after_the_other_finds_the_best_of_all_subsets(
    seed: int, objective: Objective, one_by_one: list[Segments]
) -> None:
    case = patient(seed)
    wanted = frozenset(case.problem.lesions[:1] if seed % 3 == 0 else ())
    case.request = replace(case.request, limits=replace(case.request.limits, lesions=wanted))
    choice = optimize(case.problem, objective, case.request, seconds=20)
    best = best_of(case, objective)
    if best is None:
        assert (choice.status, choice.chosen) == ("infeasible", ())
        return
    assert choice.status == "optimal"
    assert value_of(case, objective, choice.chosen) == best
    if objective in ("sparing", "maximum"):
        assert choice.bound_voxels == -best[0]


@pytest.mark.parametrize("seed", range(60))
def test_a_search_goes_on_from_what_an_earlier_one_left_when_its_plan_was_doubted(
    seed: int, one_by_one: list[Segments]
) -> None:
    case, doubted = patient(seed), list[tuple[int, ...]]()

    def doubts(plan: tuple[int, ...]) -> bool:
        doubted.append(plan)
        return len(doubted) == 1 + seed % 2

    best = best_of(case, "maximum")
    first = optimize(case.problem, "maximum", case.request, seconds=20, doubts=doubts)
    if best is None:
        assert first.status == "infeasible"
        return
    assert doubted
    assert first.bound_voxels is not None
    assert first.bound_voxels >= -best[0]
    assert all(first.bound_voxels + 1 > -bound for bound, _ in first.parts)
    # As if joint losses had taken all plans away that were found so far: nothing is known but the bounds.
    second = optimize(case.problem, "maximum", case.request, seconds=20, wider=first)
    assert second.status == "optimal"
    assert value_of(case, "maximum", second.chosen) == best


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("doubted", [2, 99])
@pytest.mark.parametrize("seed", [3, 14, 27, 52, 68, 124, 240, 261, 272, 291])
def test_what_a_search_leaves_bounds_the_plans_in_it_and_holds_all_of_them(
    seed: int, doubted: int, bare: bool, one_by_one: list[Segments]
) -> None:
    case = patient(seed)
    limits, problem = replace(case.request.limits, segments=None, must=frozenset()), case.problem
    goal, asked = Clear.all(problem), []

    def doubts(plan: tuple[int, ...]) -> bool:
        asked.append(plan)
        return len(asked) == doubted

    start = () if bare else greedy(problem, limits, goal)
    left = Search(Model(problem, limits), doubts=doubts).minimise(goal, seconds=20, start=start)
    plans = [
        (goal.value(problem, plan), frozenset[int]().union(*(problem.candidates[c].segments for c in plan)))
        for size in range(6)
        for plan in combinations(range(len(problem.candidates)), size)
        if keeps(problem, limits, plan)
    ]
    assert left.parts
    assert left.bound <= min(value for value, _ in plans) + 1e-3
    for bound, part in left.parts:
        inside = [value for value, gone in plans if part.removed <= gone and part.kept.isdisjoint(gone)]
        assert bound <= min(inside, default=bound) + 1e-3
    for _, gone in plans:
        assert any(part.removed <= gone and part.kept.isdisjoint(gone) for _, part in left.parts)


def test_choices_of_segments_are_looked_at_where_fractions_leave_a_gap(one_by_one: list[Segments]) -> None:
    for seed in range(60):
        optimize(patient(seed).problem, "maximum", patient(seed).request, seconds=20)
    assert len(set(one_by_one)) > 5


def test_plans_are_polished_beside_every_choice_of_segments(one_by_one: list[Segments]) -> None:
    polished_beside: list[tuple[int, ...]] = []

    def polish(plan: tuple[int, ...], seconds: float, stop: Event) -> tuple[int, ...]:
        polished_beside.append(plan)
        return plan

    for seed in range(60):
        case = patient(seed)
        limits, problem = replace(case.request.limits, segments=None, must=frozenset()), case.problem
        goal = Clear.all(problem)
        start = greedy(problem, limits, goal)
        Search(Model(problem, limits), polish=polish).minimise(goal, seconds=20, start=start)
    assert len(polished_beside) >= len(one_by_one) > 5


@pytest.fixture
def one_by_one(monkeypatch: pytest.MonkeyPatch) -> list[Segments]:
    """No try of everything at once; the choices of segments for which whole numbers were asked."""
    asked: list[Segments] = []
    deciding = Search._deciding

    def noted(self: Search, segments: Segments, *args, **named):
        asked.append(segments)
        return deciding(self, segments, *args, **named)

    monkeypatch.setattr(search, "AT_ONCE_SECONDS", 0.0)
    monkeypatch.setattr(model, "MANY_ROWS", 0)
    monkeypatch.setattr(Search, "_deciding", noted)
    monkeypatch.setattr("netlm_imaging.plan.polish.polished", partial(polished, rounds=4))
    return asked


@pytest.mark.parametrize("seed", range(0, 200, 8))
def test_a_polished_plan_keeps_the_limits_and_is_no_worse(seed: int) -> None:
    case = patient(seed)
    limits, goal = case.request.limits, Clear.all(case.problem)
    plan = greedy(case.problem, limits, goal)
    if not case.keeps(plan, limits):
        return  # what must be done is too much
    better = polished(Adding(case.problem, limits, goal), plan, seconds=5.0, rounds=40)
    best = best_of(case, "sparing")
    assert best is not None
    assert case.keeps(better, limits)
    assert best <= value_of(case, "sparing", better)
    assert value_of(case, "sparing", better)[:2] <= value_of(case, "sparing", plan)[:2]


@pytest.mark.parametrize("seed", range(100))
def test_dropping_dominated_candidates_changes_no_optimum(seed: int) -> None:
    case = patient(seed)
    limits = case.request.limits
    dominated = dominance(case.problem, limits).dominated(barred=limits.must_not, wanted=limits.must)
    request = replace(case.request, limits=replace(limits, must_not=limits.must_not | dominated))
    choice = optimize(case.problem, "sparing", request, seconds=20)
    best = best_of(case, "sparing")
    if best is None:
        assert choice.status == "infeasible"
        return
    assert choice.status == "optimal"
    assert value_of(case, "sparing", choice.chosen) == best


@pytest.mark.parametrize("objective", ["sparing", "maximum", "threshold", "fewest", "palliative"])
@pytest.mark.parametrize("seed", range(100))
def test_a_lesion_that_must_be_cleared_is_so_at_the_best_of_all_subsets(
    seed: int, objective: Objective
) -> None:
    case = patient(seed)
    rng = np.random.default_rng(1000 + seed)
    wanted = rng.choice(case.problem.lesions, int(rng.integers(1, 3)))
    limits = replace(case.request.limits, lesions=frozenset(wanted.tolist()))
    case.request = replace(case.request, limits=limits)
    dominated = dominance(case.problem, limits).dominated(barred=limits.must_not, wanted=limits.must)
    request = replace(case.request, limits=replace(limits, must_not=limits.must_not | dominated))
    choice = optimize(case.problem, objective, request, seconds=20, start=tuple(range(seed % 4)))
    best = best_of(case, objective)
    if best is None:
        assert (choice.status, choice.chosen) == ("infeasible", ())
        return
    assert choice.status == "optimal"
    assert value_of(case, objective, choice.chosen) == best


def test_some_candidates_are_dominated() -> None:
    cases = [patient(seed) for seed in range(40)]
    assert any(dominance(c.problem, c.request.limits).dominated() for c in cases)


@pytest.mark.parametrize("seed", range(0, 100, 8))
def test_the_greedy_plan_keeps_every_limit_and_is_no_better_than_the_best(seed: int) -> None:
    case = patient(seed)
    case.request = replace(case.request, limits=replace(case.request.limits, must=frozenset()))
    plan = greedy(case.problem, case.request.limits, Clear.all(case.problem), improve=seed % 16 == 0)
    best = best_of(case, "sparing")
    assert best is not None
    assert case.keeps(plan, case.request.limits)
    assert best[0] <= value_of(case, "sparing", plan)[0] <= 0


class Real(Random):
    """Close lesions of odd sizes in a small liver, with the ablations that are really offered for them."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._figures = {}
        grid = oblique_grid((20, 22, 24), (3.1, 3.3, 3.6))
        middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
        liver = ellipsoid(grid, middle, (31.0, 33.0, 30.0))
        lesions = np.zeros(grid.shape_kji, dtype=np.uint8)
        for n in range(1, 5):
            center, half = middle + rng.uniform(-20, 20, 3), rng.uniform((3, 3, 4), (6, 6, 14))
            lesions[ellipsoid(grid, center, half) & liver & (lesions == 0)] = n
        anatomy = Anatomy(liver=Mask(liver, grid), lesions=LabelMap(lesions, grid))
        self.anatomy, self.space = anatomy, workspace(anatomy, major_vessel_mm=6.0)
        devices = ["rfa-1-probe"] if seed % 2 else ["rfa-1-probe", "amica-60w-10min-patients"]
        settings = settings_with(
            resection={"wedge": False},
            ablation={"devices": devices, "margin_mm": 4.0, "comparison_devices": []},
        )
        candidates, *_ = collect(self.space, measure(anatomy), settings=settings)
        self.problem = make_problem(self.space, candidates, cleared_fraction=CLEARED)
        self.request = Request(
            limits=Limits(
                budget_voxels=int(rng.integers(0, self.problem.functional_voxels)),
                interventions=int(rng.integers(1, 6)),
                ablations=None if rng.random() < 0.5 else int(rng.integers(1, 5)),
            ),
            threshold_percent=70.0,
            symptomatic=(),
            relative_gap=0.0,
        )


REAL_SEEDS = range(24)
real = cache(Real)


@pytest.mark.parametrize("seed", REAL_SEEDS)
def test_optimum_over_clusters_and_sequences_is_the_best_of_all_subsets(seed: int) -> None:
    case = real(seed)
    objective = ("sparing", "threshold", "palliative")[seed % 3]
    limits = case.request.limits
    barred = replace(limits, must_not=dominance(case.problem, limits).dominated())
    choice = optimize(case.problem, objective, replace(case.request, limits=barred), seconds=20)
    best = best_of(case, objective)
    if best is None:
        assert choice.status == "infeasible"
        return
    assert choice.status == "optimal"
    assert value_of(case, objective, choice.chosen) == best
    assert case.figures(choice.chosen).lost_voxels == case.problem.lost_voxels(choice.chosen)


def test_the_real_cases_hold_clusters_and_sequences() -> None:
    made = [c for seed in REAL_SEEDS for c in real(seed).problem.candidates]
    assert any(len(c.lesions) > 1 for c in made)
    assert any(len(c.zones) > 1 for c in made)
