"""Draws of one zone for several lesions, and of overlapping zones for one."""

from __future__ import annotations

import numpy as np
import pytest
from plan.uncertainty_examples import drawn_union, only, overlapping_zones, shared_zone

from netlm_imaging.plan import cover, draw, prepare, reach
from netlm_imaging.plan.deviations import deviations


@pytest.mark.parametrize("name", ["cluster", "sequence"])
def test_shared_and_overlapping_zones_destroy_their_union(name: str, monkeypatch) -> None:
    """To the voxel, in every draw, with the same deviations, where every voxel is a point."""
    monkeypatch.setattr(cover, "MOST_CORE_POINTS", 10**9)
    monkeypatch.setattr(reach, "MOST_POINTS", 10**9)
    monkeypatch.setattr(reach, "MOST_TESTS", 10**9)
    case, number = shared_zone() if name == "cluster" else overlapping_zones()
    candidate = case.problem.candidates[number]
    assert (len(candidate.lesions), len(candidate.zones)) == ((2, 1) if name == "cluster" else (1, 2))
    settings = only(placement_sd_mm=4.0, zone_mwa_sd_percent=20.0, zone_rfa_sd_percent=20.0, draws=150)
    prepared = prepare(case, [number], settings=settings)
    draws = draw(prepared, liver_sd_percent=0.0)
    lesions, zones = case.problem.lesions, prepared.plan.zones
    off = deviations(case.space, lesions, zones, settings=settings, liver_sd_percent=0.0)
    union = [drawn_union(case, zones, off, d) for d in range(settings.draws)]
    inside = case.anatomy.lesions.array
    shares = np.array([[hit[inside == n].mean() for n in lesions] for hit in union])
    sizes = case.problem.lesion_voxels
    by_volume = 100.0 * shares @ sizes / sizes.sum()
    assert draws.debulking_percent_by_volume == pytest.approx(by_volume, abs=0.01)
    cleared = shares >= 0.995
    expected = 100.0 * cleared @ sizes / sizes.sum()
    assert draws.debulking_percent == pytest.approx(expected)
    assert 0.1 < cleared.all(axis=1).mean() < 0.9
    lost = np.array([np.count_nonzero(hit & case.space.functional) for hit in union])
    left_ml = (case.problem.functional_voxels - lost) * case.space.grid.voxel_ml
    assert draws.remnant.flr_ml == pytest.approx(left_ml, abs=0.01)


def test_overlapping_zones_share_their_size_and_each_has_its_own_place() -> None:
    case, number = overlapping_zones()
    settings = only(placement_sd_mm=3.0, zone_rfa_sd_percent=20.0, draws=4000)
    zones = prepare(case, [number], settings=settings).plan.zones
    off = deviations(case.space, case.problem.lesions, zones, settings=settings, liver_sd_percent=0.0)
    assert np.array_equal(off.zone_factor[0], off.zone_factor[1])
    first, second = off.zone_shift_mm.reshape(2, -1)
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
    assert off.zone_factor.std() == pytest.approx(0.2, rel=0.05)
    assert first.std() == pytest.approx(3.0, rel=0.05)
