"""What can be done about a lesion or a group of close ones, and why not the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.records import GroupOption, Option, TreatmentKind
from netlm_imaging.plan.workspace import Workspace


def option_of(
    space: Workspace, kind: TreatmentKind, tried: Sequence[Candidate | Refusal], budget_voxels: int
) -> Option:
    """From all that was ``tried``; what alone loses more than ``budget_voxels`` of liver is no option."""
    made = [c for c in tried if isinstance(c, Candidate)]
    refusals = dict.fromkeys(r.why_not for r in tried if isinstance(r, Refusal))
    why_not = "; ".join(refusals) or "leaves less functional liver than the minimum remnant"
    return option(kind, [c for c in made if c.lost_voxels(space) <= budget_voxels], why_not)


def option(kind: TreatmentKind, found: Sequence[Candidate], why_not: str) -> Option:
    """Possible where anything was ``found``."""
    feasible = bool(found)
    return Option(kind=kind, feasible=feasible, why_not=None if feasible else why_not)


def group_options(
    space: Workspace,
    kind: TreatmentKind,
    attempts: Mapping[tuple[int, ...], Sequence[Candidate | Refusal]],
    budget_voxels: int,
) -> list[GroupOption]:
    """Which groups of close lesions one treatment takes out, from what was tried for each."""
    options = [(group, option_of(space, kind, tried, budget_voxels)) for group, tried in attempts.items()]
    return [
        GroupOption(kind=kind, lesions=group, feasible=o.feasible, why_not=o.why_not) for group, o in options
    ]


def telling(options: Sequence[GroupOption], *, alone: Sequence[Candidate]) -> list[GroupOption]:
    """The largest groups that are possible and the smallest that are not: the others follow from these.

    What covers a group covers every part of it. A lesion that no one zone ablates ``alone`` has its reason
    among its own options.
    """
    possible = {frozenset(o.lesions) for o in options if o.feasible}
    known = possible | {frozenset(c.lesions) for c in alone if len(c.zones) == 1}

    def tells(group: frozenset[int], *, feasible: bool) -> bool:
        if feasible:
            return not any(group < other for other in possible)
        return all(group - {n} in known for n in group)

    return [o for o in options if tells(frozenset(o.lesions), feasible=o.feasible)]
