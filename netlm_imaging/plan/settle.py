"""Plans whose joint losses are all counted.

What treatments lose only together (``losses.py``) is not known before they are chosen together: for all
sets it could not be listed. So a plan is asked for what it loses jointly; what is new is added to the
problem, and the plan is looked for again. When nothing is new, its figures are those of the simulation,
and as joint losses only ever add to what plans lose, an optimum that has none unknown is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from netlm_imaging.plan.clock import Clock
from netlm_imaging.plan.losses import Joint, joint_losses, unknown_loss
from netlm_imaging.plan.more_candidates import with_joint
from netlm_imaging.plan.optimize import Choice, Request, optimize
from netlm_imaging.plan.outcome import Case
from netlm_imaging.settings import Objective

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled(Generic[Found]):
    """What was found, and the case with every joint loss of it."""

    case: Case
    found: Found
    doubtful: frozenset[tuple[int, ...]] = frozenset()
    """Plans that lose more than was known when they were found: they need not be the best."""


def settled(
    case: Case,
    find: Callable[[Case, Found | None], Found],
    *,
    chosen: Callable[[Found], Iterable[tuple[int, ...]]],
    rounds: int | None = None,
) -> Settled[Found]:
    """What ``find`` finds once the case knows every joint loss of the plans ``chosen`` in it.

    ``find`` is given what it found in the round before, when less loss was known. Every round learns a
    loss, so it ends; after ``rounds`` with plans that are ``doubtful``.
    """
    found: Found | None = None
    while True:
        found = find(case, found)
        plans = list(chosen(found))
        new = unknown_losses(case, plans)
        if not new:
            return Settled(case=case, found=found)
        before, case = case.problem, with_joint(case, new)
        if rounds == 0:
            changed = (p for p in plans if before.lost_voxels(p) != case.problem.lost_voxels(p))
            return Settled(case=case, found=found, doubtful=frozenset(changed))
        rounds = None if rounds is None else rounds - 1


def exceeds(case: Case, plan: Sequence[int], *, budget_voxels: int) -> bool:
    """Whether ``plan`` loses more than ``budget_voxels``, what the problem does not know of included."""
    problem = case.problem
    unknown = unknown_loss(case.space, problem.candidates, plan, known=problem.joint)
    return problem.lost_voxels(plan) + unknown.size > budget_voxels


def unknown_losses(case: Case, plans: Iterable[Sequence[int]]) -> list[Joint]:
    """The joint losses of ``plans`` that the problem does not know yet."""
    new: list[Joint] = []
    for plan in dict.fromkeys(tuple(sorted(plan)) for plan in plans):
        new.extend(joint_losses(case.space, case.problem.candidates, plan, known=(*case.problem.joint, *new)))
    return new


def best_plan(
    case: Case,
    objective: Objective,
    request: Request,
    *,
    seconds: float,
    known: Mapping[Objective, Choice],
) -> tuple[Case, Choice]:
    """The best plan for one objective, with all that its treatments lose together counted.

    ``known``: plans for other objectives, which may be good ones. Also the case with the joint losses.
    """
    clock = Clock.of(seconds)
    plans = [choice.chosen for choice in known.values()]

    def find(case: Case, before: Choice | None) -> Choice:
        asked: dict[tuple[int, ...], bool] = {}

        def doubts(plan: tuple[int, ...]) -> bool:
            if plan not in asked:
                asked[plan] = exceeds(case, plan, budget_voxels=request.limits.budget_voxels)
            return asked[plan]

        found = optimize(
            case.problem,
            objective,
            request,
            seconds=clock.share(1.0),
            known=dict.fromkeys(plans),
            wider=before,  # joint losses learned since then only take plans away
            doubts=doubts,
        )
        plans.extend([*asked, found.chosen])
        return found

    answer = settled(case, find, chosen=lambda choice: [choice.chosen])
    return answer.case, answer.found
