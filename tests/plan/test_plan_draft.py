"""Plans in the making against the exact counts of the problem, and how plans that break limits are mended."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plan.random_cases import CLEARED, patient, value_of

from netlm_imaging.plan.draft import Draft
from netlm_imaging.plan.goals import Clear
from netlm_imaging.plan.greedy import Adding
from netlm_imaging.plan.limits import cleared_ids, keeps
from netlm_imaging.plan.losses import Joint
from netlm_imaging.plan.problem import Problem, make_problem


def with_joint_losses(seed: int) -> Problem:
    """A random patient who loses three random parts of the liver when two or three candidates are done."""
    case, rng = patient(seed), np.random.default_rng(seed)
    functional = np.flatnonzero(case.space.functional)
    joint = [
        Joint(
            frozenset(rng.choice(9, size=int(rng.integers(2, 4)), replace=False).tolist()),
            np.sort(rng.choice(functional, size=12, replace=False)),
        )
        for _ in range(3)
    ]
    return make_problem(case.space, case.problem.candidates, cleared_fraction=CLEARED, joint=joint)


@pytest.mark.parametrize("seed", range(12))
def test_a_draft_counts_what_the_problem_counts_whatever_comes_and_goes(seed: int) -> None:
    problem, rng = with_joint_losses(seed), np.random.default_rng(seed)
    draft = Draft(problem)
    for _ in range(60):
        candidate = int(rng.integers(len(problem.candidates)))
        if candidate in draft.chosen:
            draft.drop(candidate)
        else:
            draft.add(candidate)
        if rng.random() < 0.1:
            draft = draft.copy()
        chosen = sorted(draft.chosen)
        assert draft.lost_voxels == problem.lost_voxels(chosen)
        assert np.array_equal(draft.treated, problem.treated_voxels(chosen))
        assert np.array_equal(draft.cleared, problem.cleared(chosen))


@pytest.mark.parametrize("seed", range(12))
def test_what_candidates_would_add_and_what_they_alone_do(seed: int) -> None:
    problem, rng = patient(seed).problem, np.random.default_rng(seed)
    lesions = np.arange(len(problem.lesions))
    for _ in range(10):
        chosen = np.flatnonzero(rng.random(len(problem.candidates)) < 0.4).tolist()
        draft = Draft(problem, chosen)
        left, only = draft.left(lesions), draft.only(chosen)
        for c in range(len(problem.candidates)):
            more = problem.lost_voxels({*chosen, c}) - draft.lost_voxels
            assert left.loses[c] == (0 if c in chosen else more)
            treated = problem.treated_voxels({*chosen, c}) - draft.treated
            assert np.array_equal(left.treats[:, c], treated)
        for place, c in enumerate(chosen):
            rest = [other for other in chosen if other != c]
            assert only.loses[place] == draft.lost_voxels - problem.lost_voxels(rest)
            assert np.array_equal(only.treats[:, place], draft.treated - problem.treated_voxels(rest))


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_that_breaks_limits_is_mended(seed: int) -> None:
    case, rng = patient(seed), np.random.default_rng(seed)
    limits, problem = replace(case.request.limits, must=frozenset()), case.problem
    goal = Clear.all(problem)
    for _ in range(6):
        plan = set(np.flatnonzero(rng.random(len(problem.candidates)) < 0.6).tolist()) - limits.must_not
        mended = Adding(problem, limits, goal).mended(plan)
        assert keeps(problem, limits, mended)
        filled = Adding(problem, limits, goal).mended(mended)
        assert value_of(case, "sparing", filled)[0] <= value_of(case, "sparing", mended)[0]
        if keeps(problem, limits, sorted(plan)):
            assert goal.value(problem, mended) <= goal.value(problem, sorted(plan))


def test_a_mended_plan_clears_the_lesions_that_must_be_cleared() -> None:
    reached = 0
    for seed in range(40):
        case = patient(seed)
        free = replace(case.request.limits, must=frozenset())
        for lesion in cleared_ids(case.problem, range(len(case.problem.candidates))):
            limits = replace(free, lesions=frozenset({lesion}))
            mended = Adding(case.problem, limits, Clear.all(case.problem)).mended(())
            alone = [c for c in range(9) if keeps(case.problem, limits, [c])]
            if alone:  # one candidate clears it within the limits
                reached += keeps(case.problem, limits, mended)
                assert keeps(case.problem, free, mended)
    assert reached > 40
