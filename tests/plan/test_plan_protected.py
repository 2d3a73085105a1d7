"""Bile ducts, gallbladder and bowel: heat stays away, inside the liver's box and outside."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.lesions import measure
from netlm_imaging.plan.ablation_candidates import ablations
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.volume import Mask

GRID = oblique_grid((64, 74, 84), (1.4, 1.5, 1.6))
MIDDLE = GRID.to_patient((np.array(GRID.shape_kji) - 1) / 2.0)
LIVER = ellipsoid(GRID, MIDDLE, (40.0, 38.0, 36.0))
ONLY_ABLATION = {"resection": {"wedge": False, "enucleation": False, "anatomical": False}}
ONE_MWA = {"devices": ["mwa-1-probe"], "comparison_devices": []}


def _at(x, y, z):
    return MIDDLE + np.array([x, y, z])


def _ball(center, radius) -> Mask:
    return Mask(ellipsoid(GRID, center, [radius] * 3), GRID)


def _candidates(anatomy, **ablation):
    settings = settings_with(ablation={**ONE_MWA, **ablation})
    space = workspace(anatomy, major_vessel_mm=6.0)
    (lesion,) = measure(anatomy)
    return space, *ablations(space, lesion, settings=settings.ablation, devices=chosen_devices(settings))


def _gap_mm(zone, structure: Mask) -> float:
    """From the ball of the zone to the voxel centers of a structure."""
    points = GRID.to_patient(np.argwhere(structure.array))
    return float(np.linalg.norm(points - zone.center_lps_mm, axis=1).min()) - zone.device.zone_mm[0] / 2.0


@pytest.mark.parametrize("name", ["bile_ducts", "gallbladder", "bowel"])
def test_the_zone_gives_way_and_still_covers_its_margin(name: str) -> None:
    """A 10 mm ball leaves a 40 mm zone 10 mm of play: it moves away from the structure."""
    free = anatomy_of(GRID, LIVER, [(tuple(_at(0, 0, 0)), 5.0)])
    structure = _ball(_at(22.0, 0.0, 0.0), 4.0)
    space, (candidate,), _ = _candidates(replace(free, **{name: structure}))
    _, (unaware,), _ = _candidates(free)
    assert _gap_mm(unaware.zones[0], structure) < 4.0
    assert _gap_mm(candidate.zones[0], structure) > 4.4
    assert space.functional.ravel()[candidate.voxels].sum() >= space.functional.ravel()[unaware.voxels].sum()


def test_a_lesion_beside_the_duct_is_not_ablated_by_heat_but_by_ire() -> None:
    anatomy = replace(
        anatomy_of(GRID, LIVER, [(tuple(_at(0, 0, 0)), 6.0)]), bile_ducts=_ball(_at(12.0, 0, 0), 2.5)
    )
    _, found, refusal = _candidates(anatomy)
    assert found == ()
    assert refusal.why_not.startswith("MWA, 1 probe: every zone would come within 5 mm of the bile ducts, 3.")
    assert refusal.why_not.endswith("mm from the lesion")
    _, found, _ = _candidates(anatomy, devices=["ire-2-electrodes-15mm"], margin_mm=0.0)
    assert len(found) == 1


def test_bowel_outside_the_livers_box_counts() -> None:
    """The liver's box ends at its surface; the zone and the bowel go on."""
    under = _at(0.0, 0.0, 36.0 - 7.0)
    bowel = Mask(ellipsoid(GRID, _at(0.0, 0.0, 44.0), (30.0, 30.0, 5.0)), GRID)
    anatomy = replace(anatomy_of(GRID, LIVER, [(tuple(under), 5.0)]), bowel=bowel)
    assert not bowel.array[anatomy.liver.bounding_box()].all()
    _, (unaware,), _ = _candidates(replace(anatomy, bowel=None))
    assert _gap_mm(unaware.zones[0], bowel) < 0.0
    _, found, refusal = _candidates(anatomy, structure_clearance_mm=2.0)
    if found:
        assert _gap_mm(found[0].zones[0], bowel) > 1.3
    else:
        assert "of the bowel" in refusal.why_not


@pytest.mark.parametrize("clearance_mm", [0.0, 3.0, 6.0])
def test_the_clearance_is_kept_to_half_a_voxel(clearance_mm: float) -> None:
    structure = _ball(_at(24.0, 0.0, 0.0), 4.0)
    free = anatomy_of(GRID, LIVER, [(tuple(_at(0, 0, 0)), 4.0)])
    anatomy = replace(free, gallbladder=structure)
    settings = settings_with(**ONLY_ABLATION, ablation={**ONE_MWA, "structure_clearance_mm": clearance_mm})
    result = planned(anatomy, settings=settings)
    (treatment,) = result.plan.treatments
    (near,) = treatment.structures
    assert near.structure == "gallbladder"
    assert near.distance_mm >= clearance_mm - 0.3
    assert near.distance_mm == pytest.approx(
        np.linalg.norm(np.subtract(treatment.center_lps_mm, _at(24.0, 0, 0))) - 20.0 - 4.0, abs=1.3
    )


def test_a_near_structure_is_warned_of_by_name_and_distance_and_absent_masks_are_named() -> None:
    anatomy = replace(
        anatomy_of(GRID, LIVER, [(tuple(_at(0, 0, 0)), 5.0)]), gallbladder=_ball(_at(22.0, 0, 0), 4.0)
    )
    result = planned(anatomy, settings=settings_with(**ONLY_ABLATION, ablation=ONE_MWA))
    notices = {n.code: n.message for n in result.notices}
    distance = result.plan.treatments[0].structures[0].distance_mm
    assert 5.0 <= distance + 0.3 < 10.0
    assert f"T1 comes to {distance:.1f} mm from the gallbladder" in notices["ABLATION_NEAR_STRUCTURE"]
    assert "bile ducts, bowel are given" in notices["PLAN_WITHOUT_STRUCTURES"]
    far = replace(anatomy, gallbladder=_ball(_at(-38.0, -36.0, 0), 3.0))
    far = replace(far, bowel=far.gallbladder, bile_ducts=far.gallbladder)
    result = planned(far, settings=settings_with(**ONLY_ABLATION, ablation=ONE_MWA))
    assert {"ABLATION_NEAR_STRUCTURE", "PLAN_WITHOUT_STRUCTURES"}.isdisjoint(n.code for n in result.notices)


def test_resections_do_not_mind() -> None:
    anatomy = anatomy_of(GRID, LIVER, [(tuple(_at(0, 0, 26.0)), 6.0)])
    without = planned(anatomy, settings=settings_with(ablation={"max_ablations": 0}))
    given = replace(anatomy, bowel=_ball(_at(0, 0, 40.0), 6.0))
    assert planned(given, settings=settings_with(ablation={"max_ablations": 0})).plan == without.plan
