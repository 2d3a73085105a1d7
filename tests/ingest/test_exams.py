# ruff: noqa: E501
"""Roles of whole exams: what one series does not say, the others tell."""

from __future__ import annotations

from pathlib import Path

import pytest
from ingest.exams import AXIAL, exam, roles, series
from ingest.vendors import (
    BLADE,
    CT,
    DWI,
    GA68,
    HASTE,
    LAVA,
    PET,
    SSH,
    THRIVE,
    VIBE,
    Tags,
    given,
)

from netlm_imaging.ingest import scan

PRIMOVIST = {"ContrastBolusAgent": "Primovist"}


def t1(clock: str, words: str = "t1_vibe_fs_tra", **more: object) -> Tags:
    return {**VIBE, "AcquisitionTime": clock, "SeriesDescription": words, **more}


def test_a_liver_exam_of_25_series_is_sorted_as_a_radiologist_would(tmp_path: Path) -> None:
    """A gadoxetate exam; the injection was at 10:10:00 and no header says so."""
    post = {"ContrastBolusAgent": "Primovist"}
    listed: list[tuple[Tags, str]] = [
        ({**HASTE, "SeriesDescription": "haste_localizer"}, "other"),
        ({**HASTE, "SeriesDescription": "t2_haste_cor"}, "t2"),
        ({**HASTE, "SeriesDescription": "t2_haste_tra_bh"}, "t2"),
        ({**VIBE, "SeriesDescription": "t1_fl2d_opp_tra", "MRAcquisitionType": "2D", "ScanOptions": "PFP"}, "other"),
        ({**VIBE, "SeriesDescription": "t1_fl2d_in_tra", "MRAcquisitionType": "2D", "ScanOptions": "PFP"}, "other"),
        ({**VIBE, "SeriesDescription": "trufi_cor", "FlipAngle": "60"}, "other"),
        ({**SSH, "SeriesDescription": "mrcp_3d_space", "EchoTime": "700", "MRAcquisitionType": "3D"}, "other"),
        ({**THRIVE, "SeriesDescription": "pdff", "ImageType": ["DERIVED", "PRIMARY", "FF"]}, "other"),
        (t1("100600"), "precontrast"),
        ({**VIBE, "SeriesDescription": "care_bolus", "MRAcquisitionType": "2D"}, "other"),
        (t1("101030", "t1_vibe_fs_tra_art", **post), "arterial"),
        (t1("101110", "t1_vibe_fs_tra_pv", **post), "portal"),
        (t1("101110", "t1_vibe_fs_tra_pv_SUB", **post), "other"),
        (t1("101300", **post), "transitional"),
        (t1("101110", "t1_vibe_MIP", **post, ImageType=["DERIVED", "SECONDARY", "MIP"]), "other"),
        ({**BLADE, "SeriesDescription": "t2_blade_fs_tra"}, "t2"),
        ({**DWI, "SeriesDescription": "ep2d_diff_TRACEW", "DiffusionBValue": 50.0}, "dwi"),
        ({**DWI, "SeriesDescription": "ep2d_diff_TRACEW", "DiffusionBValue": 800.0}, "dwi"),
        ({**DWI, "SeriesDescription": "ep2d_diff_ADC", "ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC"]}, "adc"),
        (t1("102200", "t1_vibe_dixon_F", **post), "other"),
        (t1("102200", "t1_vibe_dixon_opp", **post), "other"),
        (t1("103000", **post), "hbp"),
        (t1("103130", "t1_vibe_fs_cor", **post), "hbp"),
        (t1("103300", "T1 Map", **post, ImageType=["DERIVED", "PRIMARY", "T1 MAP"]), "other"),
        ({**VIBE, "SeriesDescription": "gre_mre_stiffness", "ImageType": ["DERIVED", "PRIMARY", "STIFFNESS"]}, "other"),
    ]  # fmt: skip
    study = exam(tmp_path, [tags for tags, _ in listed])
    assert len(study.series) == 25
    assert roles(study) == [role for _, role in listed]
    late = study.series[21]
    assert late.facts.minutes_after_contrast == 20.0
    assert late.role_confidence == 0.6
    assert "by the order of the exam's series" in late.role_reason
    picked = study.pick("hbp")
    assert picked.series is late
    assert "series 23 (not axial)" in picked.notices[0].message


def test_the_injection_time_of_one_series_counts_for_all(tmp_path: Path) -> None:
    study = exam(
        tmp_path,
        [
            t1("095500"),
            t1("100025", ContrastBolusStartTime="100000", **PRIMOVIST),
            t1("100110", **PRIMOVIST),
            t1("100300", **PRIMOVIST),
            t1("102000", **PRIMOVIST),
        ],
    )
    assert roles(study) == ["precontrast", "arterial", "portal", "transitional", "hbp"]
    assert [s.role_confidence for s in study.series] == [0.8, 1.0, 0.8, 0.8, 0.8]


def test_two_injection_times_far_apart_count_for_none_but_their_own(tmp_path: Path) -> None:
    study = exam(
        tmp_path,
        [
            t1("100025", ContrastBolusStartTime="100000", **PRIMOVIST),
            t1("102025", ContrastBolusStartTime="102000", **PRIMOVIST),
            t1("103000", **PRIMOVIST),
        ],
    )
    assert roles(study) == ["arterial", "arterial", "other"]


@pytest.mark.parametrize(
    ("agent", "minutes", "role"),
    [
        ("Primovist", 20, "hbp"),
        ("Primovist", 9, "other"),
        ("MultiHance", 20, "other"),
        ("MultiHance", 60, "hbp"),
        ("Dotarem", 20, "other"),
        ("10 ml", 20, "other"),
    ],
)
def test_a_late_series_after_a_dynamic_run_whose_phases_are_not_told(
    agent: str, minutes: int, role: str, tmp_path: Path
) -> None:
    run = [t1(f"10{m:02d}00", ContrastBolusAgent=agent) for m in (0, 1, 2, 3)]
    late = t1(f"{10 + (2 + minutes) // 60}{(2 + minutes) % 60:02d}00", ContrastBolusAgent=agent)
    study = exam(tmp_path, [*run, late])
    assert roles(study)[-1] == role, study.series[-1].role_reason
    assert study.series[-1].role_confidence <= (0.6 if role == "hbp" else 1.0)


@pytest.mark.parametrize("agent", ["Dotarem", "Gadovist 7.5 ml"])
def test_an_extracellular_agent_anywhere_in_the_exam_rules_a_hepatobiliary_phase_out(
    agent: str, tmp_path: Path
) -> None:
    study = exam(
        tmp_path,
        [t1("100000", ContrastBolusAgent=agent), t1("102000", "t1_vibe_HBP_20min")],
    )
    assert roles(study)[1] == "other"
    assert "liver cells do not take up" in study.series[1].role_reason


def test_an_agent_named_by_the_exam_alone(tmp_path: Path) -> None:
    """GE writes the protocol of the exam into every series; elsewhere it is the study's description."""
    late = {**LAVA, "SeriesDescription": "Ax LAVA HBP", "ProtocolName": "LIVER EOVIST"}
    study = exam(tmp_path, [late, {**late, "SeriesDescription": "Ax LAVA PRE"}])
    assert roles(study) == ["hbp", "precontrast"]
    assert study.series[0].role_confidence == 0.7
    assert study.series[0].facts.agent == "gadoxetate"


def test_without_any_agent_words_decide_and_time_does_not(tmp_path: Path) -> None:
    study = exam(tmp_path, [t1("100000", "vibe art"), t1("102000", "vibe"), t1("102200", "vibe HBP")])
    assert roles(study) == ["arterial", "other", "hbp"]
    assert study.series[2].role_confidence == 0.5


def test_phases_that_bear_the_start_of_their_series(tmp_path: Path) -> None:
    """GE: one series, one acquisition time, TriggerTime since its start."""
    for phase, trigger in enumerate(("0", "40000", "90000")):
        tags = {
            **LAVA,
            "ContrastBolusStartTime": "100010",
            "TriggerTime": trigger,
            "ContrastBolusAgent": "Eovist",
        }
        series(tmp_path, phase + 1, {**tags, "SeriesNumber": 5}, uid="dynamic")
    assert roles(scan(tmp_path)) == ["precontrast", "arterial", "portal"]


def test_phases_without_any_time_of_their_own_are_not_told_apart(tmp_path: Path) -> None:
    for phase in (1, 2, 3):
        tags = {**LAVA, "ContrastBolusStartTime": "095940", "TemporalPositionIdentifier": phase, **PRIMOVIST}
        series(tmp_path, phase, {**tags, "SeriesNumber": 5}, uid="dynamic")
    assert roles(scan(tmp_path)) == ["other"] * 3


def test_normalized_and_not_in_one_series_are_the_same_phase(tmp_path: Path) -> None:
    tags = {**VIBE, "SeriesNumber": 5, **PRIMOVIST, "ContrastBolusStartTime": "094000"}
    series(tmp_path, 1, tags, uid="both")
    series(tmp_path, 2, {**tags, "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]}, uid="both")
    assert roles(scan(tmp_path)) == ["hbp", "hbp"]


def test_an_injection_before_midnight(tmp_path: Path) -> None:
    late = {"AcquisitionDate": "20240306", "ContrastBolusStartTime": "235000", **PRIMOVIST}
    study = exam(tmp_path, [t1("001000", **late), t1("235030", **{**late, "AcquisitionDate": "20240305"})])
    assert roles(study) == ["hbp", "arterial"]
    assert study.series[0].facts.minutes_after_contrast == 20.0


def test_echoes_of_one_series_are_no_phases(tmp_path: Path) -> None:
    for n, echo in enumerate(("2.3", "4.6"), start=1):
        series(tmp_path, n, {**VIBE, "EchoTime": echo, "SeriesNumber": 5, **PRIMOVIST}, uid="in and opposed")
    study = scan(tmp_path)
    assert roles(study) == ["other", "other"]
    assert "echoes" in study.series[0].role_reason


def test_several_b_values_of_one_series(tmp_path: Path) -> None:
    plain = {
        **DWI,
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "ScanningSequence": "SE",
        "SequenceName": "",
        "SeriesNumber": 5,
    }
    for n, b in enumerate((0.0, 400.0, 800.0), start=1):
        series(tmp_path, n, {**plain, "DiffusionBValue": b}, uid="dwi")
    study = scan(tmp_path)
    assert roles(study) == ["dwi"] * 3
    assert [s.headers[0].b_value for s in study.series] == [0.0, 400.0, 800.0]


def test_pet_ct_and_mr(tmp_path: Path) -> None:
    for n, (modality, words) in enumerate((("CT", "CT AC 3.0"), ("CT", "Abdomen portalvenös 2.0")), start=1):
        series(
            tmp_path,
            n,
            {**CT, "SeriesDescription": words, "SpecificCharacterSet": "ISO_IR 100"},
            exam="petct",
        )
        assert modality == "CT"
    series(tmp_path, 3, {**PET, **given("DOTATATE", nuclide=GA68)}, exam="petct")
    series(tmp_path, 4, {**PET, "CorrectedImage": ["DECY"]}, exam="petct")
    series(tmp_path, 5, {**CT, "SeriesDescription": "CT other day"}, exam="other")
    series(tmp_path, 6, t1("100000", **PRIMOVIST, ContrastBolusStartTime="094000"), exam="mr")
    study = scan(tmp_path)
    assert roles(study) == ["ct", "ct", "pet", "other", "ct", "hbp"]
    assert [s.facts.with_pet for s in study.series] == [True, True, False, False, False, False]
    assert [s.facts.ct_phase for s in study.series[:2]] == [None, "portal"]
    assert [s.facts.attenuation_ct for s in study.series[:2]] == [True, False]
    assert study.series[2].grid is not None
    assert study.series[2].grid.same_as(AXIAL)
