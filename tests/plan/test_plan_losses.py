"""Liver lost beyond what is removed, alone and together, against the definitions counted slowly."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations

import numpy as np
import pytest
from plan.inflow_examples import RandomLiver, block, liver_with, slow_loss
from plan.plan_examples import bare_case
from strategies import oblique_grid

from netlm_imaging.plan import parts
from netlm_imaging.plan.losses import Joint, devascularized, joint_losses, with_loss
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import make_problem
from netlm_imaging.plan.workspace import workspace

CASES = [(seed, vessels) for seed in range(12) for vessels in (True, False)]


def _subsets(count: int):
    return chain.from_iterable(combinations(range(count), size) for size in range(count + 1))


def _case(random: RandomLiver, problem) -> Case:
    return bare_case(random.anatomy, random.space, problem)


@pytest.mark.parametrize(("seed", "vessels"), CASES)
def test_problem_with_joint_losses_equals_the_simulation_and_the_definitions(seed, vessels) -> None:
    random = RandomLiver(seed, vessels=vessels)
    candidates = [with_loss(random.space, c) for c in random.candidates]
    joint: tuple[Joint, ...] = ()
    for chosen in _subsets(len(candidates)):
        joint += joint_losses(random.space, candidates, chosen, known=joint)
    problem = make_problem(random.space, candidates, cleared_fraction=0.995, joint=joint)
    case = _case(random, problem)
    for chosen in _subsets(len(candidates)):
        simulated = case.simulate(chosen)
        done = [candidates[c] for c in chosen]
        slow = slow_loss(random.space, done, smallest_part_ml=random.smallest_part_ml)
        assert simulated.lost_voxels == slow.sum()
        assert (simulated.devascularized == slow & ~case.treated(chosen)).all()
        assert problem.lost_voxels(chosen) == simulated.lost_voxels
    for entry in joint:
        assert len(entry.candidates) > 1
        for one in entry.candidates:
            rest = [candidates[c] for c in sorted(entry.candidates - {one})]
            assert not np.isin(entry.voxels, devascularized(random.space, rest)).any()


@pytest.mark.parametrize(("seed", "vessels"), CASES)
def test_a_joint_loss_is_what_its_treatments_lose_and_nothing_more(seed, vessels) -> None:
    random = RandomLiver(seed, vessels=vessels)
    candidates = [with_loss(random.space, c) for c in random.candidates]
    for entry in joint_losses(random.space, candidates, range(len(candidates))):
        lost = devascularized(random.space, [candidates[c] for c in sorted(entry.candidates)])
        assert np.isin(entry.voxels, lost).all()


def test_the_cases_hold_joint_losses_of_every_kind() -> None:
    """Else the test above would show nothing."""
    sizes = {True: [], False: []}
    for seed, vessels in CASES:
        random = RandomLiver(seed, vessels=vessels)
        candidates = [with_loss(random.space, c) for c in random.candidates]
        found = joint_losses(random.space, candidates, range(len(candidates)))
        sizes[vessels] += [len(j.candidates) for j in found]
        assert not vessels or any(c.devascularized.size for c in candidates)
    assert {2, 3} <= set(sizes[True])
    assert {2, 3} <= set(sizes[False])


@pytest.mark.parametrize(("seed", "vessels"), CASES)
def test_a_block_around_the_loss_tells_the_same_parts_as_the_whole(seed, vessels, monkeypatch) -> None:
    monkeypatch.setattr(parts, "LARGEST_SHARE", 1.0)
    told = 0
    for reach in (1, 2, 3):
        monkeypatch.setattr(parts, "REACH_VOXELS", reach)
        random = RandomLiver(seed, vessels=vessels)
        for candidate in random.candidates:
            lost = candidate.region(random.space)
            lost = lost[random.space.functional.ravel()[lost]]
            dead = None
            if random.space.inflow is not None:
                dead = random.space.inflow.dead(lost, np.empty(0, dtype=np.int64))
            living = random.space.parts.anchors.voxels
            if dead is not None:
                living = living[~dead[random.space.parts.anchors.piece]]
            near = random.space.parts._cut_off_near(lost, living)
            if near is not None:
                told += 1
                assert (near == random.space.parts._cut_off_anywhere(lost, living)).all()
    assert told


def _bar(length: int = 40):
    """A bar of liver, 8 mL a centimeter."""
    grid = oblique_grid((20, 20, length), (2.0, 2.0, 2.0))
    liver = np.zeros(grid.shape_kji, dtype=bool)
    liver[3:17, 3:17, :] = True
    return grid, liver


def test_without_vessels_a_small_end_that_is_cut_off_does_not_count() -> None:
    grid, liver = _bar()
    space = workspace(liver_with(None, grid, liver=liver), major_vessel_mm=6.0)
    slice_ml = 14 * 14 * grid.voxel_ml
    for end in (5, 20):  # slices: 7.8 and 31.4 mL
        cut = block(space, (0, 14), (0, 14), (40 - end - 2, 40 - end))
        lost_ml = devascularized(space, [cut]).size * grid.voxel_ml
        assert lost_ml == pytest.approx(end * slice_ml if end * slice_ml < 20.0 else 0.0)
    without = workspace(liver_with(None, grid, liver=liver), major_vessel_mm=6.0, smallest_part_ml=0.0)
    assert not devascularized(without, [block(without, (0, 14), (0, 14), (33, 35))]).size


def test_what_is_wholly_enclosed_by_treated_liver_does_not_count() -> None:
    grid = oblique_grid((30, 30, 30), (2.0, 2.0, 2.0))
    space = workspace(liver_with(None, grid), major_vessel_mm=6.0)
    shell = np.zeros(space.liver.shape, dtype=bool)
    shell[3:27, 3:27, 3:27] = True
    shell[5:25, 5:25, 5:25] = False
    candidate = replace(block(space, (0, 1), (0, 1), (0, 1)), voxels=np.flatnonzero(shell))
    assert devascularized(space, [candidate]).size == 20**3  # 64 mL


def test_an_island_of_the_untouched_liver_stays_counted() -> None:
    grid, liver = _bar()
    liver[:, :, 34] = False  # the last 5 slices are apart from the start
    space = workspace(liver_with(None, grid, liver=liver), major_vessel_mm=6.0)
    assert not devascularized(space, [block(space, (0, 14), (0, 14), (36, 37))]).size


def test_no_vessels_and_nothing_cut_off_costs_nothing_more() -> None:
    grid = oblique_grid((20, 24, 28), (2.0, 2.0, 2.0))
    space = workspace(liver_with(None, grid), major_vessel_mm=6.0)
    candidate = with_loss(space, block(space, (0, 8), (4, 14), (5, 15)))
    assert not candidate.devascularized.size
