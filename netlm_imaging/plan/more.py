"""What more than the sparing plan could be had: the frontier, the next lesions, wider limits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Self

from netlm_imaging.plan.clock import Clock
from netlm_imaging.plan.figures import counted_plan, figures_of
from netlm_imaging.plan.frontier import Frontier, by_interventions, frontier
from netlm_imaging.plan.knees import knees
from netlm_imaging.plan.next_steps import Addition, Step, additions, steps
from netlm_imaging.plan.optimize import Choice, Request
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.records import FrontierPoint, LimitStep, More, NextLesion
from netlm_imaging.plan.settle import settled

ROUNDS = 1
"""The searches are repeated so often with the joint losses of what they found; a plan that then still loses
more than was counted is not proven."""
ROUND_SHARE = 0.6
"""Of the time left, for each round; what one does not need goes to the next."""
STEPS_SHARE, FEWER_SHARE = 0.2, 0.25
"""Of a round, for wider limits and then for fewer interventions; the frontier has the rest."""
MOST_NEXT = 5
"""Lesions that are named as the next."""


def more_than(case: Case, choice: Choice, request: Request, *, seconds: float, most_points: int) -> More:
    """All that can be said beyond ``choice``, the sparing plan, in about ``seconds``.

    ``most_points``: of the frontier; one that has more of them is not complete.
    """
    clock = Clock.of(seconds)

    def find(case: Case, before: _Found | None) -> _Found:
        left, earlier = Clock.of(clock.share(ROUND_SHARE)), None if before is None else before.by_liver
        return _Found.of(case.problem, choice, request, clock=left, most_points=most_points, earlier=earlier)

    answer = settled(case, find, chosen=lambda found: found.plans, rounds=ROUNDS)
    case = answer.case
    found = answer.found.doubting(answer.doubtful, case.problem, request.limits.budget_voxels)
    points = [_point(case, c) for c in found.by_liver.choices]
    bends = knees([(point.parenchyma_lost_ml, point.debulking_percent) for point in points])
    return More(
        frontier=tuple(replace(p, knee=True) if n in bends else p for n, p in enumerate(points)),
        frontier_complete=found.by_liver.complete and all(point.proven for point in points),
        frontier_by_interventions=tuple(_point(case, c) for c in found.fewer),
        next_lesions=_next_lesions(case, choice, additions(case.problem, choice, request.limits)),
        limit_steps=tuple(_step(case, step) for step in found.wider),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    by_liver: Frontier
    fewer: tuple[Choice, ...]
    wider: tuple[Step, ...]

    @classmethod
    def of(
        cls,
        problem: Problem,
        choice: Choice,
        request: Request,
        *,
        clock: Clock,
        most_points: int,
        earlier: Frontier | None,
    ) -> Self:
        """All searches, in what ``clock`` leaves. ``earlier``: found when less loss was known."""
        return cls(
            wider=steps(problem, choice, request, seconds=clock.share(STEPS_SHARE)),
            fewer=by_interventions(problem, choice, request, seconds=clock.share(FEWER_SHARE)),
            by_liver=frontier(
                problem,
                choice,
                request,
                seconds=clock.share(1.0),
                most_points=most_points,
                earlier=earlier,
            ),
        )

    def doubting(self, doubtful: Collection[tuple[int, ...]], problem: Problem, budget_voxels: int) -> _Found:
        """``doubtful`` plans are not proven, and left out where they lose more than is allowed."""

        def checked(choice: Choice, most: int) -> list[Choice]:
            if choice.chosen not in doubtful:
                return [choice]
            kept = problem.lost_voxels(choice.chosen) <= most
            return [replace(choice, status="feasible")] if kept else []

        by_liver = [c for choice in self.by_liver.choices for c in checked(choice, budget_voxels)]
        wider = [
            replace(step, choice=c)
            for step in self.wider
            for c in checked(step.choice, step.limits.budget_voxels)
        ]
        return _Found(
            by_liver=replace(self.by_liver, choices=tuple(by_liver)),
            fewer=tuple(c for choice in self.fewer for c in checked(choice, budget_voxels)),
            wider=tuple(wider),
        )

    @property
    def plans(self) -> list[tuple[int, ...]]:
        """The candidates of each plan."""
        choices = (*self.by_liver.choices, *self.fewer, *(step.choice for step in self.wider))
        return [choice.chosen for choice in choices]


def _point(case: Case, choice: Choice) -> FrontierPoint:
    interventions = case.problem.interventions(choice.chosen)
    # Counted, not simulated: the case knows every joint loss of these plans, and they are many.
    figures = figures_of(case, counted_plan(case, choice.chosen), interventions=interventions)
    return FrontierPoint(
        flr_percent=figures.flr_percent,
        debulking_percent=figures.debulking_percent,
        parenchyma_lost_ml=figures.parenchyma_lost_ml,
        interventions=interventions,
        proven=choice.status == "optimal",
        cleared=figures.cleared,
    )


def _next_lesions(case: Case, choice: Choice, found: Sequence[Addition]) -> tuple[NextLesion, ...]:
    voxel_ml, before = case.space.grid.voxel_ml, case.problem.cleared_voxels(choice.chosen)
    return tuple(
        NextLesion(
            lesion=addition.lesion,
            treatment=case.problem.candidates[addition.candidate].kind,
            name=case.problem.candidates[addition.candidate].name,
            tumor_ml=addition.tumor_voxels * voxel_ml,
            debulking_percent=100.0 * (before + addition.tumor_voxels) / case.problem.total_voxels,
            parenchyma_ml=addition.lost_voxels * voxel_ml,
            exceeds=addition.exceeds,
        )
        for addition in found[:MOST_NEXT]
    )


def _step(case: Case, step: Step) -> LimitStep:
    point = _point(case, step.choice)
    functional, limits = case.problem.functional_voxels, step.limits
    value = {
        "flr": 100.0 * (functional - limits.budget_voxels) / functional,
        "interventions": limits.interventions,
        "resections": limits.resections,
        "ablations": limits.ablations,
        "segments": limits.segments,
    }[step.limit]
    assert value is not None
    return LimitStep(
        limit=step.limit,
        value=float(value),
        debulking_percent=point.debulking_percent,
        parenchyma_lost_ml=point.parenchyma_lost_ml,
        proven=point.proven,
    )
