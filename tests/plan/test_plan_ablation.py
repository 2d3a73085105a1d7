from __future__ import annotations

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.lesions import measure
from netlm_imaging.plan.ablation_candidates import ablations
from netlm_imaging.plan.ablation_facts import ablation_facts
from netlm_imaging.plan.devices import catalogue, chosen_devices, device_of
from netlm_imaging.plan.workspace import workspace
from netlm_imaging.settings import AblationSettings, PullBackSettings, Settings

ONLY_ABLATION = {"resection": {"wedge": False, "enucleation": False, "anatomical": False}}
ONE_MWA = {"modalities": ["mwa"], "max_probes": 1}


def _middle(grid):
    return grid.to_patient((np.array(grid.shape_kji) - 1) / 2.0)


def _at(middle, *offset_mm):
    return tuple(middle + np.array(offset_mm))


def _big_liver(shape=(52, 70, 76), spacing=(1.5, 1.6, 2.0), half_mm=(52.0, 50.0, 48.0)):
    grid = oblique_grid(shape, spacing)
    return grid, _middle(grid), ellipsoid(grid, _middle(grid), half_mm)


def _tube(grid, through, direction, radius_mm):
    direction = np.asarray(direction, dtype=float) / np.linalg.norm(direction)
    points = grid.to_patient(np.moveaxis(np.indices(grid.shape_kji), 0, -1)) - through
    return np.linalg.norm(np.cross(points, direction), axis=-1) <= radius_mm


def _ablate(anatomy, *, settings=None, devices=None):
    space = workspace(anatomy, major_vessel_mm=6.0)
    (lesion,) = measure(anatomy)
    settings = settings or AblationSettings()
    devices = chosen_devices(Settings(ablation=settings)) if devices is None else devices
    return space, *ablations(space, lesion, settings=settings, devices=devices)


def _margin_mm(space, candidate):
    return min(margin.minimum_mm for margin in ablation_facts(space, candidate, candidate.lesions).margins)


def test_a_deep_20_mm_ball_spends_the_zone_less_the_lesion() -> None:
    grid, middle, liver = _big_liver(spacing=(0.9, 1.0, 1.4), shape=(46, 60, 66), half_mm=(28.0, 29.0, 30.0))
    anatomy = anatomy_of(grid, liver, [(tuple(_at(middle, 0.3, 0.2, -0.4)), 10.0)])
    plan = planned(anatomy, settings=settings_with(**ONLY_ABLATION, ablation=ONE_MWA)).plan
    (treatment,) = plan.treatments
    assert (treatment.kind, treatment.modality, treatment.probes) == ("ablation", "mwa", 1)
    assert treatment.zone_mm == (40.0, 40.0, 40.0)
    truth_ml = 4 / 3 * np.pi * (20.0**3 - 10.0**3) / 1000
    assert plan.parenchyma_lost_ml == pytest.approx(truth_ml, rel=0.01)
    assert plan.debulking_percent == 100.0
    assert treatment.achieved_margin_mm >= 5.0


def test_an_80_mm_ball_is_not_ablated_and_the_reason_says_so() -> None:
    grid, middle, liver = _big_liver(shape=(60, 72, 78), spacing=(2.0, 2.1, 2.4), half_mm=(72.0, 70.0, 68.0))
    result = planned(anatomy_of(grid, liver, [(tuple(middle), 40.0)]))
    (option,) = (o for o in result.options[0].options if o.kind == "ablation")
    assert not option.feasible
    assert option.why_not.startswith("longest diameter 8")
    assert option.why_not.endswith("mm > 30 mm")


def test_a_lesion_and_margin_larger_than_every_zone_names_the_zone_it_needs() -> None:
    grid, middle, liver = _big_liver()
    anatomy = anatomy_of(grid, liver, [(tuple(middle), 12.0)])
    settings = AblationSettings(modalities=("rfa",), max_probes=1)
    _, found, refusal = _ablate(anatomy, settings=settings)
    assert found == ()
    assert "5 mm margin need a zone of 34." in refusal.why_not
    assert "RFA, 1 probe: 30 mm" in refusal.why_not


def test_every_zone_covers_lesion_and_margin_and_lies_where_it_says() -> None:
    grid, middle, liver = _big_liver()
    center = _at(middle, 22.0, -17.0, 9.0)
    anatomy = anatomy_of(grid, liver, [(tuple(center), 9.0)])
    space, found, _ = _ablate(anatomy)
    box = anatomy.liver.bounding_box()
    required = (ellipsoid(grid, center, [13.9] * 3) & liver)[box]
    assert len(found) == 3 + (2 * 9.0 + 10.0 <= 30.0)
    for candidate in found:
        mask = np.zeros(space.liver.shape, dtype=bool)
        mask.ravel()[candidate.voxels] = True
        half = np.array(candidate.zones[0].device.zone_mm) / 2.0
        assert (
            mask == (ellipsoid(grid, candidate.zones[0].center_lps_mm, half * (1 + 1e-7)) & liver)[box]
        ).all()
        assert not (required & ~mask).any()


def test_a_zone_under_the_capsule_reaches_out_of_the_liver_to_spare_it() -> None:
    grid, middle, liver = _big_liver()
    under = _at(middle, 52.0 - 9.0, 0.0, 0.0)
    anatomy = anatomy_of(grid, liver, [(tuple(under), 7.0)])
    space, found, _ = _ablate(anatomy, settings=AblationSettings(**ONE_MWA))
    (candidate,) = found
    center = np.array(candidate.zones[0].center_lps_mm)
    on_the_lesion = ellipsoid(grid, under, [20.0] * 3) & anatomy.functional.array
    spent = space.functional.ravel()[candidate.voxels].sum()
    assert spent < 0.9 * on_the_lesion.sum()
    assert center[0] > under[0]
    assert _margin_mm(space, candidate) >= 5.0
    assert liver[tuple(np.rint(grid.to_index(center)).astype(int))]  # the probe's tip is in liver


def test_achieved_margin_of_a_ball_in_a_ball() -> None:
    grid, middle, liver = _big_liver(spacing=(1.0, 1.1, 1.2), shape=(60, 64, 70), half_mm=(34.0, 34.0, 34.0))
    anatomy = anatomy_of(grid, liver, [(tuple(middle), 8.0)])
    space, found, _ = _ablate(anatomy, settings=AblationSettings(**ONE_MWA))
    offset = np.linalg.norm(np.array(found[0].zones[0].center_lps_mm) - middle)
    assert _margin_mm(space, found[0]) == pytest.approx(20.0 - 8.0 - offset, abs=1.1)


@pytest.mark.parametrize(
    ("gap_mm", "rfa", "mwa"),
    [(0.5, False, False), (7.0, False, True), (9.5, True, True)],
)
def test_heat_sink_keeps_a_modality_away_from_a_wide_vessel(gap_mm, rfa, mwa) -> None:
    grid, middle, liver = _big_liver()
    vessel = _tube(grid, _at(middle, 0.0, 8.0 + gap_mm + 2.5, 0.0), (1, 0, 0.2), 2.5)
    anatomy = anatomy_of(grid, liver, [(tuple(middle), 8.0)], vessels=vessel & liver)
    _, found, refusal = _ablate(anatomy)
    modalities = {c.zones[0].device.modality for c in found}
    assert ("rfa" in modalities, "mwa" in modalities) == (rfa, mwa)
    if not found:
        assert "MWA" in refusal.why_not
        assert "heat sink" in refusal.why_not


def test_a_thin_vessel_is_no_heat_sink() -> None:
    grid, middle, liver = _big_liver(spacing=(1.0, 1.1, 1.2), shape=(60, 64, 70), half_mm=(34.0, 34.0, 34.0))
    vessel = _tube(grid, _at(middle, 0.0, 9.0, 0.0), (1, 0, 0.2), 0.8)
    anatomy = anatomy_of(grid, liver, [(tuple(middle), 8.0)], vessels=vessel & liver)
    _, found, _ = _ablate(anatomy)
    assert {c.zones[0].device.modality for c in found} == {"rfa", "mwa"}


def test_the_zone_stops_at_the_cuff_of_a_wide_vessel_and_spares_its_lumen() -> None:
    grid, middle, liver = _big_liver(spacing=(1.0, 1.1, 1.2), shape=(60, 64, 70), half_mm=(34.0, 34.0, 34.0))
    vessel = _tube(grid, _at(middle, 0.0, 8.0 + 7.0 + 2.5, 0.0), (1, 0, 0.2), 2.5)
    anatomy = anatomy_of(grid, liver, [(tuple(middle), 8.0)], vessels=vessel & liver)
    _, found, _ = _ablate(anatomy, settings=AblationSettings(modalities=("mwa",)))
    assert found
    cuff = _tube(grid, _at(middle, 0.0, 8.0 + 7.0 + 2.5, 0.0), (1, 0, 0.2), 3.0)
    for candidate in found:
        assert not cuff[anatomy.liver.bounding_box()].ravel()[candidate.voxels].any()


def test_an_ellipsoid_turns_along_a_long_lesion() -> None:
    grid, middle, liver = _big_liver(spacing=(1.0, 1.0, 1.1), shape=(56, 60, 62), half_mm=(30.0, 29.0, 29.0))
    along = np.array([2.0, -1.0, 2.0]) / 3.0
    frame = np.linalg.qr(np.column_stack([along, np.eye(3)[:, :2]]))[0]
    anatomy = anatomy_of(grid, liver, [])
    lesion = ellipsoid(grid, middle, (10.0, 4.0, 4.0), frame)
    anatomy = type(anatomy)(
        liver=anatomy.liver,
        lesions=type(anatomy.lesions)(lesion.astype(np.uint8), grid),
    )
    (entry,) = (e for e in catalogue() if e.id == "rfa-8min-patients")
    device = device_of(entry, PullBackSettings())
    space, found, _ = _ablate(anatomy, devices=[device])
    assert abs(np.dot(found[0].zones[0].axis_lps, along)) > 0.9
    assert _margin_mm(space, found[0]) >= 5.0
