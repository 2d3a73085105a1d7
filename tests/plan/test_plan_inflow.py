"""Territories of a vessel tree: what a cut through a branch costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from decide.cases import plan as empty_plan
from plan.inflow_examples import block, liver_with, y_tree
from plan.test_plan_case import random_anatomy
from scipy import sparse
from scipy.spatial import cKDTree
from strategies import oblique_grid

from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.dominators import immediate_dominators
from netlm_imaging.plan.inflow_notices import inflow_notices
from netlm_imaging.plan.losses import devascularized
from netlm_imaging.plan.workspace import workspace

SPACING = (1.7, 2.1, 1.9)


def _space(vessels, grid, **more):
    return workspace(liver_with(vessels, grid, **more), major_vessel_mm=6.0)


def test_a_cut_at_a_fork_costs_exactly_what_hangs_on_that_branch() -> None:
    grid = oblique_grid((16, 40, 48), SPACING)
    vessels = y_tree(grid)
    space = _space(vessels, grid)
    cut = block(space, (0, 16), (25, 27), (14, 22))  # across the way to the arm at high j
    lost = np.zeros(grid.shape_kji, dtype=bool)
    lost.ravel()[devascularized(space, [cut])] = True
    removed = np.zeros_like(lost)
    removed.ravel()[cut.voxels] = True
    # Behind the cut lies the rest of the way out and the whole arm.
    arm = vessels.copy()
    arm[:, :25] = False
    places = np.moveaxis(np.indices(grid.shape_kji), 0, -1) * grid.spacing_kji_mm
    to_arm, _ = cKDTree(places[arm]).query(places)
    to_rest, _ = cKDTree(places[vessels & ~arm]).query(places)
    apart = np.abs(to_arm - to_rest) > 2.5 * max(SPACING)  # pieces are a voxel's diagonal thick
    assert (lost == (~removed & (to_arm < to_rest)))[apart].all()
    half = np.zeros_like(lost)
    half[:, 20:, 28:] = True
    assert (lost | removed)[half].all()
    assert not lost[:, :18].any()


@pytest.mark.parametrize(("reach", "costs"), [(2, False), (3, True)])
def test_a_branch_is_cut_when_half_of_it_is_removed(reach: int, costs: bool) -> None:
    grid = oblique_grid((16, 40, 48), SPACING)
    space = _space(y_tree(grid), grid)
    # The arm at low j is 2 x 2 voxels, at k 7 and 8 and j 10 and 11.
    nibble = block(space, (0, 5 + reach), (9, 13), (26, 30))
    assert (devascularized(space, [nibble]).size > 0) == costs


def test_flips_and_turns_of_the_grid_change_nothing_but_ties() -> None:
    rng = np.random.default_rng(5)
    grid = oblique_grid((16, 40, 48), SPACING)
    vessels = y_tree(grid)
    vessels[4:12, 29, 40] = vessels[8, 20:30, 40] = True
    boxes = [
        tuple(
            (int(a), int(a + b))
            for a, b in zip(rng.integers(0, [10, 30, 38]), rng.integers(4, 12, 3), strict=True)
        )
        for _ in range(12)
    ]
    space = _space(vessels, grid)
    plain = [_lost(space, block(space, *box)) for box in boxes]
    assert sum(lost.any() for lost in plain) >= 4
    for order, flipped in (((0, 1, 2), (0, 2)), ((2, 0, 1), ()), ((1, 2, 0), (1,)), ((0, 2, 1), (0, 1, 2))):
        shape, turned_spacing = (np.array(v)[list(order)] for v in (grid.shape_kji, grid.spacing_kji_mm))
        turned_grid = oblique_grid(tuple(shape.tolist()), tuple(turned_spacing[::-1].tolist()))
        turned = _space(np.flip(vessels.transpose(order), flipped), turned_grid)
        for box, lost in zip(boxes, plain, strict=True):
            mask = np.zeros(grid.shape_kji, dtype=bool)
            mask[tuple(slice(a, b) for a, b in box)] = True
            moved = np.flip(mask.transpose(order), flipped)
            candidate = Candidate(kind="wedge", name="", voxels=np.flatnonzero(moved))
            back = np.flip(_lost(turned, candidate), flipped).transpose(np.argsort(order))
            assert not (back ^ lost)[~_tied(vessels, space, mask)].any()


def _lost(space, candidate) -> np.ndarray:
    lost = np.zeros(space.liver.shape, dtype=bool)
    lost.ravel()[devascularized(space, [candidate])] = True
    return lost


def _tied(vessels, space, cut) -> np.ndarray:
    """Voxels as near to a dead vessel as to a living one."""
    dead = space.inflow.dead(np.flatnonzero(cut), np.empty(0, dtype=np.int64))
    gone = vessels & np.append(dead, False)[space.inflow.place]
    if not gone.any():
        return np.zeros_like(vessels)
    places = np.moveaxis(np.indices(vessels.shape), 0, -1) * space.spacing
    a, b = (cKDTree(places[m]).query(places)[0] for m in (gone, vessels & ~gone))
    return np.abs(a - b) < 1e-6


def test_segments_keep_what_runs_through_them_to_others() -> None:
    """The low arm runs through segment 2 to segment 3: removing 2 must not cost 3, removing 3 not 2."""
    grid = oblique_grid((16, 40, 48), SPACING)
    segments = np.ones(grid.shape_kji, dtype=np.uint8)
    segments[:, :20, 16:26] = 2
    segments[:, :20, 26:] = 3
    segments[:, 20:, 16:] = 4
    space = _space(y_tree(grid), grid, segments=segments)

    def lost_of(*labels: int) -> np.ndarray:
        candidate = Candidate(
            kind="anatomical", name="", voxels=np.empty(0, dtype=np.int64), segments=frozenset(labels)
        )
        return np.bincount(segments.ravel()[devascularized(space, [candidate])], minlength=5)

    assert lost_of(2).sum() < 0.03 * (segments == 3).sum()
    assert lost_of(3).sum() < 0.05 * (segments == 3).sum()
    # The same cut without regard for vessels costs all that lies behind.
    wedge = block(space, (0, 16), (0, 20), (16, 26))
    counts = np.bincount(segments.ravel()[devascularized(space, [wedge])], minlength=5)
    assert counts[3] > 0.97 * (segments == 3).sum()


def _touching_trees(grid):
    """Two stems, one from either end, with a thin bridge between their branches."""
    vessels = np.zeros(grid.shape_kji, dtype=bool)
    vessels[6:10, 8:12, :10] = True
    vessels[7:9, 9:11, 10:40] = True
    vessels[6:10, 28:32, 38:] = True
    vessels[7:9, 29:31, 10:38] = True
    vessels[7:9, 11:29, 24] = True
    return vessels


def test_one_mask_of_two_trees_has_two_stems_and_the_portal_vein_one() -> None:
    grid = oblique_grid((16, 40, 48), SPACING)
    both = _touching_trees(grid)
    bridge = ((0, 16), (18, 21), (22, 27))
    space = _space(both, grid)
    around_the_bridge = devascularized(space, [block(space, *bridge)]).size
    assert around_the_bridge < 0.05 * both.size
    # If the whole were one portal tree, its far half would hang on the bridge.
    wider = both.copy()
    wider[5:11, 7:13, :10] = True
    portal = _space(None, grid, portal_vein=wider)
    lost = devascularized(portal, [block(portal, *bridge)]).size
    assert 0.4 * both.size < lost < 0.6 * both.size


def test_the_portal_vein_alone_is_the_inflow_where_it_is_given() -> None:
    grid = oblique_grid((16, 40, 48), SPACING)
    hepatic = np.zeros(grid.shape_kji, dtype=bool)
    hepatic[2:4, 19:21, 4:44] = True
    portal = y_tree(grid)
    told_apart = _space(hepatic | portal, grid, portal_vein=portal)
    alone = _space(None, grid, portal_vein=portal)
    together = _space(hepatic | portal, grid)
    through_hepatic = block(told_apart, (0, 5), (17, 23), (18, 22))
    assert not devascularized(told_apart, [through_hepatic]).size
    assert devascularized(together, [through_hepatic]).size
    cut = block(alone, (0, 16), (25, 27), (14, 22))
    assert (devascularized(alone, [cut]) == devascularized(told_apart, [cut])).all()
    assert told_apart.major_vessels is not None
    assert alone.major_vessels is not None


def test_specks_are_no_branches() -> None:
    grid = oblique_grid((16, 40, 48), SPACING)
    vessels = y_tree(grid)
    vessels[2:4, 30:32, 30:33] = True
    space = _space(vessels, grid)
    assert not devascularized(space, [block(space, (0, 5), (28, 34), (28, 35))]).size
    assert workspace(liver_with(vessels & (np.arange(48) < 3), grid), major_vessel_mm=6.0).inflow is None


def test_heat_cuts_no_branch() -> None:
    grid = oblique_grid((16, 40, 48), SPACING)
    space = _space(y_tree(grid), grid)
    cut = block(space, (0, 16), (25, 27), (14, 22))
    assert devascularized(space, [cut]).size
    burnt = replace(cut, kind="ablation", zones=(object(),))
    assert not devascularized(space, [burnt]).size


@pytest.mark.parametrize("seed", range(20))
def test_dominators_are_what_every_way_runs_through(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 14
    dense = np.triu(rng.random((count, count)) < 0.16, 1)
    links = sparse.csr_array((dense | dense.T).astype(float))
    roots = np.sort(rng.choice(count, 2, replace=False))

    def reached(without: int) -> set[int]:
        found = [r for r in roots.tolist() if r != without]
        seen = set(found)
        while found:
            for beside in np.flatnonzero((dense | dense.T)[found.pop()]).tolist():
                if beside != without and beside not in seen:
                    seen.add(beside)
                    found.append(beside)
        return seen

    everything = reached(-1)
    order, through = immediate_dominators(links, roots)
    assert set(order.tolist()) == everything
    place = {n: p for p, n in enumerate(order.tolist())}
    for node in everything:
        above, chain = int(through[node]), set()
        assert above < 0 or place[above] < place[node]
        while above >= 0:
            chain.add(above)
            above = int(through[above])
        assert chain == {n for n in everything - {node} if node not in reached(n)}


def test_vessels_that_nobody_traced_give_no_inflow() -> None:
    grid = oblique_grid((20, 24, 28), (2.0, 2.0, 2.0))
    traced = liver_with(y_tree(grid), grid)
    assert workspace(traced, major_vessel_mm=6.0).inflow is not None
    untraced = replace(traced, vessels_traced=False)
    assert workspace(untraced, major_vessel_mm=6.0).inflow is None
    assert untraced.cropped().vessels_traced is False


@pytest.mark.parametrize(("lost_ml", "told"), [(0.0, False), (0.049, False), (0.051, True), (3.0, True)])
def test_liver_without_inflow_is_told_unless_it_rounds_to_nothing(lost_ml: float, told: bool) -> None:
    anatomy = random_anatomy(5, lesions=1, coarse=1.3)
    plan = replace(empty_plan([1.0], []), devascularized_ml=lost_ml)
    found = inflow_notices(plan, anatomy, tree_found=True, from_all_vessels=False)
    assert ("LIVER_DEVASCULARIZED" in {n.code for n in found}) is told
    assert not any(" 0.0 mL" in n.message for n in found)
