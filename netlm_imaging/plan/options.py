"""What can be done about a lesion or a group of close ones, and why not the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.records import GroupOption, LesionOptions, Option, TreatmentKind
from netlm_imaging.plan.workspace import Workspace

TOO_MUCH = "leaves less functional liver than the minimum remnant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One kind of treatment for lesions at once, tried whatever the limits are."""

    kind: TreatmentKind
    lesions: tuple[int, ...]
    least_lost_voxels: int | None
    """Functional liver lost with the candidate that loses the least; None where none could be made."""
    why_not: str

    @classmethod
    def of(
        cls,
        space: Workspace,
        kind: TreatmentKind,
        lesions: tuple[int, ...],
        tried: Sequence[Candidate | Refusal],
    ) -> Attempt:
        """From all that was ``tried``."""
        lost = [c.lost_voxels(space) for c in tried if isinstance(c, Candidate)]
        refusals = dict.fromkeys(r.why_not for r in tried if isinstance(r, Refusal))
        return cls(
            kind=kind,
            lesions=lesions,
            least_lost_voxels=min(lost, default=None),
            why_not="; ".join((*refusals, TOO_MUCH) if lost else refusals),
        )

    def feasible(self, budget_voxels: int) -> bool:
        """Whether it can be done; what alone loses more than ``budget_voxels`` of liver cannot."""
        return self.least_lost_voxels is not None and self.least_lost_voxels <= budget_voxels


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """All that was tried: what of it is possible follows from the limits."""

    single: tuple[Attempt, ...]
    """Lesion by lesion, all kinds for each."""
    together: tuple[Attempt, ...]
    """Of close lesions in one."""
    one_zone: frozenset[frozenset[int]]
    """Lesions that one zone ablates, each alone or with others that it happens to cover."""

    def options(self, budget_voxels: int) -> tuple[LesionOptions, ...]:
        """Of each lesion."""
        return tuple(
            LesionOptions(lesion=lesion, options=tuple(_option(a, budget_voxels) for a in attempts))
            for (lesion,), attempts in groupby(self.single, key=lambda attempt: attempt.lesions)
        )

    def groups(self, budget_voxels: int) -> tuple[GroupOption, ...]:
        """Of close lesions: every wedge, and the ablations that tell of the others."""
        options = [
            GroupOption(kind=o.kind, lesions=a.lesions, feasible=o.feasible, why_not=o.why_not)
            for a in self.together
            for o in (_option(a, budget_voxels),)
        ]
        ablations = [o for o in options if o.kind == "ablation"]
        return (
            *(o for o in options if o.kind != "ablation"),
            *telling(ablations, one_zone=self.one_zone),
        )


NOTHING_TRIED = Attempts(single=(), together=(), one_zone=frozenset())


def _option(attempt: Attempt, budget_voxels: int) -> Option:
    feasible = attempt.feasible(budget_voxels)
    return Option(kind=attempt.kind, feasible=feasible, why_not=None if feasible else attempt.why_not)


def telling(options: Sequence[GroupOption], *, one_zone: frozenset[frozenset[int]]) -> list[GroupOption]:
    """The largest groups that are possible and the smallest that are not: the others follow from these.

    What covers a group covers every part of it. A lesion that no one zone ablates alone (``one_zone``) has
    its reason among its own options.
    """
    possible = {frozenset(o.lesions) for o in options if o.feasible}
    known = possible | one_zone

    def tells(group: frozenset[int], *, feasible: bool) -> bool:
        if feasible:
            return not any(group < other for other in possible)
        return all(group - {n} in known for n in group)

    return [o for o in options if tells(frozenset(o.lesions), feasible=o.feasible)]
