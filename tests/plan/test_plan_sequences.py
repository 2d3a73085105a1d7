"""Overlapping zones for a lesion just too large for one; one zone for close lesions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions import measure
from netlm_imaging.plan.ablation import target_of, zone_of
from netlm_imaging.plan.ablation_candidates import ablations, ablations_together
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.clusters import _together
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.volume import LabelMap, Mask

GRID = oblique_grid((62, 68, 74), (1.2, 1.3, 1.4))
MIDDLE = GRID.to_patient((np.array(GRID.shape_kji) - 1) / 2.0)
LIVER = ellipsoid(GRID, MIDDLE, (40.0, 38.0, 36.0))
ONLY_ABLATION = {"resection": {"wedge": False, "enucleation": False, "anatomical": False}}
ALONG = np.array([2.0, -1.0, 2.0]) / 3.0


def _at(x, y, z):
    return tuple(MIDDLE + np.array([x, y, z]))


def _long_lesion(half_mm) -> Anatomy:
    frame = np.linalg.qr(np.column_stack([ALONG, np.eye(3)[:, :2]]))[0]
    lesion = ellipsoid(GRID, MIDDLE, half_mm, frame) & LIVER
    return Anatomy(liver=Mask(LIVER, GRID), lesions=LabelMap(lesion.astype(np.uint8), GRID))


def _ablate(anatomy, **ablation):
    settings = settings_with(ablation={"comparison_devices": [], **ablation})
    space = workspace(anatomy, major_vessel_mm=6.0)
    lesions = measure(anatomy)
    devices = chosen_devices(settings)
    found, refusals = [], []
    for lesion in lesions:
        made, refusal = ablations(space, lesion, settings=settings.ablation, devices=devices)
        found += made
        refusals.append(refusal)
    tried = ablations_together(space, lesions, found, settings=settings, devices=devices)
    made = (c for group, some in tried.items() for c in _own(group, some))
    return space, found, refusals, tuple(dict.fromkeys(made))


def _own(group, tried) -> list[Candidate]:
    """Of the zones that cover a group, those that were made for it."""
    return [c for c in tried if isinstance(c, Candidate) and c.lesions == group]


def _union(space, candidate) -> np.ndarray:
    mask = np.zeros(space.liver.shape, dtype=bool)
    for zone in candidate.zones:
        half = np.array(zone.device.zone_mm) / 2.0 * (1 + 1e-7)
        third = np.cross(zone.axis_lps, zone.across_lps)
        axes = np.column_stack([zone.axis_lps, zone.across_lps, third])
        mask |= ellipsoid(space.grid, zone.center_lps_mm, half, axes)
    return mask & space.liver


@pytest.mark.parametrize("device", ["rfa-1-probe", "rfa-8min-patients", "ire-2-electrodes-15mm"])
def test_a_long_lesion_is_covered_to_the_voxel_by_overlapping_zones(device: str) -> None:
    across_mm = {"rfa-1-probe": 5.0, "rfa-8min-patients": 4.0, "ire-2-electrodes-15mm": 2.0}[device]
    anatomy = _long_lesion((14.5, across_mm, across_mm))
    space, (candidate,), _, _ = _ablate(anatomy, devices=[device])
    assert candidate.interventions == len(candidate.zones) == 2
    treated = np.zeros(space.liver.shape, dtype=bool)
    treated.ravel()[candidate.voxels] = True
    assert (treated == _union(space, candidate)).all()
    target = target_of(space, 1, margin_mm=5.0)
    assert treated[tuple(target.required_kji.T)].all()
    for zone in candidate.zones:
        assert np.linalg.norm(zone.axis_lps) == pytest.approx(1.0)
        assert np.dot(zone.axis_lps, zone.across_lps) == pytest.approx(0.0, abs=1e-9)


def test_the_zones_are_moved_to_spend_less_under_the_capsule() -> None:
    """The first cover is the even one; the sweeps after it may only spend less."""
    from netlm_imaging.plan import sequences

    anatomy = anatomy_of(GRID, LIVER, [])
    lesion = ellipsoid(GRID, _at(0.0, 0.0, 28.0), (14.0, 5.0, 5.0)) & LIVER
    anatomy = Anatomy(liver=anatomy.liver, lesions=LabelMap(lesion.astype(np.uint8), GRID))
    space, (candidate,), _, _ = _ablate(anatomy, devices=["rfa-1-probe"])
    target, device = target_of(space, 1, margin_mm=5.0), candidate.zones[0].device
    even = sequences._cover(space, target, device, len(candidate.zones))
    assert even is not None
    spent = np.count_nonzero(sequences._destroyed(space, even) & space.functional)
    assert space.functional.ravel()[candidate.voxels].sum() < spent


def test_three_zones_cover_no_larger_ball_and_four_a_little_larger_one() -> None:
    just_larger = anatomy_of(GRID, LIVER, [(_at(1.0, 0.5, -2.0), 10.6)])
    _, found, (refusal,), _ = _ablate(just_larger, devices=["rfa-1-probe"], max_zones=3)
    assert found == []
    assert refusal.why_not.endswith("RFA, 1 probe: 3 overlapping zones do not cover it either")
    _, (candidate,), _, _ = _ablate(just_larger, devices=["rfa-1-probe"])
    assert len(candidate.zones) == 4
    much_larger = anatomy_of(GRID, LIVER, [(_at(0, 0, 0), 12.0)])
    _, found, (refusal,), _ = _ablate(much_larger, devices=["rfa-1-probe"])
    assert found == []
    assert "4 overlapping zones do not cover it either" in refusal.why_not


def test_a_lesion_that_one_zone_covers_gets_one_and_a_too_long_one_none() -> None:
    anatomy = _long_lesion((14.5, 5.0, 5.0))
    _, found, _, _ = _ablate(anatomy, devices=["mwa-1-probe", "rfa-1-probe"])
    assert [len(c.zones) for c in found] == [1]
    _, found, (refusal,), _ = _ablate(anatomy, devices=["rfa-1-probe"], max_lesion_mm=25.0)
    assert found == []
    assert refusal.why_not.endswith("mm > 25 mm")
    _, found, _, _ = _ablate(anatomy, devices=["rfa-1-probe"], max_zones=1)
    assert found == []


def test_each_zone_counts_as_an_ablation_and_the_plan_tells_where_each_is() -> None:
    anatomy = _long_lesion((14.5, 5.0, 5.0))
    ablation = {"devices": ["rfa-1-probe"], "comparison_devices": []}
    plan = planned(anatomy, settings=settings_with(**ONLY_ABLATION, ablation=ablation)).plan
    (treatment,) = plan.treatments
    assert treatment.name == "RFA, 1 probe, 2 overlapping zones: ablation of lesion 1"
    assert len(treatment.zones) == 2
    assert (treatment.center_lps_mm, treatment.axis) == (None, None)
    assert treatment.achieved_margin_mm > 5.0
    for limit in ({"ablation": {**ablation, "max_ablations": 1}}, {"plan": {"max_interventions": 1}}):
        limited = planned(anatomy, settings=settings_with(**{**ONLY_ABLATION, "ablation": ablation, **limit}))
        assert limited.plan.treatments == ()


def _random_lesions(seed: int, count: int) -> Anatomy:
    rng = np.random.default_rng(seed)
    grid = oblique_grid((34, 38, 40), (2.2, 2.3, 2.5))
    middle = grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)
    liver = ellipsoid(grid, middle, (40.0, 38.0, 36.0))
    inside = grid.to_patient(np.argwhere(ellipsoid(grid, middle, (34.0, 32.0, 30.0))))
    near = inside[np.linalg.norm(inside - inside[rng.integers(len(inside))], axis=1) < 22.0]
    centers = near[rng.choice(len(near), count, replace=False)]
    return anatomy_of(grid, liver, [(tuple(c), float(rng.uniform(3.0, 5.0))) for c in centers])


def test_one_zone_for_two_close_lesions_keeps_the_margin_of_both() -> None:
    """Under the capsule, where the zone of either lesion alone leaves the other out."""
    tried = ((_random_lesions(seed, 2), seed) for seed in range(200))
    anatomy = next(a for a, _ in tried if _ablate(a, devices=["mwa-1-probe"])[3])
    space, found, _, (candidate,) = _ablate(anatomy, devices=["mwa-1-probe"])
    assert [c.lesions for c in found] == [(1,), (2,)]
    assert (candidate.lesions, candidate.interventions) == ((1, 2), 1)
    for lesion in (1, 2):
        required = space.flat(target_of(space, lesion, margin_mm=5.0).required_kji)
        assert np.isin(required, candidate.voxels).all()
    ablation = {"devices": ["mwa-1-probe"], "comparison_devices": [], "max_ablations": 1}
    result = planned(anatomy, settings=settings_with(**ONLY_ABLATION, ablation=ablation))
    (treatment,) = result.plan.treatments
    assert treatment.lesions == result.plan.cleared == (1, 2)
    assert treatment.name == "MWA, 1 probe: ablation of lesions 1, 2"
    assert treatment.achieved_margin_mm > 5.0
    assert "MARGIN_NOT_REACHED" not in {n.code for n in result.notices}
    off = settings_with(**ONLY_ABLATION, ablation={**ablation, "clusters": False})
    assert len(planned(anatomy, settings=off).plan.cleared) == 1


def test_a_neighbor_cleared_without_its_margin_is_told() -> None:
    """One zone made for lesion 1 holds lesion 2 as well, which lies at its edge."""
    anatomy = anatomy_of(GRID, LIVER, [(_at(0.0, 0.0, 0.0), 9.0), (_at(17.0, 0.0, 0.0), 3.0)])
    ablation = {"devices": ["mwa-1-probe"], "comparison_devices": [], "max_ablations": 1}
    result = planned(anatomy, settings=settings_with(**ONLY_ABLATION, ablation=ablation))
    (treatment,) = result.plan.treatments
    assert treatment.lesions == (1, 2)
    assert treatment.achieved_margin_mm < 5.0
    assert treatment.margin_below_5_mm_percent > 0.0
    (notice,) = (n for n in result.notices if n.code == "MARGIN_NOT_REACHED")
    assert f"T1 ({treatment.achieved_margin_mm:.1f} mm of 5 mm)" in notice.message


@pytest.mark.parametrize("seed", range(6))
def test_no_group_that_one_zone_covers_is_missed(seed: int) -> None:
    """Against trying every pair and triple."""
    anatomy = _random_lesions(seed, 6)
    settings = settings_with(ablation={"devices": ["mwa-1-probe"], "comparison_devices": []})
    space, found, _, together = _ablate(anatomy, devices=["mwa-1-probe"])
    (device,) = chosen_devices(settings)
    targets = {n: target_of(space, n, margin_mm=5.0) for n in space.lesions}
    made = {c.lesions for c in together}
    for size in (2, 3):
        for group in combinations(targets, size):
            joined = _together(space, [targets[n] for n in group])
            possible = isinstance(zone_of(space, joined, device, settings=settings.ablation), Candidate)
            cleared = any(
                set(c.lesions) & set(group) and np.isin(space.flat(joined.tumor_kji), c.voxels).all()
                for c in (*found, *together)
            )
            assert (group in made) <= possible
            assert possible <= (group in made or cleared)
