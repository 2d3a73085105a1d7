"""Formulas of clinical-rules 7, by hand."""

import pytest
from decide.cases import lesion, liver

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.liver_directed import (
    glass_activity_gbq,
    lobar_resin_activity_gbq,
    lung_verdict,
    partition_tumor_dose_gy,
    resin_activities,
    resin_activity_gbq,
    transplantation_checklist,
)


def test_resin_by_body_surface() -> None:
    assert resin_activity_gbq(bsa_m2=1.8, tumor_ml=300, liver_ml=1500) == pytest.approx(1.8)
    lobar = lobar_resin_activity_gbq(bsa_m2=1.8, treated_ml=900, treated_tumor_ml=150, liver_ml=1500)
    assert lobar == pytest.approx(1.6 * 0.6 + 0.1)


def test_lobes_add_up_to_the_whole_where_the_segments_do() -> None:
    found = resin_activities(
        bsa_m2=1.8, liver=liver(100.0), lesions=(lesion(1, 70.0), lesion(2, 30.0, segment="II"))
    )
    assert found.right_gbq == pytest.approx(1.6 * 1000 / 1600 + 70 / 1600)
    assert found.left_gbq == pytest.approx(1.6 * 560 / 1600 + 30 / 1600)
    caudate = 1.6 * 40 / 1600
    assert found.right_gbq + found.left_gbq + caudate == pytest.approx(found.whole_gbq)


def test_glass() -> None:
    assert glass_activity_gbq(dose_gy=120, mass_kg=1.5, lung_shunt_fraction=0.1) == pytest.approx(4.0)
    for fraction in (-0.1, 1.0):
        with pytest.raises(ValueError, match="lung shunt"):
            glass_activity_gbq(dose_gy=120, mass_kg=1.5, lung_shunt_fraction=fraction)


def test_partition() -> None:
    dose = partition_tumor_dose_gy(
        activity_gbq=2.0, lung_shunt_fraction=0.05, tumor_to_normal_ratio=4.0, tumor_kg=0.25, normal_kg=0.9
    )
    assert dose == pytest.approx(50 * 2 * 0.95 * 4 / (4 * 0.25 + 0.9))


@pytest.mark.parametrize(
    ("percent", "verdict"),
    [(0, "unrestricted"), (9.9, "unrestricted"), (10, "reduce"), (20, "reduce"), (20.1, "refuse")],
)
def test_lung_shunt(percent: float, verdict: str) -> None:
    assert lung_verdict(percent) == verdict


@pytest.mark.parametrize(
    ("facts", "item", "expected"),
    [
        ({}, "no disease outside the liver", None),
        ({"extrahepatic": "none"}, "no disease outside the liver", True),
        ({"extrahepatic": "limited"}, "no disease outside the liver", False),
        ({"primary_site": " Ileum "}, "portal-drained primary", True),
        ({"primary_site": "lung"}, "portal-drained primary", False),
        ({"primary_site": "rectum"}, "portal-drained primary", None),
        ({}, "low grade", None),
        ({"grade": 2}, "low grade", True),
        ({"ki67_percent": 5}, "low grade", True),
        ({"grade": 1, "ki67_percent": 25}, "low grade", False),
        ({"grade": 1, "differentiation": "poor"}, "low grade", False),
    ],
)
def test_transplantation_items(facts: dict[str, object], item: str, expected: bool | None) -> None:
    assert transplantation_checklist(Clinical(**facts), liver(100.0))[item] is expected


@pytest.mark.parametrize(("tumor_ml", "expected"), [(800.0, True), (801.0, False)])
def test_transplantation_needs_half_a_liver_without_tumor(tumor_ml: float, expected: bool) -> None:
    assert (
        transplantation_checklist(Clinical(), liver(tumor_ml))["tumor at most 50 % of the liver"] is expected
    )
