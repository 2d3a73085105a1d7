"""Wedges: the way out that avoids major vessels and spends least, and one specimen for close lesions."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import cc3d
import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned, settings_with
from scipy.spatial import ConvexHull, Delaunay
from strategies import oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions import measure
from netlm_imaging.plan import cluster_wedges as module
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.cluster_wedges import cluster_wedges
from netlm_imaging.plan.collect import collect, resections
from netlm_imaging.plan.distances import surface_distance_mm
from netlm_imaging.plan.specimen import Core
from netlm_imaging.plan.wedge import wedge
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import ResectionSettings, Settings
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((50, 60, 72), (1.3, 1.1, 1.2))
LIVER = np.zeros(GRID.shape_kji, dtype=bool)
LIVER[2:48, 2:58, 2:70] = True
RULES = ResectionSettings()


def _at(k: float, j: float, i: float) -> tuple[float, float, float]:
    return tuple(GRID.to_patient(np.array([k, j, i])).tolist())


def _made(anatomy, **rules):
    chosen = ResectionSettings(**rules)
    space = workspace(anatomy, major_vessel_mm=chosen.major_vessel_mm)
    (lesion,) = measure(anatomy)
    return space, wedge(space, lesion, settings=chosen)


def _region(space, candidate) -> np.ndarray:
    mask = np.zeros(space.liver.shape, dtype=bool)
    mask.ravel()[candidate.voxels] = True
    return mask


def _with_vessel(*, k: int = 18):
    """A lesion 13 mm under the face at high i, a wide vessel between; the one at low k is 16 mm away."""
    vessels = np.zeros(GRID.shape_kji, dtype=bool)
    vessels[k - 3 : k + 3, 2:58, 64:70] = True
    return anatomy_of(GRID, LIVER, [(_at(k, 30, 55), 5.0)], vessels=vessels)


def test_another_way_is_taken_where_a_major_vessel_lies_in_the_nearest() -> None:
    anatomy = _with_vessel()
    space, made = _made(anatomy)
    assert isinstance(made, Candidate)
    region = _region(space, made)
    assert not (region & space.major_vessels).any()
    assert region[0].any()  # out through the face at low k
    assert not region[:, :, -1].any()
    near = surface_distance_mm(space.lesion_in(space.lesions[1].box, 1), space.grid)
    assert region[space.lesions[1].box][near <= 5.0].all()


def test_no_way_within_the_depth_limit_is_a_refusal_that_counts_the_ways() -> None:
    _, short = _made(_with_vessel(), wedge_max_depth_mm=14.5)
    assert isinstance(short, Refusal)
    assert "a vessel wider than 6 mm lies in" in short.why_not
    _, middle = _made(_with_vessel(k=25), wedge_max_depth_mm=18.0)
    assert isinstance(middle, Refusal)


def test_the_way_that_leaves_more_liver_its_inflow_is_taken() -> None:
    """A thin branch in the nearest way feeds the liver behind; the way around spends a little more."""
    vessels = np.zeros(GRID.shape_kji, dtype=bool)
    vessels[16:20, 2:58, 64:67] = True
    vessels[14:22, 2:10, 62:70] = True  # the stem
    anatomy = anatomy_of(GRID, LIVER, [(_at(18, 30, 55), 5.0)], vessels=vessels)
    space, made = _made(anatomy)
    assert isinstance(made, Candidate)
    assert not made.devascularized.size
    without = anatomy_of(GRID, LIVER, [(_at(18, 30, 55), 5.0)])
    space, nearest = _made(without)
    assert _region(space, nearest)[:, :, -1].any()
    assert nearest.voxels.size < made.voxels.size


def test_the_sweep_is_the_core_at_every_place_of_its_way() -> None:
    anatomy = anatomy_of(GRID, LIVER, [(_at(20, 30, 30), 6.0)])
    space = workspace(anatomy, major_vessel_mm=6.0)
    region = space.lesions[1]
    path = np.array([-14.0, 9.0, 17.0])
    swept, box = Core(space, (region.label,), region.mask, region.box, margin_mm=5.0).swept(path)
    start = np.array([s.start for s in box])
    places = (np.argwhere(np.ones(swept.shape)) + start) * space.spacing
    middle = region.indices_kji().mean(axis=0) * space.spacing
    share = np.clip((places - middle) @ path / (path @ path), 0.0, 1.0)
    apart = np.linalg.norm(places - middle - share[:, None] * path, axis=1).reshape(swept.shape)
    assert swept[apart <= 11.0 - 0.7].all()
    assert not swept[apart > 11.0 + 0.7].any()
    truth_ml = np.pi * 11.0**2 * (4 / 3 * 11.0 + np.linalg.norm(path)) / 1000
    assert swept.sum() * GRID.voxel_ml == pytest.approx(truth_ml, rel=0.02)


def _close(*places: tuple[float, float, float], radius: float = 4.0):
    anatomy = anatomy_of(GRID, LIVER, [(_at(*place), radius) for place in places])
    space = workspace(anatomy, major_vessel_mm=6.0)
    single = {lesion.id: wedge(space, lesion, settings=RULES) for lesion in measure(anatomy)}
    assert all(isinstance(c, Candidate) for c in single.values())
    tried = cluster_wedges(space, single, settings=RULES)
    assert all(made.lesions == group for group, made in tried.items() if isinstance(made, Candidate))
    return space, single, tuple(made for made in tried.values() if isinstance(made, Candidate))


def test_two_close_lesions_are_one_specimen_with_the_margin_of_each() -> None:
    space, single, together = _close((12, 20, 30), (12, 34, 34))
    (both,) = together
    assert both.name == "Wedge resection of lesions 1 and 2"
    assert (both.lesions, both.interventions, both.margin_mm) == ((1, 2), 1, 5.0)
    region = _region(space, both)
    assert cc3d.connected_components(region, connectivity=6, return_N=True)[1] == 1
    assert region[0].any()
    for n in (1, 2):
        mask = np.zeros(space.liver.shape, dtype=bool)
        mask[space.lesions[n].box] = space.lesions[n].mask
        assert region[(surface_distance_mm(mask, space.grid) <= 5.0) & space.liver].all()
    assert both.lost_voxels(space) <= 2.0 * sum(c.lost_voxels(space) for c in single.values())


def test_the_pair_and_the_neighborhood_of_each_lesion_are_tried() -> None:
    _, _, together = _close((9, 20, 20), (9, 30, 20), (9, 20, 30), (9, 30, 30))
    groups = {c.lesions for c in together}
    assert (1, 2, 3, 4) in groups
    assert all(2 <= len(g) <= 4 for g in groups)
    assert len(groups) <= 8
    (four,) = (c for c in together if len(c.lesions) == 4)
    assert four.name == "Wedge resection of lesions 1, 2, 3 and 4"


def test_a_specimen_that_is_not_made_says_why() -> None:
    anatomy = anatomy_of(GRID, LIVER, [(_at(12, 20, 30), 4.0), (_at(12, 34, 34), 4.0)])
    space = workspace(anatomy, major_vessel_mm=6.0)
    single = {lesion.id: wedge(space, lesion, settings=RULES) for lesion in measure(anatomy)}
    small = {n: replace(c, voxels=c.voxels[: c.voxels.size // 4]) for n, c in single.items()}
    (refusal,) = cluster_wedges(space, small, settings=RULES).values()
    assert isinstance(refusal, Refusal)
    apart_ml = sum(c.lost_voxels(space) for c in small.values()) * GRID.voxel_ml
    assert f"more than 2 times the {apart_ml:.1f} mL of separate wedges" in refusal.why_not

    between = np.zeros(GRID.shape_kji, dtype=bool)
    between[2:48, 24:31, 20:44] = True
    blocked = workspace(replace(anatomy, vessels=Mask(between, GRID)), major_vessel_mm=6.0)
    (refusal,) = cluster_wedges(blocked, single, settings=RULES).values()
    assert isinstance(refusal, Refusal)
    assert "wider than 6 mm" in refusal.why_not


def test_the_case_has_the_groups_of_close_lesions_with_their_reasons() -> None:
    anatomy = anatomy_of(GRID, LIVER, [(_at(12, 20, 30), 4.0), (_at(12, 34, 34), 4.0)])
    lesions = measure(anatomy)
    space = workspace(anatomy, major_vessel_mm=6.0)
    made = resections(space, lesions, settings=Settings())
    lost = made.together[1, 2].lost_voxels(space)
    _, attempts = collect(space, lesions, settings=Settings(), resected=made)
    for budget, feasible in ((lost, True), (lost - 1, False)):
        group = next(g for g in attempts.groups(budget) if g.kind == "wedge")
        assert (group.lesions, group.feasible) == ((1, 2), feasible)
        assert group.why_not == (
            None if feasible else "leaves less functional liver than the minimum remnant"
        )
    assert [(g.kind, g.lesions) for g in planned(anatomy).groups] == [("wedge", (1, 2)), ("ablation", (1, 2))]


def test_lesions_whose_wedges_do_not_touch_stay_apart() -> None:
    _, _, together = _close((12, 12, 20), (12, 42, 20))
    assert not together


def test_crowded_lesions_give_at_most_two_groups_each() -> None:
    rng = np.random.default_rng(3)
    lesions = np.zeros(GRID.shape_kji, dtype=np.uint8)
    for n in range(1, 31):
        k, j, i = rng.integers(4, [44, 54, 66])
        lesions[k : k + 2, j : j + 2, i : i + 2] = n
    space = workspace(Anatomy(liver=Mask(LIVER, GRID), lesions=LabelMap(lesions, GRID)), major_vessel_mm=6.0)
    ids = sorted(space.lesions)
    groups = module._groups(space, module._corners(space, ids), gap_mm=20.0)
    assert len(groups) <= 2 * len(ids)
    assert len(set(groups)) == len(groups)
    beyond = 0.25 * sum(GRID.spacing_mm)
    for group in groups:
        gaps = {
            (a, b): np.linalg.norm(
                (space.lesions[a].indices_kji()[:, None] - space.lesions[b].indices_kji()) * space.spacing,
                axis=2,
            ).min()
            for a, b in combinations(group, 2)
        }
        # One of them is the neighbor of all others.
        assert any(all(gap <= 20.0 + beyond for pair, gap in gaps.items() if n in pair) for n in group)


def test_the_hull_is_filled_exactly() -> None:
    anatomy = anatomy_of(
        GRID, LIVER, [(_at(12, 20, 30), 5.0), (_at(16, 34, 38), 4.0), (_at(24, 24, 33), 6.0)]
    )
    space = workspace(anatomy, major_vessel_mm=6.0)
    core, box = module._hull(space, module._corners(space, (1, 2, 3)))
    points = np.vstack([space.lesions[n].indices_kji() for n in (1, 2, 3)]) * space.spacing
    places = (np.argwhere(np.ones(core.shape)) + [s.start for s in box]) * space.spacing
    corners = points[ConvexHull(points).vertices]
    inside = (Delaunay(corners).find_simplex(places) >= 0).reshape(core.shape)
    assert (core & ~inside).sum() < 0.003 * inside.sum()  # the hull is 1 % of a voxel larger
    assert core[inside].all()


def test_lesions_in_one_plane_have_a_hull_too() -> None:
    lesions = np.zeros(GRID.shape_kji, dtype=np.uint8)
    lesions[20, 20:24, 30:33] = 1
    lesions[20, 30:33, 30:33] = 2
    space = workspace(Anatomy(liver=Mask(LIVER, GRID), lesions=LabelMap(lesions, GRID)), major_vessel_mm=6.0)
    core, _ = module._hull(space, module._corners(space, (1, 2)))
    assert core.sum() == 13 * 3


def test_a_plan_with_few_interventions_takes_close_lesions_together() -> None:
    anatomy = anatomy_of(GRID, LIVER, [(_at(12, 20, 30), 4.0), (_at(12, 34, 34), 4.0)])
    only_wedges = settings_with(
        resection={"enucleation": False, "max_resections": 1}, ablation={"modalities": []}
    )
    result = planned(anatomy, settings=only_wedges)
    (treatment,) = result.plan.treatments
    assert treatment.name == "Wedge resection of lesions 1 and 2"
    assert treatment.lesions == (1, 2)
    assert result.plan.debulking_percent == 100.0


def test_distances_measured_once_are_those_of_every_box_asked_for() -> None:
    space = workspace(anatomy_of(GRID, LIVER, [(_at(20, 30, 30), 6.0)]), major_vessel_mm=6.0)
    for margin_mm in (2.0, 7.0, 4.0):
        box = space.grown_box(space.lesions[1].box, margin_mm=margin_mm)
        fresh = surface_distance_mm(space.lesion_in(box, 1), GRID)
        assert np.array_equal(space.distance_mm(box, 1), fresh)
