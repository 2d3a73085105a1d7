"""Plans whose joint losses are all counted.

What treatments lose only together (``losses.py``) is not known before they are chosen together: for all
sets it could not be listed. So a plan is asked for what it loses jointly; what is new is added to the
problem, and the plan is looked for again. When nothing is new, its figures are those of the simulation,
and as joint losses only ever add to what plans lose, an optimum that has none unknown is one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from netlm_imaging.plan.losses import Joint, joint_losses
from netlm_imaging.plan.more_candidates import with_joint
from netlm_imaging.plan.outcome import Case

Found = TypeVar("Found")


def settled(
    case: Case,
    find: Callable[[Case], Found],
    *,
    chosen: Callable[[Found], Iterable[Sequence[int]]],
    rounds: int | None = None,
) -> tuple[Case, Found]:
    """What ``find`` finds once the case knows every joint loss of the candidates ``chosen`` in it.

    Every round learns a loss, so it ends; after ``rounds`` it ends with some that are not known.
    """
    found = find(case)
    while rounds is None or rounds > 0:
        new = unknown_losses(case, chosen(found))
        if not new:
            break
        case = with_joint(case, new)
        found = find(case)
        rounds = None if rounds is None else rounds - 1
    return case, found


def unknown_losses(case: Case, plans: Iterable[Sequence[int]]) -> list[Joint]:
    """The joint losses of ``plans`` that the problem does not know yet."""
    new: list[Joint] = []
    for plan in dict.fromkeys(tuple(sorted(plan)) for plan in plans):
        new.extend(joint_losses(case.space, case.problem.candidates, plan, known=(*case.problem.joint, *new)))
    return new
