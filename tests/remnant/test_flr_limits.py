"""Minimums of the remnant: the table of clinical-rules 2, row by row."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlm_imaging.clinical import Clinical, LiverQuality
from netlm_imaging.remnant import flr_limits, flr_notices, remnant
from netlm_imaging.remnant.records import FlrLimit
from netlm_imaging.settings import FlrSettings

BODY = {"height_cm": 180.0, "weight_kg": 80.0}  # BSA 2.0 m2, standard liver 1740.15 mL


def limits(settings: FlrSettings | None = None, **facts: object) -> dict[str, FlrLimit]:
    found = flr_limits(1500.0, clinical=Clinical(**facts), settings=settings or FlrSettings())
    return {limit.name: limit for limit in found}


@pytest.mark.parametrize(
    ("quality", "standardized", "borrowed_standardized", "measured", "borrowed_measured"),
    [
        ("normal", 20, False, 25, False),
        ("chemotherapy", 30, False, 30, True),
        ("steatosis", 30, False, 30, True),
        ("cirrhosis", 40, True, 40, False),
    ],
)
def test_the_published_minimums(
    quality: str,
    standardized: float,
    borrowed_standardized: bool,
    measured: float,
    borrowed_measured: bool,
) -> None:
    found = limits(liver_quality=quality, **BODY)
    assert list(found) == ["sflr_percent", "flr_percent", "flr_body_weight_percent"], "sFLR leads"
    sflr, flr, weight = found.values()
    assert (sflr.minimum, sflr.borrowed) == (standardized, borrowed_standardized)
    assert (flr.minimum, flr.borrowed) == (measured, borrowed_measured)
    assert sflr.minimum_ml == pytest.approx(standardized / 100 * 1740.15)
    assert flr.minimum_ml == pytest.approx(measured / 100 * 1500)
    assert (weight.minimum, weight.minimum_ml, weight.borrowed) == (0.5, pytest.approx(400.0), False)
    assert not any(limit.provisional for limit in found.values())
    assert flr_notices(clinical=Clinical(liver_quality=quality), settings=FlrSettings()) == ()


def test_every_minimum_whose_inputs_are_there_and_no_other() -> None:
    assert list(limits()) == ["flr_percent"]
    assert list(limits(weight_kg=80.0)) == ["flr_percent", "flr_body_weight_percent"]
    assert list(limits(height_cm=180.0)) == ["flr_percent"]
    assert list(limits(height_cm=170.0, weight_kg=7.0)) == ["flr_percent", "flr_body_weight_percent"]


def test_an_unknown_liver_is_taken_as_normal_marked_and_said() -> None:
    found = limits(**BODY)
    assert [limit.minimum for limit in found.values()] == [20, 25, 0.5]
    assert [limit.provisional for limit in found.values()] == [True, True, False]
    (notice,) = flr_notices(clinical=Clinical(**BODY), settings=FlrSettings())
    assert notice.code == "LIVER_QUALITY_UNKNOWN"
    assert "20 % standardized, 25 % measured" in notice.message


@pytest.mark.parametrize(
    ("facts", "own", "assumed"),
    [
        ({}, {}, "(25 % measured)"),
        ({}, {"minimum_percent": 60}, None),
        ({}, {"minimum_standardized_percent": 60}, "(25 % measured)"),
        (BODY, {"minimum_percent": 60}, "(20 % standardized)"),
        (BODY, {"minimum_standardized_percent": 60}, "(25 % measured)"),
    ],
)
def test_only_minimums_that_the_plan_obeys_are_called_assumed(facts, own, assumed) -> None:
    notices = flr_notices(clinical=Clinical(**facts), settings=FlrSettings(**own))
    assert [assumed in notice.message for notice in notices] == ([True] if assumed else [])
    provisional = any(limit.provisional for limit in limits(FlrSettings(**own), **facts).values())
    assert provisional == bool(notices)


def test_the_user_s_own_minimums_replace_the_published_ones() -> None:
    own = FlrSettings(minimum_percent=35, minimum_standardized_percent=22, minimum_body_weight_percent=0.6)
    found = limits(own, **BODY)
    assert [limit.minimum for limit in found.values()] == [22, 35, 0.6]
    assert {limit.source for limit in found.values()} == {"settings"}
    assert not any(limit.provisional or limit.borrowed for limit in found.values())
    assert flr_notices(clinical=Clinical(**BODY), settings=own) == ()


@given(
    st.floats(1, 6000),
    st.floats(120, 210),
    st.floats(35, 200),
    st.sampled_from([None, *get_args(LiverQuality)]),
)
def test_a_remnant_at_its_minimum_measures_exactly_the_minimum(
    functional_ml: float, height_cm: float, weight_kg: float, quality: LiverQuality | None
) -> None:
    clinical = Clinical(height_cm=height_cm, weight_kg=weight_kg, liver_quality=quality)
    for limit in flr_limits(functional_ml, clinical=clinical, settings=FlrSettings()):
        of = remnant(limit.minimum_ml, functional_ml=functional_ml, clinical=clinical)
        assert getattr(of, limit.name) == pytest.approx(limit.minimum)
