"""Plans whose joint losses are all counted.

What treatments lose only together (``losses.py``) is not known before they are chosen together: for all
sets it could not be listed. So a plan is asked for what it loses jointly; what is new is added to the
problem, and the plan is looked for again. When nothing is new, its figures are those of the simulation,
and as joint losses only ever add to what plans lose, an optimum that has none unknown is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from netlm_imaging.plan.losses import Joint, joint_losses
from netlm_imaging.plan.more_candidates import with_joint
from netlm_imaging.plan.outcome import Case

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
    find: Callable[[Case], Found],
    *,
    chosen: Callable[[Found], Iterable[tuple[int, ...]]],
    rounds: int | None = None,
) -> Settled[Found]:
    """What ``find`` finds once the case knows every joint loss of the plans ``chosen`` in it.

    Every round learns a loss, so it ends; after ``rounds`` with plans that are ``doubtful``.
    """
    while True:
        found = find(case)
        plans = list(chosen(found))
        new = unknown_losses(case, plans)
        if not new:
            return Settled(case=case, found=found)
        before, case = case.problem, with_joint(case, new)
        if rounds == 0:
            changed = (p for p in plans if before.lost_voxels(p) != case.problem.lost_voxels(p))
            return Settled(case=case, found=found, doubtful=frozenset(changed))
        rounds = None if rounds is None else rounds - 1


def unknown_losses(case: Case, plans: Iterable[Sequence[int]]) -> list[Joint]:
    """The joint losses of ``plans`` that the problem does not know yet."""
    new: list[Joint] = []
    for plan in dict.fromkeys(tuple(sorted(plan)) for plan in plans):
        new.extend(joint_losses(case.space, case.problem.candidates, plan, known=(*case.problem.joint, *new)))
    return new
