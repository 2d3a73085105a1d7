"""The margin at each point of a lesion's surface, against balls in balls."""

from __future__ import annotations

import numpy as np
import pytest
from plan.plan_examples import anatomy_of, planned, settings_with
from strategies import ellipsoid, oblique_grid

from netlm_imaging.plan.margins import ablative_margin, share_below_percent
from netlm_imaging.plan.workspace import workspace

GRID = oblique_grid((60, 64, 70), (1.0, 1.1, 1.2))
MIDDLE = GRID.to_patient((np.array(GRID.shape_kji) - 1) / 2.0)
LIVER = ellipsoid(GRID, MIDDLE, (33.0, 34.0, 34.0))


def _at(x, y, z):
    return MIDDLE + np.array([x, y, z])


def _margin(center, radius, zone_center, zone_radius, *, asked_mm=5.0, reach_mm=20.0, liver=LIVER):
    anatomy = anatomy_of(GRID, liver, [(tuple(center), radius)])
    space = workspace(anatomy, major_vessel_mm=6.0)
    zone = ellipsoid(space.grid, zone_center, [zone_radius] * 3) & space.liver
    margin = ablative_margin(space, 1, np.flatnonzero(zone), asked_mm=asked_mm, reach_mm=reach_mm)
    indices = np.column_stack(np.unravel_index(margin.surface, space.grid.shape_kji))
    return margin, space.grid.to_patient(indices)


def test_every_surface_point_of_a_ball_in_an_off_center_ball_has_its_own_margin() -> None:
    zone_center = _at(4.0, -3.0, 1.0)
    margin, points = _margin(MIDDLE, 8.0, zone_center, 20.0)
    outward = (points - MIDDLE) / np.linalg.norm(points - MIDDLE, axis=1)[:, None]
    truth = 20.0 - np.linalg.norm(MIDDLE + 8.0 * outward - zone_center, axis=1)
    assert np.abs(margin.margin_mm - truth).max() < 1.3
    assert abs((margin.margin_mm - truth).mean()) < 0.2
    assert margin.minimum_mm == pytest.approx(20.0 - 8.0 - np.sqrt(26.0), abs=0.8)
    assert not margin.subcapsular.any()


def test_the_share_of_surface_below_a_margin_is_that_of_the_spherical_cap() -> None:
    offset = 5.0
    margin, _ = _margin(MIDDLE, 8.0, _at(offset, 0.0, 0.0), 20.0, reach_mm=30.0)
    for limit in (8.0, 10.0, 12.0):
        # |8 u - (5, 0, 0)| > 20 - limit  <=>  64 + 25 - 80 u_x > (20 - limit)^2
        below = ((64.0 + offset**2 - (20.0 - limit) ** 2) / (2.0 * 8.0 * offset) + 1.0) / 2.0
        assert share_below_percent([margin], limit) == pytest.approx(100.0 * below, abs=7.0)
    assert share_below_percent([margin], margin.minimum_mm) == 0.0
    assert share_below_percent([margin], 100.0) == 100.0


def test_the_margin_ends_at_the_reach() -> None:
    margin, _ = _margin(MIDDLE, 6.0, MIDDLE, 60.0, reach_mm=12.5)
    assert set(margin.margin_mm) == {12.5}


def test_the_subcapsular_surface_is_not_counted_and_lowers_nothing() -> None:
    under = _at(33.0 - 7.0, 0.0, 0.0)
    margin, points = _margin(under, 6.0, under, 14.0)
    capsule = 1.0 - np.linalg.norm((points - MIDDLE) / [33.0, 34.0, 34.0], axis=1)
    facing = margin.subcapsular
    assert 0.2 < facing.mean() < 0.6
    assert capsule[facing].max() < capsule[~facing].max()
    assert (33.0 * capsule[facing]).max() < 6.5
    assert (33.0 * capsule[~facing]).min() > 4.0
    assert margin.minimum_mm > 7.0
    whole, _ = _margin(under, 6.0, under, 14.0, asked_mm=60.0)
    assert share_below_percent([whole], 5.0) is None


def test_the_plan_maps_the_margin_of_its_ablations() -> None:
    only = {
        "resection": {"wedge": False, "enucleation": False, "anatomical": False},
        "ablation": {"devices": ["mwa-1-probe"], "comparison_devices": []},
    }
    anatomy = anatomy_of(GRID, LIVER, [(tuple(MIDDLE + 4.0), 7.0)])
    result = planned(anatomy, settings=settings_with(**only))
    (treatment,) = result.plan.treatments
    mapped = result.ablation_margin
    assert mapped is not None
    assert mapped.grid.same_as(GRID)
    values = mapped.array[mapped.array > 0]
    assert values.min() == pytest.approx(treatment.achieved_margin_mm, abs=1e-5)
    assert treatment.achieved_margin_mm > 5.0
    assert treatment.margin_below_5_mm_percent == 0.0
    assert 0.0 < treatment.margin_below_10_mm_percent < 100.0
    assert ((mapped.array > 0) <= (anatomy.lesions.array > 0)).all()
    assert not ((mapped.array > 0) & (ellipsoid(GRID, MIDDLE + 4.0, [5.0] * 3))).any()
    uncut = planned(anatomy, settings=settings_with(ablation={"max_ablations": 0}))
    assert uncut.ablation_margin is None
