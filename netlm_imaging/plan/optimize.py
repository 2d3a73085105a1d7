"""Lexicographic optima: what each objective wants first, second and third (planner.md 3)."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import ceil, inf

import numpy as np

from netlm_imaging.plan.goals import Clear, Few, Goal, Spare
from netlm_imaging.plan.greedy import Adding, greedy
from netlm_imaging.plan.limits import Limits, cleared_ids, contradict, keeps
from netlm_imaging.plan.model import Model
from netlm_imaging.plan.polish import polished_of
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.records import Status
from netlm_imaging.plan.search import Search
from netlm_imaging.plan.solution import Doubts, Parts, Solution
from netlm_imaging.settings import Objective

PALLIATIVE_LARGEST = 3
"""Where no lesion is named as symptomatic: so many of the largest stand for them (ours)."""
TO_THRESHOLD: tuple[Objective, ...] = ("threshold", "fewest")
"""They clear the threshold and no more than comes with it."""
SPARING: tuple[Objective, ...] = ("sparing", "fewest")
LEAST_SECONDS = 0.05
"""With less time left no search is begun where a plan is at hand: to pose the question takes longer."""
FIRST_STAGE_SHARE = 0.75
"""Of the time left, for each stage but the last: what it does not need goes to those after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The candidates of one plan."""

    status: Status
    chosen: tuple[int, ...]
    bound_voxels: int | None
    """No plan can clear more tumor than this, by lesion."""
    parts: Parts = ()
    """What the search for the first goal was divided into, if it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for beside the problem."""

    limits: Limits
    threshold_percent: float
    symptomatic: tuple[int, ...]
    """Ids of lesions."""
    relative_gap: float


def optimize(
    problem: Problem,
    objective: Objective,
    request: Request,
    *,
    seconds: float,
    known: Iterable[Sequence[int]] = (),
    start: tuple[int, ...] | None = None,
    wider: Choice | None = None,
    doubts: Doubts | None = None,
) -> Choice:
    """The best plan for ``objective`` within about ``seconds``; ``known``: plans that may be good ones.

    ``start``: a plan to begin with; where it keeps all that is asked for, no other is looked for first.
    ``wider``: what was found for the same objective when no plan was barred that is allowed now.
    ``doubts``: whether a plan breaks limits in truth. Where it does, all that is still wanted waits for a
    problem that knows why: the choice ends with what was found so far.

    - sparing, maximum: clear the most tumor, then lose the least liver, then the fewest interventions;
    - threshold: lose the least liver that still clears ``threshold_percent``, then clear the most;
    - fewest: take the fewest interventions that still clear ``threshold_percent``, then lose the least
      liver, then clear the most;
    - palliative: clear the most of the symptomatic lesions; where none is known, the largest, then
      the second and third largest; then lose the least liver.

    ``sparing`` and ``fewest`` obey ``limits.segments``; the others may remove any number of segments.
    """
    deadline, limits = time.monotonic() + seconds, limits_of(objective, request)
    if contradict(problem, limits):
        return Choice(status="infeasible", chosen=(), bound_voxels=0)
    goals = goals_of(problem, objective, request)
    if start is None or not meets(problem, objective, request, start):
        start = _start(problem, objective, request, goals, known)
    if start is not None and time.monotonic() > deadline - LEAST_SECONDS:
        bound = problem.total_voxels if goals[0] == Clear.all(problem) else None
        return _bounded(Choice(status="feasible", chosen=start, bound_voxels=bound), wider)
    adding = Adding(problem, limits, goals[0]) if isinstance(goals[0], Clear) else None
    at_least = -inf
    if wider is not None and wider.status == "optimal" and wider.bound_voxels is not None:
        at_least = -wider.bound_voxels
    choice = lexicographic(
        problem,
        _model(problem, objective, request),
        goals,
        adding=adding,
        seconds=deadline - time.monotonic(),
        relative_gap=request.relative_gap,
        at_least=at_least,
        parts=() if wider is None else wider.parts,
        start=start,
        doubts=doubts,
    )
    return _bounded(choice, wider)


def _bounded(choice: Choice, wider: Choice | None) -> Choice:
    """``choice`` with the bound of a wider question, where that is the better one."""
    if wider is None or choice.bound_voxels is None or wider.bound_voxels is None:
        return choice
    return replace(choice, bound_voxels=min(choice.bound_voxels, wider.bound_voxels))


def goals_of(problem: Problem, objective: Objective, request: Request) -> list[Goal]:
    """What ``objective`` wants first, second, third."""
    gently = Spare(most_interventions=request.limits.interventions)
    if objective == "threshold":
        return [Spare(), Clear.all(problem), Few()]
    if objective == "fewest":
        return [Few(), Spare(), Clear.all(problem)]
    if objective == "palliative":
        return [*_palliative_goals(problem, request.symptomatic), gently]
    return [Clear.all(problem), gently]


def more_clearable(
    problem: Problem, objective: Objective, request: Request, choice: Choice, *, seconds: float
) -> bool:
    """Whether ``objective`` could clear more than ``choice`` does, under the wider limits of ``request``."""
    if contradict(problem, limits_of(objective, request)):
        return False
    goals = [goal for goal in goals_of(problem, objective, request) if isinstance(goal, Clear)]
    freed = lexicographic(problem, _model(problem, objective, request), goals, seconds=seconds)
    if freed.status == "infeasible":
        return False
    if choice.status == "infeasible":
        return True
    reached = [[goal.value(problem, c.chosen) for goal in goals] for c in (freed, choice)]
    return objective not in TO_THRESHOLD and reached[0] < reached[1]


def _start(
    problem: Problem,
    objective: Objective,
    request: Request,
    goals: Sequence[Goal],
    known: Iterable[Sequence[int]],
) -> tuple[int, ...] | None:
    """The best plan at hand that keeps the limits and, where there is one, the threshold; None without."""
    wanted = next((goal for goal in goals if isinstance(goal, Clear)), None)
    if wanted is None:
        return None  # without a lesion there is nothing to clear
    limits = limits_of(objective, request)
    adding = Adding(problem, limits, wanted)
    plans = [greedy(problem, limits, wanted), *(tuple(sorted(plan)) for plan in known)]
    plans = [plan if keeps(problem, limits, plan) else adding.mended(plan) for plan in plans]
    plans = [plan for plan in plans if keeps(problem, limits, plan)]
    if objective in TO_THRESHOLD:
        needed = -needed_for_threshold(problem, request.threshold_percent)
        plans = [plan for plan in plans if wanted.value(problem, plan) <= needed]
        plans = [_trimmed(problem, limits, plan, wanted, at_most=needed) for plan in plans]
    return min(plans, key=lambda plan: [g.value(problem, plan) for g in goals], default=None)


def _trimmed(
    problem: Problem, limits: Limits, plan: tuple[int, ...], wanted: Goal, *, at_most: int
) -> tuple[int, ...]:
    """``plan`` without what is not needed to keep ``wanted`` low enough, the costliest first."""
    for costly in sorted(set(plan) - limits.must, key=lambda c: (-problem.lost_voxels([c]), c)):
        without = tuple(c for c in plan if c != costly)
        if wanted.value(problem, without) <= at_most and limits.lesions <= cleared_ids(problem, without):
            plan = without
    return plan


def meets(problem: Problem, objective: Objective, request: Request, chosen: Sequence[int]) -> bool:
    """Whether ``chosen`` keep the limits of ``objective`` and reach its threshold, where it has one."""
    if not keeps(problem, limits_of(objective, request), chosen):
        return False
    reached = problem.cleared_voxels(chosen)
    needed = needed_for_threshold(problem, request.threshold_percent)
    return objective not in TO_THRESHOLD or reached >= needed


def limits_of(objective: Objective, request: Request) -> Limits:
    """Only ``sparing`` and ``fewest`` obey the limit of segments."""
    return request.limits if objective in SPARING else replace(request.limits, segments=None)


def needed_for_threshold(problem: Problem, threshold_percent: float) -> int:
    """Tumor voxels that reach the threshold."""
    return ceil(threshold_percent / 100.0 * problem.total_voxels - 1e-9)


def _model(problem: Problem, objective: Objective, request: Request) -> Model:
    model = Model(problem, limits_of(objective, request))
    if objective in TO_THRESHOLD:
        model.require(Clear.all(problem), at_most=-needed_for_threshold(problem, request.threshold_percent))
    return model


def _palliative_goals(problem: Problem, symptomatic: Sequence[int]) -> list[Goal]:
    if symptomatic:
        return [Clear.only(problem, symptomatic)]
    largest = np.argsort(-problem.lesion_voxels, kind="stable")[:PALLIATIVE_LARGEST]
    return [Clear.only(problem, [problem.lesions[n]]) for n in largest]


def lexicographic(
    problem: Problem,
    model: Model,
    goals: Sequence[Goal],
    *,
    seconds: float,
    relative_gap: float = 0.0,
    start: tuple[int, ...] | None = None,
    adding: Adding | None = None,
    at_least: float = -inf,
    parts: Parts = (),
    doubts: Doubts | None = None,
    unbeaten: Choice | None = None,
) -> Choice:
    """Reach one goal after the other, each at the best value of those before it, within about ``seconds``.

    ``adding`` fills up and mends plans for the first goal.
    ``start`` is a plan that stands where the time runs out before the solver finds a better one.
    ``at_least``: no plan has a smaller value of the first goal. ``parts``: what an earlier search for
    it was divided into. ``doubts``: as for ``optimize``. ``unbeaten``: the answer if nothing reaches a
    better value of the first goal.
    """
    cheapest = next((goal for goal in goals[1:] if isinstance(goal, Spare)), None)
    search = Search(
        model,
        relative_gap=relative_gap,
        mend=None if adding is None else adding.mended,
        polish=None
        if adding is None
        else lambda plan, seconds, stop: polished_of(adding, plan, seconds=seconds, stop=stop),
        cheapest=cheapest,
        doubts=doubts,
    )
    deadline = time.monotonic() + seconds
    status: Status = "optimal"
    chosen = start
    bound: int | None = None
    for number, goal in enumerate(goals):
        left = deadline - time.monotonic()
        share = left if number == len(goals) - 1 else left * FIRST_STAGE_SHARE
        solution = (
            search.minimise(goal, seconds=share, start=chosen)
            if number
            else search.minimise(goal, seconds=share, start=chosen, at_least=at_least, parts=parts)
        )
        if number == 0:
            parts = solution.parts
            bound = _bound_voxels(problem, solution) if goal == Clear.all(problem) else None
        if solution.status == "infeasible" and chosen is None:
            return Choice(status="infeasible", chosen=(), bound_voxels=bound)
        if solution.status != "optimal":
            status = "feasible"
        if solution.status in ("infeasible", "unknown"):
            break  # the plan of the goals before stands
        chosen = solution.chosen
        if number == 0 and status == "optimal" and unbeaten is not None:
            no_better = goal.value(problem, chosen) == goal.value(problem, unbeaten.chosen)
            if no_better:
                return unbeaten
        if number < len(goals) - 1 and doubts is not None and doubts(chosen):
            break
        model.require(goal, at_most=goal.value(problem, chosen))
    return Choice(status=status, chosen=chosen or (), bound_voxels=bound, parts=parts)


def _bound_voxels(problem: Problem, solution: Solution) -> int:
    """The most that can be cleared, from the solver's bound on minus that number."""
    if not np.isfinite(solution.bound):
        return problem.total_voxels
    return min(problem.total_voxels, int(np.floor(-solution.bound + 1e-3)))
