"""What a plan must keep to beside its goals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.records import LimitName


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a plan must keep to; None is no limit."""

    budget_voxels: int
    """Functional liver that may be lost."""
    interventions: int
    resections: int | None = None
    ablations: int | None = None
    segments: int | None = None
    """Whole segments removed, in all."""
    must: frozenset[int] = frozenset()
    """Candidates that are done."""
    must_not: frozenset[int] = frozenset()
    """Candidates that are not done."""
    lesions: frozenset[int] = frozenset()
    """Ids of lesions that are cleared."""


def keeps(problem: Problem, limits: Limits, chosen: Sequence[int]) -> bool:
    """Whether ``chosen`` keep every limit."""
    return (
        limits.must.issubset(chosen)
        and limits.must_not.isdisjoint(chosen)
        and keeps_counts(problem, limits, chosen)
        and problem.lost_voxels(chosen) <= limits.budget_voxels
        and (not limits.lesions or limits.lesions <= cleared_ids(problem, chosen))
    )


def contradict(problem: Problem, limits: Limits) -> bool:
    """Whether no plan can keep ``limits``, told without a solver: not every contradiction is found."""
    everything = range(len(problem.candidates))
    return (
        limits.budget_voxels < 0
        or not limits.must.isdisjoint(limits.must_not)
        or not limits.lesions <= cleared_ids(problem, everything if limits.lesions else ())
    )


def cleared_ids(problem: Problem, chosen: Sequence[int]) -> frozenset[int]:
    """Ids of the lesions that ``chosen`` candidates clear together."""
    done = zip(problem.lesions, problem.cleared(chosen).tolist(), strict=True)
    return frozenset(lesion for lesion, cleared in done if cleared)


def keeps_counts(problem: Problem, limits: Limits, chosen: Sequence[int]) -> bool:
    """Whether ``chosen`` keep every limit of how much is done; that of the liver lost is no such limit."""
    return not exceeded_counts(problem, limits, chosen)


def exceeded_counts(problem: Problem, limits: Limits, chosen: Sequence[int]) -> tuple[LimitName, ...]:
    """Which limits of how much is done ``chosen`` do not keep."""
    counts = count_of(problem, chosen)
    held: tuple[tuple[LimitName, int, int | None], ...] = (
        ("interventions", counts.interventions, limits.interventions),
        ("resections", counts.resections, limits.resections),
        ("ablations", counts.ablations, limits.ablations),
        ("segments", counts.segments, limits.segments),
    )
    return tuple(name for name, count, limit in held if limit is not None and count > limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How much is done; each zone of an ablation counts."""

    interventions: int
    resections: int
    ablations: int
    segments: int


def count_of(problem: Problem, chosen: Sequence[int]) -> Counts:
    """What ``chosen`` candidates add up to."""
    candidates = [problem.candidates[c] for c in chosen]
    interventions = problem.interventions(chosen)
    ablations = sum(c.interventions for c in candidates if c.kind == "ablation")
    return Counts(
        interventions=interventions,
        resections=interventions - ablations,
        ablations=ablations,
        segments=len(frozenset[int]().union(*(c.segments for c in candidates))),
    )
