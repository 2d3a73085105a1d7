"""What would clear more than the plan does: the next lesions, and one step more of each limit."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.limits import Limits, exceeded_counts
from netlm_imaging.plan.optimize import Choice, Request, optimize
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.records import LimitName

FLR_STEP_PERCENT = 1.0
"""Of the functional liver: what one step more of it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A lesion that the plan leaves, and the candidate that clears it for the least liver beside the plan."""

    lesion: int
    candidate: int
    tumor_voxels: int
    """Cleared beside what the plan clears; other lesions that the candidate clears too count."""
    lost_voxels: int
    """Lost beside what the plan loses."""
    exceeds: tuple[LimitName, ...]
    """Limits that the plan with it would not keep; none only where the plan is not proven."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The best sparing plan when one limit is a step wider."""

    limit: LimitName
    limits: Limits
    choice: Choice


def additions(problem: Problem, choice: Choice, limits: Limits) -> tuple[Addition, ...]:
    """For each lesion left, what clears it beside the plan; the most tumor for the liver lost first."""
    done = problem.cleared(choice.chosen)
    lost = problem.lost_voxels(choice.chosen)
    found: dict[int, Addition] = {}
    for candidate in sorted(set(range(len(problem.candidates))) - limits.must_not - set(choice.chosen)):
        with_it = (*choice.chosen, candidate)
        new = problem.cleared(with_it) & ~done
        if not new.any():
            continue
        more = problem.lost_voxels(with_it) - lost
        tumor = int(problem.lesion_voxels[new].sum())
        for place in np.flatnonzero(new).tolist():
            before = found.get(problem.lesions[place])
            if before is None or (more, -tumor) < (before.lost_voxels, -before.tumor_voxels):
                found[problem.lesions[place]] = Addition(
                    lesion=problem.lesions[place],
                    candidate=candidate,
                    tumor_voxels=tumor,
                    lost_voxels=more,
                    exceeds=(
                        *(("flr",) if lost + more > limits.budget_voxels else ()),
                        *exceeded_counts(problem, limits, with_it),
                    ),
                )
    return tuple(sorted(found.values(), key=lambda a: (-a.tumor_voxels / (a.lost_voxels + 1), a.lesion)))


def steps(problem: Problem, choice: Choice, request: Request, *, seconds: float) -> tuple[Step, ...]:
    """The limits of which one step more clears more than ``choice``, the optimal sparing plan."""
    goal = Clear.all(problem)
    deadline = time.monotonic() + seconds
    found = []
    for name, wider in _wider(problem, request.limits):
        left = deadline - time.monotonic()
        if choice.status != "optimal" or problem.cleared(choice.chosen).all() or left <= 0.0:
            break
        better = optimize(problem, "sparing", replace(request, limits=wider), seconds=left)
        if better.chosen and goal.value(problem, better.chosen) < goal.value(problem, choice.chosen):
            found.append(Step(limit=name, limits=wider, choice=better))
    return tuple(found)


def _wider(problem: Problem, limits: Limits) -> Iterator[tuple[LimitName, Limits]]:
    more = round(FLR_STEP_PERCENT / 100.0 * problem.functional_voxels)
    yield "flr", replace(limits, budget_voxels=limits.budget_voxels + more)
    yield "interventions", replace(limits, interventions=limits.interventions + 1)
    if limits.resections is not None:
        yield "resections", replace(limits, resections=limits.resections + 1)
    if limits.ablations is not None:
        yield "ablations", replace(limits, ablations=limits.ablations + 1)
    if limits.segments is not None:
        yield "segments", replace(limits, segments=limits.segments + 1)
