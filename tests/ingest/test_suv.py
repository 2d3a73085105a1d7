"""SUVbw: every path of the rule, every reason for none; factors against closed forms."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from ingest import builder

from netlm_imaging.errors import SuvUnavailable
from netlm_imaging.ingest import read_image, scan
from netlm_imaging.ingest.suv import suv_factors
from netlm_imaging.ingest.suv_facts import SliceFacts, SuvFacts

HALF_LIFE = 4062.6
START = datetime(2024, 3, 5, 10)
GOOD = SuvFacts(
    slices=(SliceFacts(acquired=START), SliceFacts(acquired=START + timedelta(minutes=4))),
    units="BQML",
    corrected_image=("DECY", "ATTN"),
    decay_correction="START",
    weight_kg=72.0,
    height_m=1.74,
    sex="F",
    dose_bq=150e6,
    half_life_s=HALF_LIFE,
    nuclide="Ga-68",
    injected=datetime(2024, 3, 5, 9),
    injected_clock=timedelta(hours=9),
    series=START,
)
PER_BQ = 72_000 / 150e6


def left(seconds: float) -> float:
    return 2.0 ** (-seconds / HALF_LIFE)


def test_start() -> None:
    found = suv_factors(GOOD)
    assert found.factors == pytest.approx([PER_BQ / left(3600)] * 2, rel=1e-12)
    assert found.record.unit == "BQML"
    assert found.record.inputs["dose_bq"] == 150e6
    assert found.record.inputs["seconds_from_injection"] == 3600
    assert found.notices == ()


def test_admin_does_not_decay_the_dose() -> None:
    found = suv_factors(replace(GOOD, decay_correction="ADMIN", injected=None, injected_clock=None))
    assert found.factors == pytest.approx([PER_BQ] * 2)


def test_none_goes_slice_by_slice() -> None:
    slices = tuple(replace(s, duration_ms=240_000.0) for s in GOOD.slices)
    facts = replace(GOOD, slices=slices, decay_correction="NONE", corrected_image=("ATTN",))
    frame = math.log(2) * 240 / HALF_LIFE
    mean = frame / (1 - math.exp(-frame))
    expected = [mean * PER_BQ / left(3600), mean * PER_BQ / left(3840)]
    assert suv_factors(facts).factors == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("kind", "sex", "mass"),
    [
        ("LBM", "M", 1.10 * 72 - 120 * (72 / 174) ** 2),
        ("LBMJAMES128", "M", 1.10 * 72 - 128 * (72 / 174) ** 2),
        ("LBMJAMES128", "F", 1.07 * 72 - 148 * (72 / 174) ** 2),
        ("LBMJANMA", "M", 9270 * 72 / (6680 + 216 * 72 / 1.74**2)),
        ("LBMJANMA", "F", 9270 * 72 / (8780 + 244 * 72 / 1.74**2)),
        ("IBW", "F", 45.5 + 0.91 * 22),
        ("BW", "F", 72.0),
        ("", "", 72.0),
    ],
)
def test_gml_by_another_mass(kind: str, sex: str, mass: float) -> None:
    found = suv_factors(replace(GOOD, units="GML", suv_type=kind, sex=sex))
    assert found.factors == pytest.approx([72 / mass] * 2)


def test_cm2ml_by_body_surface() -> None:
    surface_cm2 = 0.007184 * 72**0.425 * 174**0.725 * 1e4
    found = suv_factors(replace(GOOD, units="CM2ML"))
    assert found.factors == pytest.approx([72_000 / surface_cm2] * 2)


def test_philips_counts() -> None:
    by_suv = tuple(replace(s, philips_suv=0.0007, philips_activity=2.0) for s in GOOD.slices)
    assert suv_factors(replace(GOOD, units="CNTS", slices=by_suv)).factors == (0.0007, 0.0007)
    by_activity = tuple(
        replace(s, philips_suv=0.0, philips_activity=2.0 + n) for n, s in enumerate(GOOD.slices)
    )
    found = suv_factors(replace(GOOD, units="CNTS", slices=by_activity))
    assert found.factors == pytest.approx([2 * PER_BQ / left(3600), 3 * PER_BQ / left(3600)])


UNAVAILABLE = {
    "weight absent": {"weight_kg": None},
    "weight zero": {"weight_kg": 0.0},
    "dose absent": {"dose_bq": None},
    "dose zero": {"dose_bq": 0.0},
    "half-life absent": {"half_life_s": None},
    "half-life of another nuclide": {"half_life_s": 6586.2},
    "no injection": {"injected": None, "injected_clock": None},
    "injected after the scan": {"injected": datetime(2024, 3, 5, 11)},
    "no times": {"slices": (SliceFacts(),), "series": None},
    "intercept": {"slices": (SliceFacts(acquired=START, intercept=-5.0),)},
    "no attenuation correction": {"corrected_image": ("DECY",)},
    "no decay correction": {"corrected_image": ("ATTN",)},
    "unknown decay correction": {"decay_correction": ""},
    "none without durations": {"decay_correction": "NONE"},
    "counts without factor": {"units": "CNTS"},
    "relative counts": {"units": "PROPCNTS"},
    "no units": {"units": ""},
    "lean mass without height": {"units": "GML", "suv_type": "LBM", "height_m": None},
    "lean mass without sex": {"units": "GML", "suv_type": "LBM", "sex": ""},
    "unknown mass": {"units": "GML", "suv_type": "XYZ"},
    "surface without height": {"units": "CM2ML", "height_m": None},
    "units differ": {"mixed": ("Units",)},
    "dose not a number": {"dose_bq": math.nan},
    "weight not a number": {"weight_kg": math.inf},
    "one slice without its time": {"slices": (SliceFacts(acquired=START), SliceFacts())},
    "injected when nothing would be left": {"injected": START - timedelta(seconds=41 * HALF_LIFE)},
    "injected after a scan corrected to it": {
        "decay_correction": "ADMIN",
        "injected": datetime(2024, 3, 5, 11),
    },
    "other half-life, corrected to injection": {"decay_correction": "ADMIN", "half_life_s": 6586.2},
    "lean mass of nobody": {"units": "GML", "suv_type": "LBM", "height_m": 0.05},
    "surface in GML": {"units": "GML", "suv_type": "BSA"},
    "counts, one slice without factor": {
        "units": "CNTS",
        "slices": (SliceFacts(acquired=START, philips_suv=1.0), SliceFacts(acquired=START)),
    },
}


@pytest.mark.parametrize("case", UNAVAILABLE)
def test_unavailable(case: str) -> None:
    """Row 38: the reason, never a number."""
    with pytest.raises(SuvUnavailable) as caught:
        suv_factors(replace(GOOD, **UNAVAILABLE[case]))  # type: ignore[arg-type]
    assert set(caught.value.codes) == {"SUV_UNAVAILABLE"}


def test_doubtful_values_are_told() -> None:
    tall = replace(GOOD, units="CM2ML", height_m=174.0)
    found = suv_factors(tall)
    assert found.factors == pytest.approx(suv_factors(replace(tall, height_m=1.74)).factors)
    assert [n.code for n in found.notices] == ["SUV_HEIGHT_IN_CM"]
    for weight in (7.0, 700.0):
        assert [n.code for n in suv_factors(replace(GOOD, weight_kg=weight)).notices] == [
            "SUV_WEIGHT_UNUSUAL"
        ]
    assert [n.code for n in suv_factors(replace(GOOD, dose_bq=1.5e5)).notices] == ["SUV_DOSE_UNUSUAL"]
    slices = tuple(replace(s, duration_ms=240_000.0) for s in GOOD.slices)
    both = replace(GOOD, slices=slices, decay_correction="NONE")
    assert [n.code for n in suv_factors(both).notices] == ["SUV_DECAY_DOUBTFUL"]


def test_frames_that_count_from_other_moments_are_told() -> None:
    frames = tuple(
        replace(s, frame_reference_ms=reference, duration_ms=240_000.0)
        for s, reference in zip(GOOD.slices, (120_000.0, 120_000.0), strict=True)
    )
    found = suv_factors(replace(GOOD, slices=frames, series=None))
    assert found.record.inputs["reference_rule"] == "frame reference time"
    assert ["another slice" in n.message for n in found.notices] == [True]


def test_the_frame_that_counts_from_the_most_distant_moment_is_told() -> None:
    """Not the last one: here the second of three beds."""
    slices = tuple(
        SliceFacts(acquired=START + timedelta(minutes=4 * n), frame_reference_ms=ms, duration_ms=240_000.0)
        for n, ms in enumerate((120_000.0, 1_000_000.0, 362_000.0))
    )
    found = suv_factors(replace(GOOD, slices=slices, series=None))
    (message,) = [n.message for n in found.notices if "another slice" in n.message]
    assert f"{2 ** (640 / HALF_LIFE) - 1:.1%}" in message


def test_everything_that_went_in_is_recorded() -> None:
    slices = tuple(replace(s, duration_ms=240_000.0, slope=n + 1.0) for n, s in enumerate(GOOD.slices))
    facts = replace(GOOD, slices=slices, decay_correction="NONE", corrected_image=("ATTN", "SCAT"))
    found = suv_factors(facts)
    assert found.record.inputs == {
        "units": "BQML",
        "corrected_image": "ATTN, SCAT",
        "rescale_slope_min": 1.0,
        "rescale_slope_max": 2.0,
        "weight_kg": 72.0,
        "dose_bq": 150e6,
        "decay_correction": "NONE",
        "half_life_s": HALF_LIFE,
        "nuclide": "Ga-68",
        "injection_from": "RadiopharmaceuticalStartDateTime",
        "injection_day": "as stated",
        "frame_duration_s": 240.0,
        "seconds_from_injection_min": 3600.0,
        "seconds_from_injection_max": 3840.0,
        "factor_min": found.factors[0],
        "factor_max": found.factors[1],
    }


def test_all_reasons_at_once() -> None:
    with pytest.raises(SuvUnavailable) as caught:
        suv_factors(replace(GOOD, weight_kg=None, dose_bq=None, corrected_image=()))
    assert len(caught.value.faults) == 4


def test_odd_units_of_weight_and_dose() -> None:
    found = suv_factors(replace(GOOD, weight_kg=72_000.0, dose_bq=150.0))
    assert found.factors == pytest.approx(suv_factors(GOOD).factors)
    assert {n.code for n in found.notices} == {"SUV_WEIGHT_IN_GRAMS", "SUV_DOSE_IN_MBQ"}


def test_injection_before_midnight() -> None:
    night = datetime(2024, 3, 6, 0, 20)
    facts = replace(
        GOOD, slices=(SliceFacts(acquired=night),), series=night, injected=None,
        injected_clock=timedelta(hours=23, minutes=30),
    )  # fmt: skip
    assert suv_factors(facts).factors == pytest.approx([PER_BQ / left(50 * 60)])


def test_late_scan_is_told() -> None:
    facts = replace(GOOD, injected=START - timedelta(seconds=9 * HALF_LIFE), injected_clock=None)
    assert [n.code for n in suv_factors(facts).notices] == ["SUV_LATE_SCAN"]


def test_reference_time_rules_in_their_order() -> None:
    """A series time after the first acquisition does not count: GE's, the frame's, then the first."""
    late = replace(GOOD, series=START + timedelta(hours=1))
    plain = suv_factors(late)
    assert plain.record.inputs["reference_rule"] == "earliest acquisition"
    assert plain.factors == pytest.approx([PER_BQ / left(3600)] * 2)

    frames = tuple(replace(s, frame_reference_ms=60_000.0, duration_ms=240_000.0) for s in GOOD.slices)
    framed = suv_factors(replace(late, slices=frames))
    x = math.log(2) * 240 / HALF_LIFE
    mean_s = math.log(x / (1 - math.exp(-x))) * HALF_LIFE / math.log(2)
    assert framed.record.inputs["reference_rule"] == "frame reference time"
    assert framed.factors == pytest.approx([PER_BQ / left(3600 + mean_s - 60)] * 2)

    ge = suv_factors(replace(late, slices=frames, ge_scan=START - timedelta(minutes=2)))
    assert ge.record.inputs["reference_rule"] == "GE scan time"
    assert ge.factors == pytest.approx([PER_BQ / left(3480)] * 2)
    assert "SUV_REFERENCE_TIME" in [n.code for n in ge.notices]


def test_series_of_files(tmp_path: Path) -> None:
    """Row 13: each slice has its own slope; the whole chain from files to SUV."""
    (series,) = scan(builder.write(builder.pet(), tmp_path)).series
    assert (series.role, series.description) == ("pet", "PT Ga-68 DOTATATE attenuation corrected")
    slopes = 1.5 + 0.25 * np.arange(7)
    becquerel = builder.pattern(seed=3) * slopes[:, None, None]
    image = read_image(series)
    np.testing.assert_allclose(image.volume.array, becquerel * PER_BQ / left(3600), rtol=1e-6)
    assert image.record.suv is not None
    assert image.record.suv.inputs["nuclide"] == "Ga-68"
    np.testing.assert_allclose(read_image(series, raw=True).volume.array, becquerel, rtol=1e-6)


def test_files_without_weight(tmp_path: Path) -> None:
    items = builder.pet()
    for item in items:
        del item.PatientWeight
    (series,) = scan(builder.write(items, tmp_path)).series
    with pytest.raises(SuvUnavailable) as caught:
        read_image(series)
    assert "weight" in str(caught.value)
    assert "series 1" in str(caught.value)
    assert read_image(series, raw=True).record.suv is None


def test_time_zones(tmp_path: Path) -> None:
    """The injection is given in UTC, the scan in local time two hours ahead."""
    items = builder.pet()
    for item in items:
        item.TimezoneOffsetFromUTC = "+0200"
        item.RadiopharmaceuticalInformationSequence[
            0
        ].RadiopharmaceuticalStartDateTime = "20240305070000+0000"
    (series,) = scan(builder.write(items, tmp_path)).series
    record = read_image(series).record.suv
    assert record is not None
    assert record.inputs["seconds_from_injection"] == 3600


def test_uncorrected_pet_has_no_role(tmp_path: Path) -> None:
    items = builder.pet()
    for item in items:
        item.CorrectedImage = ["DECY"]
    (series,) = scan(builder.write(items, tmp_path)).series
    assert series.role == "other"
    with pytest.raises(SuvUnavailable):
        read_image(series)
