"""The main job, end to end: the four sample patients get their Types, from given masks and from our own."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pydicom
import pytest
from plan.plan_examples import PLAIN

from netlm_imaging.case import CaseResult, case_json_schema
from netlm_imaging.clinical import load_clinical
from netlm_imaging.ingest import read_mask
from netlm_imaging.settings import Settings
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import GivenMasks, Request
from netlm_pipelines.study import run_study
from netlm_sample_data import PRESETS, SamplePaths, write_sample


def given_masks(paths: SamplePaths) -> GivenMasks:
    at = {name: str(paths.truth / f"{name}.nii.gz") for name in ("liver", "segments", "cysts", "spleen")}
    return GivenMasks(
        **at,
        lesions=(str(paths.truth / "lesions.nii.gz"),),
        vessels=(str(paths.truth / "vessels.nii.gz"),),
    )


class Runs:
    """Sample patients and what comes out of them, each made when it is first asked for."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self.paths, self.folder = cache(self._written), cache(self._run)

    def truth(self, preset: str) -> dict[str, Any]:
        return dict(json.loads(self.paths(preset).truth_json.read_text()))

    def _written(self, preset: str) -> SamplePaths:
        return write_sample(preset, self._work / preset / "patient")

    def _run(self, preset: str, source: str) -> Path:
        """``source``: given masks or our own."""
        paths, given = self.paths(preset), source == "given"
        request = Request(
            out=self._work / preset / source,
            images=paths.dicom,
            masks=given_masks(paths) if given else GivenMasks(),
            clinical=load_clinical(paths.clinical),
            settings=Settings() if given and preset == "type2" else PLAIN,
        )
        return run_study(request, Stages(total=9))

    def case(self, preset: str, source: str) -> CaseResult:
        return CaseResult.from_json((self.folder(preset, source) / "case.json").read_bytes())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("presets"))


def _marked(preset: str, source: str) -> list[pytest.MarkDecorator]:
    """A patient's tests share a process; our own segmentation is for the slow tests, but for one patient."""
    slow = source == "own" and preset != "type2"
    return [pytest.mark.xdist_group(preset), *([pytest.mark.slow] if slow else [])]


def _each(source: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("preset", [pytest.param(p, marks=_marked(p, source)) for p in PRESETS])


from_given, from_own = _each("given"), _each("own")
from_both = pytest.mark.parametrize(
    ("preset", "source"),
    [pytest.param(p, source, marks=_marked(p, source)) for p in PRESETS for source in ("given", "own")],
)


@from_given
def test_the_type_is_right_from_given_masks(runs: Runs, preset: str) -> None:
    case, truth = runs.case(preset, "given"), runs.truth(preset)
    assert case.classification.type == truth["type"]
    assert not case.classification.provisional
    assert case.liver.total_ml == pytest.approx(truth["liver_ml"], rel=0.01)


@from_own
def test_the_type_is_right_from_our_own_segmentation(runs: Runs, preset: str) -> None:
    assert runs.case(preset, "own").classification.type == runs.truth(preset)["type"]


@from_own
def test_our_liver_and_our_debulking_agree_with_the_truth(runs: Runs, preset: str) -> None:
    ours = read_mask(str(runs.folder(preset, "own") / "masks/liver.nii.gz")).labels.array > 0
    truth = read_mask(str(runs.paths(preset).truth / "liver.nii.gz")).labels.array > 0
    assert 2 * np.count_nonzero(ours & truth) / (ours.sum() + truth.sum()) >= 0.95
    own, given = (runs.case(preset, source).plan.debulking_percent for source in ("own", "given"))
    assert abs(own - given) <= 5.0


@from_both
def test_the_plan_is_proven_and_within_its_limits(runs: Runs, preset: str, source: str) -> None:
    case = runs.case(preset, source)
    assert case.plan.status == "optimal"
    assert case.plan.minimums
    assert all(minimum.value >= minimum.minimum for minimum in case.plan.minimums)
    lost = case.liver.functional_ml - case.plan.flr_ml
    assert lost == pytest.approx(case.plan.parenchyma_lost_ml, abs=0.01)


@from_given
def test_a_remnant_that_limits_the_plan_has_its_projection(runs: Runs, preset: str) -> None:
    """The presets 3 and 4 are made so that a right hepatectomy leaves less than the minimum."""
    case = runs.case(preset, "given")
    if runs.truth(preset)["type"] < 3:
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


@from_both
def test_function_is_read_from_the_hepatobiliary_phase(runs: Runs, preset: str, source: str) -> None:
    """The digital liver takes up alike everywhere: function and volume of the remnant agree."""
    case = runs.case(preset, source)
    assert case.function is not None
    assert case.function.reference == "spleen"
    assert case.function.liver_spleen_ratio == pytest.approx(100 / 60, rel=0.1)
    assert case.function.remnant_function_share_percent == pytest.approx(case.plan.flr_percent, abs=3)
    assert source == "own" or case.function.rle is None


@from_given
def test_no_lesion_is_mirrored(runs: Runs, preset: str) -> None:
    """Each true lesion's center in case.json lies where the patient's anatomy says, in LPS mm."""
    truth = {int(entry["id"]): np.asarray(entry["center_lps_mm"]) for entry in runs.truth(preset)["lesions"]}
    for lesion in runs.case(preset, "given").lesions:
        assert np.linalg.norm(truth[lesion.id] - lesion.centroid_lps_mm) < 3.0
        if lesion.side in ("left", "right") and lesion.segments[0].percent > 95:
            named_left = lesion.segments[0].segment in {"II", "III", "IV"}
            assert lesion.side == ("left" if named_left else "right") or lesion.segments[0].segment == "I"


@from_both
def test_case_json_fits_its_schema_and_every_file_is_there(runs: Runs, preset: str, source: str) -> None:
    folder = runs.folder(preset, source)
    jsonschema.validate(json.loads((folder / "case.json").read_text()), case_json_schema())
    names = {path.name for path in folder.iterdir()}
    assert names >= {"case.json", "report.html", "lesions.csv", "treatments.csv", "masks", "log.jsonl"}


@from_both
def test_pet_was_used(runs: Runs, preset: str, source: str) -> None:
    case = runs.case(preset, source)
    (fit,) = case.registrations
    assert fit.acceptable
    assert sum("pet" in lesion.seen_on for lesion in case.lesions) >= len(case.lesions) / 2


@from_both
def test_nothing_identifying_is_written(runs: Runs, preset: str, source: str) -> None:
    dicom = runs.paths(preset).dicom
    header = pydicom.dcmread(next(f for f in dicom.rglob("*") if f.is_file()))
    secrets = [str(header.PatientName), str(header.PatientID), str(header.StudyInstanceUID)]
    for file in runs.folder(preset, source).rglob("*"):
        if file.suffix in (".json", ".html", ".csv", ".jsonl"):
            text = file.read_text()
            assert not [s for s in secrets if s in text], file.name
