"""Several series of one role: the one a radiologist would take, or a question that can be answered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ingest.exams import AXIAL, exam, series
from ingest.vendors import CT, F18, GA68, PET, VIBE, Tags, given

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.ingest import Study, scan

HBP: Tags = {**VIBE, "ContrastBolusAgent": "Primovist", "ContrastBolusStartTime": "094000"}


def chosen(study: Study, role: str) -> tuple[int, str]:
    found = study.pick(role)
    assert found.series is not None
    return found.series.number, " ".join(f"{n.code} {n.message}" for n in found.notices)


def question(study: Study, role: str) -> str:
    with pytest.raises(InputError) as caught:
        study.pick(role)
    assert caught.value.code == "AMBIGUOUS_ROLE"
    return str(caught.value)


@pytest.mark.parametrize(
    ("role", "worse", "better", "why"),
    [
        ("hbp", {**HBP, "MRAcquisitionType": "2D"}, HBP, "less sure"),
        ("hbp", {**HBP, "SeriesDescription": "cor"}, HBP, "not axial"),
        ("hbp", {**HBP, "ImageType": ["DERIVED", "SECONDARY", "MPR"]}, HBP, "reformatted"),
        ("hbp", {**HBP, "ContrastBolusStartTime": "094900"}, HBP, "earlier than 15 min"),
        ("hbp", {**HBP, "ImageType": ["ORIGINAL", "PRIMARY", "M", "ND"]}, HBP, "distortion"),
        ("hbp", {**HBP, "ImageType": ["ORIGINAL", "PRIMARY", "M", "DIS2D"]}, HBP, "not normalized"),
        ("ct", {**CT, "ConvolutionKernel": "B70f"}, {**CT, "ConvolutionKernel": "B30f"}, "lung or bone"),
        ("ct", {**CT, "SeriesDescription": "art"}, {**CT, "SeriesDescription": "portal"}, "another phase"),
        ("ct", CT, {**CT, "SeriesDescription": "portal"}, "another phase"),
        ("ct", {**CT, "SeriesDescription": "nativ"}, {**CT, "SeriesDescription": "art"}, "another phase"),
        ("ct", {**CT, "SeriesDescription": "CT AC"}, CT, "attenuation"),
        ("pet", {**PET, **given("FDG", nuclide=F18)}, {**PET, **given("DOTATOC", nuclide=GA68)}, "receptors"),
        ("pet", {**PET, **given("FDG", nuclide=F18)}, {**PET, **given(nuclide=GA68)}, "receptors"),
    ],
)  # fmt: skip
def test_the_better_one_is_taken_and_the_other_named(
    role: str, worse: Tags, better: Tags, why: str, tmp_path: Path
) -> None:
    number, told = chosen(exam(tmp_path / "a", [worse, better]), role)
    assert number == 2
    assert told.startswith("SERIES_PASSED_OVER")
    assert "series 1 (" in told
    assert why in told
    assert f"--series {role}=NUMBER" in told
    assert chosen(exam(tmp_path / "b", [better, worse]), role)[0] == 1


def test_two_of_equal_worth_are_a_question_with_what_tells_them_apart(tmp_path: Path) -> None:
    again = {**HBP, "AcquisitionTime": "100500"}
    told = question(exam(tmp_path, [HBP, again, {**HBP, "AcquisitionTime": "102000"}]), "hbp")
    assert (
        "series 1 (MR T1 3D fat-suppressed TE 1.4 ms gadoxetate 20 min after contrast, 6 x 5 x 4 voxels of"
        in told
    )
    assert "series 2 (MR T1 3D fat-suppressed TE 1.4 ms gadoxetate 25 min after contrast" in told
    assert "5 min later)" in told
    assert "--series hbp=NUMBER" in told


def test_two_flip_angles_are_told(tmp_path: Path) -> None:
    told = question(exam(tmp_path, [HBP, {**HBP, "FlipAngle": "30"}]), "hbp")
    assert "flip angle 10 degrees" in told
    assert "flip angle 30 degrees" in told


def test_two_exams_are_told_apart_by_days_not_by_dates(tmp_path: Path) -> None:
    exam(tmp_path, [HBP], name="first")
    told = question(exam(tmp_path, [{**HBP, "AcquisitionDate": "20240604"}], name="second"), "hbp")
    assert "91 days later)" in told
    assert "2024" not in told


def test_a_ct_reconstructed_twice_is_used_with_its_thinner_slices(tmp_path: Path) -> None:
    series(tmp_path, 1, CT)
    thin = replace(AXIAL, spacing_mm=(1.2, 1.4, 1.5))
    series(tmp_path, 2, CT, grid=thin)
    number, told = chosen(scan(tmp_path), "ct")
    assert number == 2
    assert "series 1 (thicker slices of the same acquisition)" in told


def test_slices_of_another_acquisition_are_a_question(tmp_path: Path) -> None:
    series(tmp_path, 1, CT)
    thin = replace(AXIAL, spacing_mm=(1.2, 1.4, 1.5))
    series(tmp_path, 2, {**CT, "AcquisitionTime": "101500"}, grid=thin)
    assert "15 min later" in question(scan(tmp_path), "ct")


def test_phases_are_ranked_only_where_all_are_known(tmp_path: Path) -> None:
    question(exam(tmp_path, [CT, {**CT, "SeriesDescription": "art"}]), "ct")


def test_one_that_cannot_be_used_does_not_stand_in_the_way(tmp_path: Path) -> None:
    study = exam(tmp_path, [HBP, HBP])
    broken = replace(study.series[0], faults=(Fault(code="MISSING_SLICE", expected="a", found="b"),))
    number, told = chosen(replace(study, series=(broken, study.series[1])), "hbp")
    assert (number, "it has faults" in told) == (2, True)


def test_many_candidates_are_counted(tmp_path: Path) -> None:
    told = question(exam(tmp_path, [HBP] * 9), "hbp")
    assert "series 6 (" in told
    assert "series 7 (" not in told
    assert "and 3 more" in told


@pytest.mark.parametrize("where", ["frame", "grid"])
def test_an_image_for_comparison_lies_where_the_other_does(where: str, tmp_path: Path) -> None:
    pre: dict[str, Any] = {**VIBE, "SeriesDescription": "pre", "AcquisitionTime": "093000"}
    other: Any = (
        {"exam": "elsewhere"} if where == "frame" else {"grid": replace(AXIAL, spacing_mm=(1.2, 1.4, 4.0))}
    )
    series(tmp_path, 1, pre, **other)
    series(tmp_path, 2, pre)
    series(tmp_path, 3, HBP)
    study = scan(tmp_path)
    question(study, "precontrast")
    found = study.pick("precontrast", beside=study.series[2])
    assert found.series is study.series[1]
