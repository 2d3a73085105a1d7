"""Which minimums of the remnant keep a better plan away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import ceil

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.optimize import TO_THRESHOLD, Choice, Request, goals_of, more_clearable, optimize
from netlm_imaging.plan.problem import Problem
from netlm_imaging.remnant import FlrLimit
from netlm_imaging.settings import Objective

ROUNDING_VOXELS = 1e-6
"""A minimum that is a whole number of voxels but for rounding is that number."""


def budget_voxels(anatomy: Anatomy, limits: Sequence[FlrLimit]) -> int:
    """Functional voxels that may be lost; negative when the untouched liver is too small already."""
    functional = anatomy.functional.voxels
    if functional == 0:
        return -1  # any percentage of no liver would be met
    kept = max((limit.minimum_ml / anatomy.grid.voxel_ml for limit in limits), default=0.0)
    return functional - ceil(kept - ROUNDING_VOXELS)


def binding_minimums(
    anatomy: Anatomy,
    problem: Problem,
    choice: Choice,
    objective: Objective,
    request: Request,
    *,
    limits: Sequence[FlrLimit],
    seconds: float,
) -> tuple[FlrLimit, ...]:
    """The minimums that every plan breaks which clears more than ``choice``; none where no plan does.

    They are the strictest ones: the fewest that have to be lifted, from the strictest on, before more
    tumor can be cleared. Where two are broken by every better plan, to lift one of them would not help.
    ``seconds``: for all searches together; what is not found in time counts as not there.
    """
    if problem.cleared(choice.chosen).all():
        return ()
    strictest_first = sorted(limits, key=lambda m: -m.minimum_ml)
    budgets = [budget_voxels(anatomy, strictest_first[n:]) for n in range(len(limits) + 1)]
    steps = [n for n in range(1, len(budgets)) if budgets[n] > budgets[n - 1]]

    def helps(lifted: int) -> bool:
        wider = replace(request, limits=replace(request.limits, budget_voxels=budgets[lifted]))
        time = seconds / len(steps)
        return _clears_more(problem, objective, choice, request=request, wider=wider, seconds=time)

    if not steps or not helps(steps[-1]):
        return ()
    needed = next((n for n in steps[:-1] if helps(n)), steps[-1])
    return tuple(strictest_first[:needed])


def _clears_more(
    problem: Problem,
    objective: Objective,
    choice: Choice,
    *,
    request: Request,
    wider: Request,
    seconds: float,
) -> bool:
    """Whether ``wider`` lets more be cleared than ``request`` does; ``choice`` is the plan of ``request``."""
    if choice.status != "feasible":
        return more_clearable(problem, objective, wider, choice, seconds=seconds)
    if objective in TO_THRESHOLD:
        return False  # a plan that reaches the threshold wants no more
    # An unproven plan can be beaten within its own limits: that is no fault of a minimum.
    freed = optimize(problem, objective, wider, seconds=seconds)
    goals = [goal for goal in goals_of(problem, objective, wider) if isinstance(goal, Clear)]
    reached = [[goal.value(problem, c.chosen) for goal in goals] for c in (freed, choice)]
    return reached[0] < reached[1] and problem.lost_voxels(freed.chosen) > request.limits.budget_voxels
