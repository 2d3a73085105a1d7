"""The main job, end to end: the four sample patients get their Types, from given masks and from our own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from netlm_imaging.case import CaseResult, case_json_schema
from netlm_imaging.clinical import load_clinical
from netlm_imaging.ingest import read_mask
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import GivenMasks, Request
from netlm_pipelines.study import run_study
from netlm_sample_data import PRESETS, SamplePaths, write_sample


@dataclass(frozen=True)
class Patient:
    paths: SamplePaths
    truth: dict[str, Any]
    given: Path
    own: Path

    @property
    def given_case(self) -> CaseResult:
        return CaseResult.from_json((self.given / "case.json").read_bytes())

    @property
    def own_case(self) -> CaseResult:
        return CaseResult.from_json((self.own / "case.json").read_bytes())


def given_masks(paths: SamplePaths) -> GivenMasks:
    at = {name: str(paths.truth / f"{name}.nii.gz") for name in ("liver", "segments", "cysts", "spleen")}
    return GivenMasks(
        **at,
        lesions=(str(paths.truth / "lesions.nii.gz"),),
        vessels=(str(paths.truth / "vessels.nii.gz"),),
    )


def run(paths: SamplePaths, out: Path, masks: GivenMasks) -> Path:
    request = Request(out=out, images=paths.dicom, masks=masks, clinical=load_clinical(paths.clinical))
    return run_study(request, Stages(total=9))


@pytest.fixture(
    scope="module", params=[pytest.param(p, marks=pytest.mark.xdist_group(p)) for p in PRESETS], ids=PRESETS
)
def patient(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Patient:
    work = tmp_path_factory.mktemp(request.param)
    paths = write_sample(request.param, work / "patient")
    given = run(paths, work / "given", given_masks(paths))
    own = run(paths, work / "own", GivenMasks())
    return Patient(paths, json.loads(paths.truth_json.read_text()), given, own)


def test_the_type_is_right_from_given_masks(patient: Patient) -> None:
    case = patient.given_case
    assert case.classification.type == patient.truth["type"]
    assert not case.classification.provisional
    assert case.liver.total_ml == pytest.approx(patient.truth["liver_ml"], rel=0.01)


def test_the_type_is_right_from_our_own_segmentation(patient: Patient) -> None:
    assert patient.own_case.classification.type == patient.truth["type"]


def test_our_liver_and_our_debulking_agree_with_the_truth(patient: Patient) -> None:
    ours = read_mask(str(patient.own / "masks/liver.nii.gz")).labels.array > 0
    truth = read_mask(str(patient.paths.truth / "liver.nii.gz")).labels.array > 0
    assert 2 * np.count_nonzero(ours & truth) / (ours.sum() + truth.sum()) >= 0.95
    difference = patient.own_case.plan.debulking_percent - patient.given_case.plan.debulking_percent
    assert abs(difference) <= 5.0


def test_the_plan_is_proven_and_within_its_limits(patient: Patient) -> None:
    for case in (patient.given_case, patient.own_case):
        assert case.plan.status == "optimal"
        assert case.plan.minimums
        assert all(minimum.value >= minimum.minimum for minimum in case.plan.minimums)
        lost = case.liver.functional_ml - case.plan.flr_ml
        assert lost == pytest.approx(case.plan.parenchyma_lost_ml, abs=0.01)


def test_a_remnant_that_limits_the_plan_has_its_projection(patient: Patient) -> None:
    """The presets 3 and 4 are made so that a right hepatectomy leaves less than the minimum."""
    case = patient.given_case
    if patient.truth["type"] < 3:
        assert "pve" not in {one.kind for one in case.projections}
        return
    today = next(p for p in case.alternatives if p.objective == "maximum")
    for one in case.projections:
        assert (one.procedure, one.embolized, one.grows) == (
            "Right hepatectomy",
            "right portal branch",
            "left",
        )
        assert one.plan.debulking_percent > today.debulking_percent
        assert one.type == 2
        assert 1 <= one.weeks <= 5
        assert any(m.value < m.minimum for m in one.plan.minimums)
        assert all(m.value >= m.minimum for stage in one.stages for m in stage.minimums)
    assert [one.kind for one in case.projections] == ["pve", "two_stage"]
    assert any(m.binding for m in today.minimums)


def test_function_is_read_from_the_hepatobiliary_phase(patient: Patient) -> None:
    """The digital liver takes up alike everywhere: function and volume of the remnant agree."""
    for case in (patient.given_case, patient.own_case):
        assert case.function is not None
        assert case.function.reference == "spleen"
        assert case.function.liver_spleen_ratio == pytest.approx(100 / 60, rel=0.1)
        assert case.function.remnant_function_share_percent == pytest.approx(case.plan.flr_percent, abs=3)
    assert patient.given_case.function.rle is None  # type: ignore[union-attr]


def test_no_lesion_is_mirrored(patient: Patient) -> None:
    """Each true lesion's center in case.json lies where the patient's anatomy says, in LPS mm."""
    truth = {int(entry["id"]): np.asarray(entry["center_lps_mm"]) for entry in patient.truth["lesions"]}
    for lesion in patient.given_case.lesions:
        assert np.linalg.norm(truth[lesion.id] - lesion.centroid_lps_mm) < 3.0
        if lesion.side in ("left", "right") and lesion.segments[0].percent > 95:
            named_left = lesion.segments[0].segment in {"II", "III", "IV"}
            assert lesion.side == ("left" if named_left else "right") or lesion.segments[0].segment == "I"


def test_case_json_fits_its_schema_and_every_file_is_there(patient: Patient) -> None:
    for folder in (patient.given, patient.own):
        jsonschema.validate(json.loads((folder / "case.json").read_text()), case_json_schema())
        names = {path.name for path in folder.iterdir()}
        assert names >= {"case.json", "report.html", "lesions.csv", "treatments.csv", "masks", "log.jsonl"}


def test_pet_was_used(patient: Patient) -> None:
    for case in (patient.given_case, patient.own_case):
        (fit,) = case.registrations
        assert fit.acceptable
        assert sum("pet" in lesion.seen_on for lesion in case.lesions) >= len(case.lesions) / 2


def test_nothing_identifying_is_written(patient: Patient) -> None:
    import pydicom

    header = pydicom.dcmread(next(f for f in patient.paths.dicom.rglob("*") if f.is_file()))
    secrets = [str(header.PatientName), str(header.PatientID), str(header.StudyInstanceUID)]
    for folder in (patient.given, patient.own):
        for file in folder.rglob("*"):
            if file.suffix in (".json", ".html", ".csv", ".jsonl"):
                text = file.read_text()
                assert not [s for s in secrets if s in text], file.name
