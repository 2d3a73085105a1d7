"""Shafts: thickness, bundles, length, where the tip lies."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from plan.path_examples import BALL
from plan.plan_examples import settings_with

from netlm_imaging.errors import UsageError
from netlm_imaging.plan.devices import chosen_devices
from netlm_imaging.plan.probes import bundle_radius_mm, shaft_radius_mm, tip_beyond_center_mm
from netlm_imaging.settings import Settings, validated


@pytest.mark.parametrize(("gauge", "diameter_mm"), [(14, 2.108), (17, 1.473), (None, 2.413), (17.5, 1.3715)])
def test_a_gauge_is_a_diameter(gauge: float | None, diameter_mm: float) -> None:
    assert shaft_radius_mm(replace(BALL, antenna_gauge=gauge)) == pytest.approx(diameter_mm / 2.0)


def test_a_thicker_gauge_number_is_a_thinner_needle() -> None:
    radii = [shaft_radius_mm(replace(BALL, antenna_gauge=float(g))) for g in range(5, 31)]
    assert all(a > b for a, b in pairwise(radii))


@pytest.mark.parametrize(
    ("probes", "circle"), [(1, 0.0), (2, 0.5), (3, 1 / np.sqrt(3)), (4, 1 / np.sqrt(2)), (6, 1.0)]
)
def test_parallel_probes_fill_a_cylinder(probes: int, circle: float) -> None:
    device = replace(BALL, probes=probes, probe_spacing_mm=12.0)
    assert bundle_radius_mm(device) == pytest.approx(12.0 * circle + shaft_radius_mm(device))
    unknown = replace(device, probe_spacing_mm=None)
    assert bundle_radius_mm(unknown) == pytest.approx(15.0 * circle + shaft_radius_mm(device))


def test_the_deepest_tip_is_taken() -> None:
    assert tip_beyond_center_mm(BALL) == 10.0
    assert tip_beyond_center_mm(replace(BALL, beyond_tip_mm=(2.0, 5.0))) == 8.0
    assert tip_beyond_center_mm(replace(BALL, beyond_tip_mm=(2.0, 5.0), shrink=0.5)) == 9.0


def test_shaft_lengths_are_those_of_the_device_else_of_its_modality() -> None:
    settings = settings_with(ablation={"shaft_length_mm": {"mwa": 180.0}})
    lengths = {d.id: d.shaft_length_mm for d in chosen_devices(settings)}
    assert lengths == {
        "mwa-1-probe": 180.0,
        "mwa-3-probes": 180.0,
        "rfa-1-probe": 150.0,
        "rfa-3-probes": 150.0,
    }
    own = {
        "id": "own", "modality": "rfa", "zone_mm": [30, 30, 30], "evidence": "ceiling",
        "provenance": "our own series", "shaft_length_mm": 250.0, "probe_spacing_mm": 20.0,
    }  # fmt: skip
    (device,) = chosen_devices(settings_with(ablation={"devices": ["own"]}, device=[own]))
    assert (device.shaft_length_mm, device.probe_spacing_mm) == (250.0, 20.0)


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"path_clearance_mm": -1.0}, "ablation.path_clearance_mm"),
        ({"shaft_length_mm": {"mwa": 5.0}}, "ablation.shaft_length_mm.mwa"),
        ({"shaft_length_mm": {"mwv": 150.0}}, "mwv"),
        ({"shaft_length_mm": 150.0}, "ablation.shaft_length_mm"),
    ],
)
def test_impossible_lengths_are_refused(table: dict[str, object], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        validated(Settings, {"ablation": table}, code="BAD_SETTINGS", where="settings")
