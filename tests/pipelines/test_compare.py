"""``netlm compare``, plan.json of a finished case, and fixed choices on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pipelines.conftest import Netlm

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.export import read_case
from netlm_imaging.ingest import read_mask, read_plan
from netlm_imaging.plan.reopen import reopened
from netlm_imaging.volume import Mask


@pytest.fixture
def other(netlm: Netlm, masks: tuple[str, ...], tmp_path: Path) -> Path:
    """The same patient with one lesion left alone."""
    settings = tmp_path / "settings.toml"
    settings.write_text("[[plan.fix]]\nlesion = 9\ndo = false\n[resection]\nmax_resections = 1\n")
    out = tmp_path / "other"
    assert netlm("plan", *masks, "--out", out, "--settings", settings).code == 0
    return out


def test_the_difference_of_two_cases_is_said(netlm: Netlm, finished: Path, other: Path) -> None:
    said = netlm("compare", finished, other)
    assert said.code == 0
    rows = {line[:26].strip(): line[26:].split() for line in said.out.splitlines()}
    first, second = read_case(finished).plan, read_case(other).plan
    lost = second.debulking_percent - first.debulking_percent
    assert rows["debulking by lesion [%]"] == [
        f"{first.debulking_percent:.1f}",
        f"{second.debulking_percent:.1f}",
        f"{lost:+.1f}",
    ]
    assert "cleared by the first alone  9" in said.out
    assert "cleared by the second alone none" in said.out
    names = [t.name for t in first.treatments if t.name not in {s.name for s in second.treatments}]
    assert f"only in the first           {', '.join(names)}" in said.out


def test_the_difference_as_json_holds_both_sides(netlm: Netlm, finished: Path, other: Path) -> None:
    found = json.loads(netlm("compare", finished, other, "--json").out)
    assert found["difference"]["cleared_lost"] == [9]
    assert found["difference"]["type_before"] == found["before"]["type"] == 1
    assert found["after"]["debulking_percent"] == read_case(other).plan.debulking_percent
    (warning,) = found["warnings"]
    assert warning["code"] == "OTHER_SETTINGS"
    assert "resection.max_resections (none, 1), plan.fix (none, 1 given)" in warning["message"]
    assert json.loads(netlm("compare", finished, finished, "--json").out)["warnings"] == []


def test_a_plan_file_is_as_good_as_its_case_but_for_the_type(
    netlm: Netlm, finished: Path, other: Path
) -> None:
    of_cases = json.loads(netlm("compare", finished, other, "--json").out)
    of_files = json.loads(netlm("compare", finished / "plan.json", other / "plan.json", "--json").out)
    assert of_files["before"]["type"] is None
    for side in ("before", "after"):
        assert {**of_cases[side], "type": None} == of_files[side]


def test_facts_that_differ_are_named_without_their_values(
    netlm: Netlm, finished: Path, tmp_path: Path
) -> None:
    content = json.loads((finished / "plan.json").read_text())
    content["clinical"]["weight_kg"] = 91.5
    (tmp_path / "plan.json").write_text(json.dumps(content))
    said = netlm("compare", finished, tmp_path / "plan.json")
    assert "OTHER_FACTS: The plans were made with different clinical facts: weight_kg." in said.out
    assert "91.5" not in said.out
    assert "OTHER_SETTINGS" not in said.out


def test_plans_of_other_masks_are_told_apart(netlm: Netlm, finished: Path, tmp_path: Path) -> None:
    content = json.loads((finished / "plan.json").read_text())
    content["masks"][1]["sha256"] = "0" * 64
    (tmp_path / "plan.json").write_text(json.dumps(content))
    said = netlm("compare", finished, tmp_path / "plan.json")
    assert said.code == 0
    assert "OTHER_MASKS" in said.out + said.err
    assert "(lesions)" in said.out + said.err


def test_what_is_no_case_and_no_plan_is_refused(netlm: Netlm, finished: Path, tmp_path: Path) -> None:
    for path, code in (
        (tmp_path, "NO_CASE"),
        (tmp_path / "no.json", "UNREADABLE"),
        (finished / "case.json", "BAD_PLAN_FILE in case.json"),
        (finished / "masks" / "liver.nii.gz", "BAD_PLAN_FILE in liver.nii.gz"),
    ):
        said = netlm("compare", finished, path)
        assert (said.code, code in said.err) == (3, True)
        assert len(said.err.splitlines()) == 1


def test_the_plan_of_a_finished_case_opens_on_its_own_masks(finished: Path) -> None:
    file, case = read_plan(finished / "plan.json"), read_case(finished)
    liver = read_mask(str(finished / "masks/liver.nii.gz")).labels
    anatomy = Anatomy(
        liver=Mask(liver.array > 0, liver.grid),
        lesions=read_mask(str(finished / "masks/lesions.nii.gz")).labels,
    )
    session = reopened(file, anatomy)
    assert file.plan == case.plan
    assert session.figures.debulking_percent == case.plan.debulking_percent
    assert session.figures.flr_ml == case.plan.flr_ml
    assert [t.name for t in session.plan.treatments] == [t.name for t in case.plan.treatments]


def test_the_same_masks_give_the_same_plan_file(
    netlm: Netlm, masks: tuple[str, ...], finished: Path, tmp_path: Path
) -> None:
    assert netlm("plan", *masks, "--out", tmp_path / "again").code == 0
    assert (tmp_path / "again/plan.json").read_bytes() == (finished / "plan.json").read_bytes()


def test_fixed_choices_that_conflict_end_with_code_4_and_write_nothing(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    settings = tmp_path / "settings.toml"
    settings.write_text(
        '[plan]\nmax_interventions = 0\n[[plan.fix]]\nlesion = 4\nkind = "wedge"\ndo = true\n'
    )
    said = netlm("plan", *masks, "--out", tmp_path / "out", "--settings", settings)
    assert said.code == 4
    assert "PLAN_CONFLICT" in said.err
    assert "interventions at most 0 and must: Wedge resection of lesion 4" in said.err.replace("\n", " ")
    assert not (tmp_path / "out").exists()
