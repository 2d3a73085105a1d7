"""Every command of ``netlm`` as a user meets it: what it prints, what it writes, its exit code."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pipelines.conftest import Netlm
from strategies import ellipsoid

from netlm_imaging.case import CaseResult
from netlm_imaging.export import write_nifti
from netlm_imaging.ingest import read_mask, read_nifti_image
from netlm_imaging.settings import Settings
from netlm_imaging.volume import LabelMap, Mask
from netlm_pipelines import cli
from netlm_pipelines.reclassify import reclassify
from pipelines import small_study


def case_of(folder: Path) -> CaseResult:
    return CaseResult.from_json((folder / "case.json").read_bytes())


def test_inspect_names_role_geometry_and_reason(netlm: Netlm, patient: Path) -> None:
    said = netlm("inspect", patient / "dicom")
    assert said.code == 0
    assert "  1  hbp           90 %  MR T1 3D TE 1.5 ms gadoxetate 20 min after contrast" in said.out
    assert "40 x 30 x 22 voxels of 7 x 6.5 x 8 mm" in said.out
    assert "20.0 min after gadoxetate" in said.out
    assert "A run would use: series 1 as hbp" in said.out


def test_inspect_as_json(netlm: Netlm, patient: Path) -> None:
    found = json.loads(netlm("inspect", patient / "dicom", "--json").out)
    (series,) = found["series"]
    assert (series["role"], series["instances"], series["faults"]) == ("hbp", 22, [])
    assert series["grid"]["shape_kji"] == list(small_study.GRID.shape_kji)


def test_inspect_shows_file_names_only_when_asked(netlm: Netlm, tmp_path: Path) -> None:
    write_nifti(small_study.intensities(), tmp_path / "smith.nii.gz")
    (tmp_path / "smith.txt").write_text("hello")
    for option in ((), ("--json",)):
        assert "smith" not in netlm("inspect", tmp_path, *option).out
        named = netlm("inspect", tmp_path, "--keep-identifiers", *option).out
        assert "smith.nii.gz" in named
        assert "smith.txt" in named


def test_a_name_cannot_change_the_terminal(netlm: Netlm, tmp_path: Path) -> None:
    """Row 34."""
    write_nifti(small_study.intensities(), tmp_path / "plain.nii.gz")
    (tmp_path / "plain.nii.gz").rename(tmp_path / "\x1b[2J\nsmith.nii.gz")
    (tmp_path / "\x1b]0;title\x07.txt").write_text("hello")
    for option in ((), ("--json",)):
        said = netlm("inspect", tmp_path, "--keep-identifiers", *option)
        assert not set(said.out) & {"\x1b", "\x07"}
        assert "smith.nii.gz" in said.out


def test_a_zip_is_a_study_for_every_command(netlm: Netlm, patient: Path, tmp_path: Path) -> None:
    """Row 36."""
    path = Path(shutil.make_archive(str(tmp_path / "study"), "zip", patient / "dicom"))
    assert "  1  hbp           90 %  MR" in netlm("inspect", path).out
    out = tmp_path / "hbp.nii.gz"
    assert netlm("convert", path, "--out", out).code == 0
    assert (read_nifti_image(out).volume.array == small_study.intensities().array).all()
    path.write_bytes(path.read_bytes()[:-100])
    said = netlm("convert", path, "--out", tmp_path / "b.nii.gz")
    assert said.code == 3
    assert "error ZIP_DAMAGED in study.zip" in said.err


def test_run_from_a_zip_is_the_run_from_its_folder(
    netlm: Netlm, patient: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    path = shutil.make_archive(str(tmp_path / "study"), "zip", patient / "dicom")
    for source, name in ((path, "zip"), (patient / "dicom", "folder")):
        assert netlm("run", source, *masks, "--out", tmp_path / name).code == 0
    assert case_of(tmp_path / "zip") == case_of(tmp_path / "folder")
    names = [{path.name for path in (tmp_path / name / "dicom").iterdir()} for name in ("zip", "folder")]
    assert names[0] == names[1] >= {"liver.dcm", "lesions.dcm", "measurements.dcm", "report.dcm"}


def test_convert_keeps_geometry_and_values(netlm: Netlm, patient: Path, tmp_path: Path) -> None:
    out = tmp_path / "hbp.nii.gz"
    assert netlm("convert", patient / "dicom", "--out", out).code == 0
    image = read_nifti_image(out)
    assert image.volume.grid.same_as(small_study.GRID)
    assert (image.volume.array == small_study.intensities().array).all()


def test_convert_a_nifti_whose_axes_are_not_declared(netlm: Netlm, tmp_path: Path) -> None:
    import nibabel

    source = tmp_path / "t2.nii.gz"
    image = nibabel.Nifti1Image(small_study.intensities().array.transpose(), small_study.GRID.affine_ras)
    image.set_sform(small_study.GRID.affine_ras, code=0)
    image.set_qform(small_study.GRID.affine_ras, code=0)
    image.to_filename(source)
    refused = netlm("convert", source, "--out", tmp_path / "a.nii.gz")
    assert refused.code == 3
    assert "error AFFINE_UNKNOWN in series 1" in refused.err
    assert "--assume-affine" in refused.err
    assert netlm("convert", source, "--out", tmp_path / "a.nii.gz", "--assume-affine").code == 0
    assert (read_nifti_image(tmp_path / "a.nii.gz").volume.array == small_study.intensities().array).all()


def test_convert_asks_which_series(netlm: Netlm, patient: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(patient / "dicom", tmp_path / "in")
    write_nifti(small_study.intensities(), folder / "t2.nii.gz")
    said = netlm("convert", folder, "--out", tmp_path / "a.nii.gz")
    assert said.code == 2
    assert "SERIES_NEEDED" in said.err
    assert "1 (hbp), 2 (t2)" in said.err
    for choice in ("t2", "2"):
        assert netlm("convert", folder, "--out", tmp_path / f"{choice}.nii.gz", "--series", choice).code == 0


def test_convert_replaces_no_file_unasked(netlm: Netlm, patient: Path, tmp_path: Path) -> None:
    out = tmp_path / "a.nii.gz"
    out.write_bytes(b"kept")
    said = netlm("convert", patient / "dicom", "--out", out)
    assert (said.code, "FILE_EXISTS" in said.err) == (2, True)
    assert out.read_bytes() == b"kept"
    assert netlm("convert", patient / "dicom", "--out", out, "--overwrite").code == 0
    assert "NO_FOLDER" in netlm("convert", patient / "dicom", "--out", tmp_path / "none" / "a.nii.gz").err


def test_plan_writes_a_case_and_says_what_it_found(netlm: Netlm, finished: Path) -> None:
    case = case_of(finished)
    assert case.classification.type == 1
    assert [lesion.id for lesion in case.lesions] == [4, 9]
    assert [i.role for i in case.inputs] == ["liver mask", "lesion mask"]
    names = {path.name for path in finished.iterdir()}
    assert names >= {"case.json", "report.html", "lesions.csv", "treatments.csv", "masks", "log.jsonl"}
    assert (
        read_mask(str(finished / "masks/lesions.nii.gz")).labels.array == small_study.lesions().array
    ).all()


def test_masks_that_heat_must_stay_away_from_reach_the_plan(
    netlm: Netlm, patient: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    grid, settings = small_study.GRID, tmp_path / "settings.toml"
    settings.write_text("[resection]\nwedge = false\nenucleation = false\n[ablation]\nmax_lesion_mm = 50\n")
    given: list[object] = []
    for name, x in (("bile-ducts", -30.0), ("gallbladder", -10.0), ("bowel", 0.0)):
        path = tmp_path / f"{name}.nii.gz"
        write_nifti(Mask(ellipsoid(grid, small_study.at(x, -25.0, -40.0), [9.0] * 3), grid), path)
        given += [f"--{name}", path]
    out = tmp_path / "case"
    assert netlm("plan", *masks, *given, "--settings", settings, "--out", out).code == 0
    case = case_of(out)
    treatments = case.plan.treatments
    assert treatments
    for treatment in treatments:
        assert {s.structure for s in treatment.structures} == {"bile ducts", "gallbladder", "bowel"}
    assert {i.role for i in case.inputs} >= {"bile duct mask", "gallbladder mask", "bowel mask"}
    assert "PLAN_WITHOUT_STRUCTURES" not in {w.code for w in case.warnings}
    margins = read_nifti_image(out / "masks/ablation_margin_mm.nii.gz").volume.array
    smallest = min(t.achieved_margin_mm or 0.0 for t in treatments)
    assert margins[margins > 0].min() == pytest.approx(smallest, abs=1e-3)


def test_a_portal_vein_that_a_resection_cuts_costs_the_liver_behind(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    settings, vein = tmp_path / "settings.toml", tmp_path / "vein.nii.gz"
    text = (
        "[resection]\ninflow_from_all_vessels = true\nmajor_vessel_mm = 24\nmax_devascularized_ml = {}\n"
        "[ablation]\nmodalities = []\n"
    )
    settings.write_text(text.format(1000))
    write_nifti(Mask(small_study.vein(), small_study.GRID), vein)
    codes = {}
    for option in ("--portal-vein", "--vessels"):
        out = tmp_path / option
        assert netlm("plan", *masks, option, vein, "--settings", settings, "--out", out).code == 0
        case = case_of(out)
        codes[option] = {w.code for w in case.warnings}
        assert f"{option[2:].removesuffix('s').replace('-', ' ')} mask" in {i.role for i in case.inputs}
        deprived = read_nifti_image(out / "masks/devascularized.nii.gz").volume.array > 0
        remnant = read_nifti_image(out / "masks/remnant.nii.gz").volume.array > 0
        voxel_ml = small_study.GRID.voxel_ml
        assert case.plan.devascularized_ml == pytest.approx(deprived.sum() * voxel_ml)
        assert case.plan.devascularized_ml > 20.0
        assert case.plan.flr_ml == pytest.approx(remnant.sum() * voxel_ml)
        assert not (remnant & deprived).any()
        assert "left without inflow" in (out / "report.html").read_text()
    assert "LIVER_DEVASCULARIZED" in codes["--portal-vein"] & codes["--vessels"]
    assert "INFLOW_NOT_TOLD_APART" in codes["--vessels"] - codes["--portal-vein"]
    assert "PLAN_WITHOUT_HEPATIC_VEINS" in codes["--portal-vein"] - codes["--vessels"]
    settings.write_text(text.format(10))
    out = tmp_path / "fed"
    assert netlm("plan", *masks, "--portal-vein", vein, "--settings", settings, "--out", out).code == 0
    whys = [o.why_not for lesion in case_of(out).lesions for o in lesion.options if o.why_not]
    assert any("of other liver without inflow > 10 mL" in why for why in whys)
    assert all(
        (t.devascularized_ml or 0.0) <= 10.0 for t in case_of(out).plan.treatments if t.kind == "wedge"
    )


def test_the_case_holds_the_same_plans_with_measured_zones(netlm: Netlm, finished: Path) -> None:
    case = case_of(finished)
    other = case.device_comparison
    assert other is not None
    assert {d.evidence for d in other.devices} == {"patient series"}
    assert {d.evidence for d in case.devices} == {"ceiling"}
    assert other.debulking_change_percent == other.plan.debulking_percent - case.plan.debulking_percent
    assert other.type is not None
    assert f"The Type {'stays' if other.type == case.classification.type else 'would be'} {other.type}" in (
        (finished / "report.html").read_text()
    )


def test_run_uses_the_image_and_is_repeatable_but_for_its_log(
    netlm: Netlm, patient: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for out in (first, second):
        said = netlm("run", patient / "dicom", *masks, "--out", out)
        assert said.code == 0
    assert said.out.startswith("Type 1 (provisional)")
    assert said.out.rstrip().endswith(f"Report: {second / 'report.html'}")
    assert "LIVER_ON_LEFT" not in said.out
    assert [i.role for i in case_of(first).inputs] == ["hbp", "liver mask", "lesion mask"]
    files = {p.relative_to(first) for p in first.rglob("*") if p.is_file()}
    assert files == {p.relative_to(second) for p in second.rglob("*") if p.is_file()}
    differing = [str(f) for f in files if (first / f).read_bytes() != (second / f).read_bytes()]
    assert differing == ["log.jsonl"]


def test_run_takes_a_nifti_study_by_the_users_word(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    image = write_nifti(small_study.intensities(), tmp_path / "scan.nii.gz")
    unknown = netlm("run", image, *masks, "--out", tmp_path / "case")
    assert unknown.code == 3
    assert "NO_REFERENCE_IMAGE" in unknown.err
    assert "--series hbp=NUMBER" in unknown.err
    assert netlm("run", image, *masks, "--series", "hbp=1", "--out", tmp_path / "case").code == 0
    case = case_of(tmp_path / "case")
    assert (case.inputs[0].role, case.inputs[0].modality) == ("hbp", "NIfTI")
    assert {seen for lesion in case.lesions for seen in lesion.seen_on} == {"mr"}
    assert (tmp_path / "case/report.pdf").is_file()
    assert not (tmp_path / "case/dicom").exists()


def test_uids_are_kept_only_when_asked(
    netlm: Netlm, patient: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    from ingest.builder import uid

    out = tmp_path / "case"
    netlm("run", patient / "dicom", *masks, "--out", out)
    hashed = case_of(out).inputs[0].series_uid
    netlm("run", patient / "dicom", *masks, "--out", out, "--overwrite", "--keep-identifiers")
    assert case_of(out).inputs[0].series_uid == uid("hbp") != hashed
    assert "SECRET" not in (out / "case.json").read_text()


def test_no_lesion_is_a_valid_case(netlm: Netlm, patient: Path, tmp_path: Path) -> None:
    """Row 45."""
    empty = tmp_path / "none.nii.gz"
    write_nifti(LabelMap(small_study.lesions().array * 0, small_study.GRID), empty)
    liver = patient / "masks/liver.nii.gz"
    said = netlm("plan", "--liver", liver, "--lesions", empty, "--out", tmp_path / "case")
    assert said.code == 0
    assert said.out.startswith("No Type\n  No measurable disease")
    case = case_of(tmp_path / "case")
    assert (case.classification.type, case.lesions, case.plan.treatments) == (None, (), ())


def test_no_plan_possible_is_exit_4_with_the_case_written(
    netlm: Netlm, masks: tuple[str, ...], tmp_path: Path
) -> None:
    """A man of 200 cm and 150 kg with cirrhosis has too little liver before anything is removed."""
    facts = tmp_path / "facts.toml"
    facts.write_text('height_cm = 200\nweight_kg = 150\nliver_quality = "cirrhosis"\n')
    said = netlm("plan", *masks, "--clinical", facts, "--out", tmp_path / "case")
    assert said.code == 4
    assert "error NO_PLAN_POSSIBLE" in said.err
    assert "sFLR 27.7 % before any treatment, minimum 40.0 %" in said.err
    assert case_of(tmp_path / "case").plan.status == "infeasible"
    assert (tmp_path / "case/report.html").is_file()


def test_a_mirrored_liver_is_warned_of_with_its_share(netlm: Netlm, patient: Path, tmp_path: Path) -> None:
    """Row 44."""
    mirrored = small_study.write_mirrored_liver(tmp_path / "mirrored.nii.gz")
    inside = read_mask(mirrored).labels
    array = (inside.array * 0).astype("uint8")
    k, j, i = (int(n) for n in inside.grid.to_index(small_study.at(55.0, -5.0, 5.0)))
    array[k : k + 2, j : j + 2, i : i + 2] = 1
    lesion = write_nifti(LabelMap(array, inside.grid), tmp_path / "lesion.nii.gz")
    said = netlm(
        *("run", patient / "dicom", "--liver", mirrored, "--lesions", lesion, "--out", tmp_path / "case")
    )
    assert said.code == 0
    (warning,) = [w for w in case_of(tmp_path / "case").warnings if w.code == "LIVER_ON_LEFT"]
    assert warning.message.startswith("Only 3 % of the liver mask lies on the patient's right")
    assert "LIVER_ON_LEFT" in said.out


def test_lesions_that_all_miss_the_liver_are_not_called_no_disease(
    netlm: Netlm, patient: Path, tmp_path: Path
) -> None:
    """Row 44: a mirrored liver beside true lesions."""
    mirrored = small_study.write_mirrored_liver(tmp_path / "mirrored.nii.gz")
    lesions = patient / "masks/lesions.nii.gz"
    said = netlm("plan", "--liver", mirrored, "--lesions", lesions, "--out", tmp_path / "case")
    assert said.code == 3
    assert "error LESIONS_OUTSIDE_LIVER in lesion mask" in said.err
    assert not (tmp_path / "case").exists()


def test_masks_on_other_grids_come_over_by_their_coordinates(
    netlm: Netlm, patient: Path, finished: Path, tmp_path: Path
) -> None:
    """Row 43: axes in another order and direction change nothing."""
    turned = small_study.lesions().canonical()

    other = write_nifti(turned, tmp_path / "other.nii.gz")
    liver = patient / "masks/liver.nii.gz"
    assert netlm("plan", "--liver", liver, "--lesions", other, "--out", tmp_path / "case").code == 0
    assert case_of(tmp_path / "case").lesions == case_of(finished).lesions


def test_report_renders_the_same_bytes_again(netlm: Netlm, finished: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(finished, tmp_path / "copy")
    (copy / "report.html").unlink()
    said = netlm("report", copy)
    assert said.code == 0
    assert said.out.strip() == f"Report: {copy / 'report.html'}"
    assert (copy / "report.html").read_bytes() == (finished / "report.html").read_bytes()


def classified(netlm: Netlm, case: Path, facts: str, folder: Path, *options: object) -> dict[str, Any]:
    file = folder / "facts.toml"
    file.write_text(facts)
    said = netlm("classify", "--case", case, "--clinical", file, "--json", *options)
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_classify_follows_symptoms_from_type_3_to_4_and_back(
    netlm: Netlm, finished: Path, tmp_path: Path
) -> None:
    """Type 3 by counting no lesion as cleared, so that the threshold is out of reach."""
    content = json.loads((finished / "case.json").read_text())
    for plan in (content["plan"], *content["alternatives"]):
        plan.update(cleared=[], residual=[4, 9], debulking_percent=0.0, debulking_percent_by_volume=0.0)
    case = tmp_path / "case.json"
    case.write_text(json.dumps(content))
    calm = 'mass_effect = "none"\nhormonal_symptoms = "controlled"\n'
    ill = 'mass_effect = "profound"\nhormonal_symptoms = "controlled"\n'
    types = [classified(netlm, case, facts, tmp_path)["type"] for facts in (calm, ill, calm)]
    assert types == [3, 4, 3]


def test_classify_warns_when_new_facts_outdate_the_plan(netlm: Netlm, finished: Path, tmp_path: Path) -> None:
    case = finished / "case.json"
    same = classified(netlm, case, 'extrahepatic = "none"\n', tmp_path)
    assert same["warnings"] == []
    changed = classified(netlm, case, 'liver_quality = "cirrhosis"\n', tmp_path)
    assert [w["code"] for w in changed["warnings"]] == ["PLAN_OUTDATED"]
    whole = CaseResult.from_json(case.read_bytes())
    faster = Settings.model_validate({"flr": {"growth_percent_per_week": 2.0}})
    _, _, notices = reclassify(whole, clinical=None, settings=faster)
    assert [notice.code for notice in notices] == ["PLAN_OUTDATED"]


def test_classify_says_which_symptomatic_lesion_is_none_of_the_case(
    netlm: Netlm, finished: Path, tmp_path: Path
) -> None:
    said = classified(netlm, finished / "case.json", "symptomatic_lesions = [4, 77]\n", tmp_path)
    (notice,) = said["warnings"]
    assert notice["code"] == "UNKNOWN_SYMPTOMATIC_LESION"
    assert "names 77: there is no such lesion" in notice["message"]


def test_a_case_says_how_certain_it_is_and_classify_follows(
    netlm: Netlm, finished: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    spread = case_of(finished).uncertainty
    assert spread is not None
    assert sum(spread.type_probabilities.values()) == pytest.approx(1.0)
    assert spread.debulking_p05 <= spread.debulking_p50 <= spread.debulking_p95
    case = finished / "case.json"
    ill = classified(netlm, case, 'mass_effect = "profound"\n', tmp_path)["type_probabilities"]
    assert ill["3"] == 0.0
    assert ill["4"] == pytest.approx(spread.type_probabilities["3"] + spread.type_probabilities["4"])
    settings = tmp_path / "settings.toml"
    settings.write_text("[type]\ndebulking_threshold_percent = 90\n")
    other = classified(netlm, case, "", tmp_path, "--settings", settings)
    assert other["type_probabilities"] is None
    assert [w["code"] for w in other["warnings"]] == ["UNCERTAINTY_OUTDATED"]
    settings.write_text("[uncertainty]\ndraws = 0\n")
    assert netlm("plan", *masks, "--settings", settings, "--out", tmp_path / "case").code == 0
    assert case_of(tmp_path / "case").uncertainty is None
    settings.write_text("[uncertainty]\nplacement_mm = 3\n")
    refused = netlm("plan", *masks, "--settings", settings, "--out", tmp_path / "other")
    assert refused.code == 2
    assert "placement_sd_mm" in refused.err


def test_classify_for_people(netlm: Netlm, finished: Path) -> None:
    said = netlm("classify", "--case", finished / "case.json")
    assert said.code == 0
    assert said.out.startswith("Type 1 (provisional)\nWhy\n")
    assert "Management" in said.out


def test_sample_and_demo(netlm: Netlm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample patient itself has tests of its own: here a small one stands for it."""
    from netlm_pipelines import sample
    from netlm_sample_data import SamplePaths

    def write_small(preset: str, out: Path, *, seed: int, progress: Any) -> SamplePaths:
        progress("drawing")
        small_study.write_study(out / "dicom")
        (out / "clinical.toml").write_text('extrahepatic = "none"\n')
        return SamplePaths(
            dicom=out / "dicom",
            clinical=out / "clinical.toml",
            truth=out / "truth",
            truth_json=out / "truth.json",
        )

    monkeypatch.setattr(sample, "write_sample", write_small)
    said = netlm("sample", "--preset", "type1", "--out", tmp_path / "p")
    assert said.code == 0
    assert str(tmp_path / "p" / "dicom") in said.out
    asked: list[Any] = []
    monkeypatch.setattr(cli, "_run", asked.append)
    assert netlm("demo", "--out", tmp_path / "demo").code == 0
    assert asked[0].out == tmp_path / "demo"
    assert asked[0].clinical.extrahepatic == "none"


def test_progress_is_plain_lines_when_nobody_watches(
    netlm: Netlm, patient: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    said = netlm("plan", *masks, "--out", tmp_path / "case")
    lines = said.err.splitlines()
    assert lines[0] == "  Reading the masks ..."
    assert "  Finding the best plan ..." in lines
    assert [line for line in lines if not (line.startswith("  ") and line.endswith(" ..."))] == []
    assert not set("\x1b\r") & set(said.out + said.err)
