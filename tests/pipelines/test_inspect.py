"""``netlm inspect``, ``--series`` and what they promise of a run."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from ingest import mask_builder
from ingest.exams import exam, series
from ingest.vendors import CT, F18, GA68, HASTE, PET, VIBE, given
from pipelines.conftest import Netlm

from netlm_pipelines import show_study
from netlm_pipelines.outlook import outlook

HBP = {**VIBE, "ContrastBolusAgent": "Primovist", "ContrastBolusStartTime": "094000"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """MR: 1 T2, 2 and 3 hepatobiliary (3 coronal); PET/CT: 4 CT, 5 PET; FDG: 6."""
    exam(tmp_path, [HASTE, HBP, {**HBP, "SeriesDescription": "SECRET cor"}], name="mr")
    series(tmp_path, 4, {**CT, "AcquisitionDate": "20240308"}, exam="petct")
    series(
        tmp_path, 5, {**PET, **given("DOTATATE", nuclide=GA68), "AcquisitionDate": "20240308"}, exam="petct"
    )
    series(tmp_path, 6, {**PET, **given("FDG", nuclide=F18), "AcquisitionDate": "20240320"}, exam="fdg")
    return tmp_path


def test_exam_by_exam_with_reasons_and_what_a_run_would_do(netlm: Netlm, folder: Path) -> None:
    said = netlm("inspect", folder)
    assert said.code == 0
    lines = said.out.splitlines()
    titles = [line for line in lines if line.startswith("Exam")]
    assert titles == [
        "Exam 1: MR, 3 series",
        "Exam 2: CT, PT, 2 series, 3 days after exam 1",
        "Exam 3: PT, 1 series, 15 days after exam 1",
    ]
    assert (
        "  3  hbp          100 %  MR coronal T1 3D fat-suppressed TE 1.4 ms gadoxetate 20 min after contrast"
        in lines
    )
    assert any(
        "liver cells take up gadoxetate. 6 x 5 x 4 voxels of 1.2 x 1.4 x 3 mm" in line for line in lines
    )
    use = "A run would use: series 2 as hbp, series 5 as pet, series 4 as ct of the pet"
    assert use in lines
    assert "warning SERIES_PASSED_OVER (series 2): Taken as hbp, before series 3 (not axial)" in said.out
    assert said.out.count("NOT_RECEPTOR_TRACER") == 1
    assert "SECRET" not in said.out


def test_the_same_for_programs(netlm: Netlm, folder: Path) -> None:
    found = json.loads(netlm("inspect", folder, "--json").out)
    assert found["run"]["uses"] == {"hbp": 2, "pet": 5, "ct of the pet": 4}
    by_number = {s["number"]: s for s in found["series"]}
    assert by_number[2]["facts"]["minutes_after_contrast"] == 20.0
    assert by_number[5]["facts"]["tracer"] == "DOTATATE"
    assert by_number[6]["facts"]["receptor"] is False
    assert [by_number[n]["exam"] for n in range(1, 7)] == [1, 1, 1, 2, 2, 3]
    assert "SECRET" not in json.dumps(found)


def test_file_names_only_where_they_are_asked_for(netlm: Netlm, folder: Path) -> None:
    found = json.loads(netlm("inspect", folder, "--json", "--keep-identifiers").out)
    for one in found["series"]:
        assert len(one["files"]) == one["instances"]
        assert all((folder / name).is_file() for name in one["files"])
    said = netlm("inspect", folder, "--keep-identifiers").out
    first, last = found["series"][0]["files"][0], found["series"][0]["files"][-1]
    assert f"files: {first} to {last}" in said
    assert {one["files"] for one in json.loads(netlm("inspect", folder, "--json").out)["series"]} == {None}
    assert first not in netlm("inspect", folder).out


def test_how_many_segments_and_rois_an_object_has(netlm: Netlm, folder: Path) -> None:
    box = np.zeros(mask_builder.GRID.shape_kji, bool)
    box[1:3, 2:5, 2:5] = True
    mask_builder.seg(folder / "a.dcm", {"one": box, "two": ~box})
    mask_builder.rtstruct(folder / "b.dcm", {"SECRET": mask_builder.contours_of(box, mask_builder.GRID)})
    by_modality = {s["modality"]: s for s in json.loads(netlm("inspect", folder, "--json").out)["series"]}
    assert (by_modality["SEG"]["parts"], by_modality["RTSTRUCT"]["parts"]) == (2, 1)
    assert by_modality["CT"]["parts"] is None
    said = netlm("inspect", folder).out
    assert "2 segments, 1 file" in said
    assert "1 ROI, 1 file" in said
    assert "SECRET" not in said


def test_the_users_roles_are_shown(netlm: Netlm, folder: Path) -> None:
    found = json.loads(netlm("inspect", folder, "--json", "--series", "hbp=3", "--series", "pet=6").out)
    third = found["series"][2]
    assert (third["role"], third["role_reason"], third["role_confidence"]) == (
        "hbp",
        "named by the user",
        1.0,
    )
    assert found["run"]["uses"] == {"hbp": 3, "pet": 6}
    said = netlm("inspect", folder, "--series", "hbp=4")
    assert (said.code, "WRONG_MODALITY" in said.err) == (3, True)
    assert netlm("inspect", folder, "--series", "liver=4").code == 2


def test_a_question_is_asked_before_the_run(netlm: Netlm, folder: Path) -> None:
    series(folder, 7, HBP, exam="mr")
    said = netlm("inspect", folder)
    assert said.code == 0
    assert "A run would stop: AMBIGUOUS_ROLE" in said.out
    assert "--series hbp=NUMBER" in said.out
    assert "A run would use" in netlm("inspect", folder, "--series", "hbp=7").out


def test_without_a_hepatobiliary_phase_masks_are_needed(netlm: Netlm, tmp_path: Path) -> None:
    exam(tmp_path, [HASTE])
    assert (
        "A run would use: series 1 as t2, with --liver and --lesions given" in netlm("inspect", tmp_path).out
    )


def test_convert_by_role_number_and_both(netlm: Netlm, folder: Path) -> None:
    out = folder / "out.nii.gz"

    def convert(choice: str) -> str:
        said = netlm("convert", folder, "--series", choice, "--out", out, "--overwrite")
        return said.out if said.code == 0 else said.err

    assert convert("hbp").startswith("hbp (MR T1 3D")
    assert "SERIES_PASSED_OVER" in convert("hbp")
    assert convert("portal=3").startswith("portal (MR coronal")
    assert convert("3").startswith("hbp (MR coronal")
    assert "WRONG_MODALITY" in convert("pet=3")
    assert "UNKNOWN_ROLE" in convert("liver=3")
    assert "NO_SUCH_SERIES" in convert("hbp=99")
    assert "SERIES_NEEDED" in convert("adc")
    assert convert("t2").startswith("t2 (MR T2")


@pytest.mark.parametrize("width", [80, 140])
def test_on_a_terminal_no_line_is_longer_than_it(
    width: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from netlm_imaging.ingest import scan

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "dumb")
    screen = Terminal()
    monkeypatch.setattr(sys, "stdout", screen)
    study = scan(folder)
    show_study.as_text(study, outlook(study), names=False)
    lines = screen.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    start = next(n for n, line in enumerate(lines) if line.startswith("  3  hbp"))
    if width == 80:
        assert lines[start + 1].startswith(" " * 25)
        assert lines[start + 1].strip()
    assert any(line.startswith("     T1 gradient echo") for line in lines)
