"""Published formulas, by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import oblique_grid

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import GridMismatch, InputError
from netlm_imaging.remnant import (
    body_size_notices,
    bsa_dubois_m2,
    bsa_mosteller_m2,
    etlv_ml,
    etlv_urata_ml,
    etlv_vauthey_ml,
    remnant,
    remnant_notices,
)
from netlm_imaging.remnant.function import (
    hbp_quality_notices,
    hepatocyte_uptake_index,
    relative_enhancement,
    remnant_function_share,
)
from netlm_imaging.remnant.growth import expected_points, hypertrophy, project_growth, weeks_to_grow
from netlm_imaging.volume import Mask, Volume


def body(height_cm: float | None, weight_kg: float | None) -> Clinical:
    return Clinical(height_cm=height_cm, weight_kg=weight_kg)


def test_body_surface_by_hand() -> None:
    assert bsa_mosteller_m2(height_cm=180, weight_kg=80) == pytest.approx(2.0)
    assert bsa_mosteller_m2(height_cm=160, weight_kg=60) == pytest.approx(1.632993)
    # DuBois' nomogram: 170 cm, 70 kg is 1.81 m2; 180 cm, 80 kg is 2.00 m2.
    assert bsa_dubois_m2(height_cm=170, weight_kg=70) == pytest.approx(1.8097, abs=1e-4)
    assert bsa_dubois_m2(height_cm=180, weight_kg=80) == pytest.approx(1.9964, abs=1e-4)


def test_standard_liver_volume_by_hand() -> None:
    assert etlv_vauthey_ml(2.0) == pytest.approx(1740.15)
    assert etlv_urata_ml(2.0) == pytest.approx(1414.8)
    assert etlv_ml(body(180, 80)) == pytest.approx(1740.15)
    assert etlv_ml(body(180, 80), formula="urata") == pytest.approx(1414.8)


@pytest.mark.parametrize("clinical", [body(None, None), body(180, None), body(None, 80)])
def test_no_standard_volume_without_height_and_weight(clinical: Clinical) -> None:
    assert etlv_ml(clinical) is None
    (notice,) = body_size_notices(clinical)
    assert notice.code == "BODY_SIZE_UNKNOWN"
    assert ("height" in notice.message) is (clinical.height_cm is None)
    assert ("weight" in notice.message) is (clinical.weight_kg is None)


@pytest.mark.parametrize(
    ("height_cm", "weight_kg", "codes"),
    [
        (180, 80, []),
        (170, 7, ["IMPLAUSIBLE_WEIGHT", "IMPLAUSIBLE_BODY_SIZE"]),
        (170, 700, ["IMPLAUSIBLE_WEIGHT", "IMPLAUSIBLE_BODY_SIZE"]),
        (110, 34, ["IMPLAUSIBLE_BODY_SIZE"]),
        (None, 7, ["BODY_SIZE_UNKNOWN", "IMPLAUSIBLE_WEIGHT"]),
    ],
)
def test_odd_bodies_are_said(height_cm: float | None, weight_kg: float, codes: list[str]) -> None:
    assert [notice.code for notice in body_size_notices(body(height_cm, weight_kg))] == codes


def test_vauthey_below_zero_is_no_volume() -> None:
    assert etlv_vauthey_ml(0.62) is None
    assert etlv_vauthey_ml(0.63) == pytest.approx(3.9764)
    assert etlv_ml(body(170, 7)) is None
    assert "no standard liver volume" in body_size_notices(body(170, 7))[-1].message
    assert remnant(500, functional_ml=1000, clinical=body(170, 7)).sflr_percent is None


def test_remnant_in_all_denominators_by_hand() -> None:
    of = remnant(600.0, functional_ml=1500.0, clinical=body(180, 80))
    assert of.flr_percent == pytest.approx(40.0)
    assert of.sflr_percent == pytest.approx(100 * 600 / 1740.15)
    assert of.flr_body_weight_percent == pytest.approx(0.75)
    alone = remnant(600.0, functional_ml=1500.0, clinical=body(None, None))
    assert (alone.sflr_percent, alone.flr_body_weight_percent) == (None, None)
    assert remnant(0.0, functional_ml=0.0, clinical=body(None, None)).flr_percent == 0.0


@pytest.mark.parametrize(("flr_ml", "said"), [(430, "0.55 %"), (450, "donor"), (630, "donor"), (650, None)])
def test_a_small_remnant_for_the_weight_is_said(flr_ml: float, said: str | None) -> None:
    notices = remnant_notices(remnant(flr_ml, functional_ml=1500.0, clinical=body(180, 80)))
    assert [notice.code for notice in notices] == (["REMNANT_SMALL_FOR_WEIGHT"] if said else [])
    if said:
        assert said in notices[0].message


@pytest.mark.parametrize(
    ("weeks", "low", "expected", "high"),
    [
        (0, 20, 20, 20),
        (0.5, 20.7, 22.7, 24.7),
        (1, 21.4, 25.4, 29.4),
        (2, 21.4, 26.9, 30),
        (4, 21.4, 29.9, 30),
        (8, 21.4, 30, 30),
    ],
)
def test_growth_after_pve_by_hand(weeks: float, low: float, expected: float, high: float) -> None:
    growth = project_growth(20.0, weeks=weeks)
    assert growth.low_percent == pytest.approx(low)
    assert growth.expected_percent == pytest.approx(expected)
    assert growth.high_percent == pytest.approx(high)


@given(st.floats(0, 60), st.floats(0, 52), st.floats(0, 52))
def test_growth_is_a_range_that_never_shrinks_with_time(sflr: float, one: float, other: float) -> None:
    sooner, later = (project_growth(sflr, weeks=w) for w in sorted((one, other)))
    for growth in (sooner, later):
        assert sflr <= growth.low_percent <= growth.expected_percent <= growth.high_percent <= sflr + 10.0
    assert sooner.expected_percent <= later.expected_percent


@pytest.mark.parametrize(
    ("points", "rate", "weeks"),
    [
        (0.0, None, (0, 0, 0)),
        (1.4, None, (1, 1, 1)),
        (1.5, None, (1, 1, None)),
        (5.4, None, (1, 1, None)),
        (5.5, None, (2, 1, None)),
        (9.9, None, (4, 2, None)),
        (10.0, None, (5, 2, None)),
        (8.0, 2.0, (4, 2, 8)),
        (8.1, 2.0, (5, 3, 9)),
        (10.0, 0.5, (20, 10, 40)),
    ],
)
def test_the_weeks_until_the_remnant_has_grown_by_hand(
    points: float, rate: float | None, weeks: tuple[int, int, int | None]
) -> None:
    found = weeks_to_grow(points, points_per_week=rate)
    assert found is not None
    assert (found.expected, found.soonest, found.latest) == weeks


def test_no_growth_beyond_what_was_ever_seen() -> None:
    assert weeks_to_grow(10.1) is None
    assert weeks_to_grow(10.1, points_per_week=5.0) is None
    assert expected_points(52, points_per_week=5.0) == 10.0
    with pytest.raises(ValueError, match="positive"):
        weeks_to_grow(1.0, points_per_week=0.0)


@given(st.floats(0.01, 10), st.one_of(st.none(), st.floats(0.1, 10)))
def test_after_those_weeks_it_has_grown_enough_and_a_week_before_it_has_not(
    points: float, rate: float | None
) -> None:
    found = weeks_to_grow(points, points_per_week=rate)
    assert found is not None
    assert found.soonest <= found.expected <= (found.latest or found.expected)
    assert expected_points(found.expected, points_per_week=rate) >= points - 1e-6
    assert expected_points(found.expected - 1, points_per_week=rate) < points


def test_hypertrophy_against_the_cut_offs() -> None:
    safe = hypertrophy(sflr_before_percent=22.5, sflr_after_percent=30.0, weeks=3.75)
    assert (safe.degree_points, safe.rate_points_per_week) == (7.5, 2.0)
    assert (safe.sflr_sufficient, safe.degree_sufficient, safe.rate_sufficient) == (True, True, True)
    poor = hypertrophy(sflr_before_percent=22.5, sflr_after_percent=29.9, weeks=4)
    assert (poor.sflr_sufficient, poor.degree_sufficient, poor.rate_sufficient) == (False, False, False)
    with pytest.raises(ValueError, match="positive"):
        hypertrophy(sflr_before_percent=20, sflr_after_percent=30, weeks=0)
    with pytest.raises(ValueError, match="negative"):
        project_growth(20, weeks=-1)


def test_function_ratios_by_hand() -> None:
    assert relative_enhancement(hbp=180.0, precontrast=100.0) == pytest.approx(0.8)
    assert hepatocyte_uptake_index(liver_ml=1500.0, liver=300.0, spleen=200.0) == pytest.approx(0.75)
    for call in (
        lambda: relative_enhancement(hbp=1.0, precontrast=0.0),
        lambda: hepatocyte_uptake_index(liver_ml=1500.0, liver=1.0, spleen=-2.0),
    ):
        with pytest.raises(InputError, match="BAD_SIGNAL"):
            call()


def test_the_functional_share_of_the_remnant_by_hand() -> None:
    grid = oblique_grid((2, 3, 4))
    hbp = np.full(grid.shape_kji, 100.0)
    hbp[0, 0, :] = (300.0, 200.0, 40.0, 900.0)
    functional, left = np.zeros(grid.shape_kji, bool), np.zeros(grid.shape_kji, bool)
    functional[0, 0, :3] = functional[1, 2, 3] = True
    left[0, 0, 1:] = left[1, 2, 3] = True  # [0, 0, 3] is no functional liver and does not count
    share = remnant_function_share(
        Volume(hbp, grid), remnant=Mask(left, grid), functional=Mask(functional, grid), reference=50.0
    )
    assert share == pytest.approx(100.0 * (150 + 0 + 50) / (250 + 150 + 0 + 50))
    with pytest.raises(InputError, match="BAD_SIGNAL"):
        remnant_function_share(
            Volume(hbp, grid), remnant=Mask(left, grid), functional=Mask(functional, grid), reference=300.0
        )
    other = Mask(left, oblique_grid((2, 3, 4), (1, 1, 1)))
    with pytest.raises(GridMismatch):
        remnant_function_share(
            Volume(hbp, grid), remnant=other, functional=Mask(functional, grid), reference=50.0
        )


def test_a_poor_hepatobiliary_phase_is_said() -> None:
    assert hbp_quality_notices(liver=150, spleen=100, portal_vein=102.7, cava=83.3) == ()
    (notice,) = hbp_quality_notices(liver=149, spleen=100, portal_vein=110, cava=70)
    assert notice.code == "POOR_HBP"
    assert "spleen 1.49" in notice.message
    assert "portal vein 1.35" in notice.message
    assert "cava" not in notice.message
    assert hbp_quality_notices(liver=149) == ()
