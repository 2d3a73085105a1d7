"""What goes out of a plan that was edited: its file, the report, DICOM."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from ingest import builder
from napari_plugin.planned import settings_of
from pydicom import dcmread

from napari_netlm.decided_case import decided_case
from napari_netlm.plan_files import (
    NO_CASE_YET,
    open_plan,
    save_plan,
    why_no_dicom,
    why_no_report,
    write_decision,
)
from napari_netlm.planning import Planning
from netlm_imaging.case import CaseResult
from netlm_imaging.export import read_case
from netlm_imaging.ingest import read_mask, scan
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.study import StudyImages


def test_a_plan_file_goes_out_and_comes_back(planning: Planning, tmp_path: Path) -> None:
    first = planning.session.chosen[0]
    planning.edit(lambda session: session.must_not(first))
    figures, file = planning.figures, save_plan(planning, tmp_path / "mine.json")
    planning.undo()
    open_plan(planning, file)
    assert planning.figures == figures
    assert first in planning.session.state.fixed.must_not
    planning.undo()
    assert not planning.session.state.fixed.must_not


def of_these_masks(planning: Planning) -> CaseResult:
    """The made-up case of the example, as if its run had planned on these masks, under these settings."""
    case, plan = planning.desk.study.case, planning.session.plan
    measured = [
        {name: getattr(lesion, name) for name in Lesion.__dataclass_fields__}
        for lesion in planning.started.lesions
    ]
    lesions = [replace(one, **fields) for one, fields in zip(case.lesions, measured, strict=True)]
    return replace(
        case,
        settings=planning.settings,
        lesions=tuple(lesions),
        plan=replace(case.plan, minimums=plan.minimums),
    )


def test_the_report_is_of_the_plan_that_stands(planning: Planning, tmp_path: Path) -> None:
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    assert planning.edited_words() == "1 fixed choice"
    first = of_these_masks(planning)
    planning.desk.study = replace(planning.desk.study, case=first)
    folder = write_decision(planning, tmp_path / "decided")
    case = read_case(folder)
    assert case.plan == planning.session.plan
    assert case.classification == planning.classification
    assert any(warning.code == "PLAN_EDITED" for warning in case.warnings)
    assert "A person edited this plan" in (folder / "report.html").read_text(encoding="utf-8")
    assert why_no_dicom(planning)
    assert not (folder / "dicom").exists()
    report = (folder / "report.html").read_text(encoding="utf-8")
    assert "A person edited this plan" in report
    assert "those of the first run" in report
    assert case.frontier == first.frontier
    assert case.alternatives == tuple(p for p in first.alternatives if p.objective != case.plan.objective)
    assert case.alternatives
    spread = case.uncertainty
    assert spread.debulking_p05 <= case.plan.debulking_percent + 1e-6
    assert spread.debulking_p05 <= spread.debulking_p50 <= spread.debulking_p95
    assert spread != first.uncertainty, "drawn for this plan"


def test_other_plans_are_left_out_of_the_report_where_they_answer_another_question(
    planning: Planning,
) -> None:
    first = of_these_masks(planning)
    details, lesions = planning.details, planning.started.lesions
    kept = decided_case(first, details, planning.classification, lesions)
    assert kept.frontier
    shrunk = (replace(first.lesions[0], volume_ml=0.1), *first.lesions[1:])
    wider = settings_of(first.settings, ablation={"margin_mm": 7.0})
    for other in (replace(first, lesions=shrunk), replace(first, settings=wider)):
        made = decided_case(other, details, planning.classification, lesions)
        assert (made.frontier, made.alternatives, made.limit_steps) == ((), (), ())
        assert "left out" in made.warnings[-1].message


def test_without_a_case_there_is_no_report(planning: Planning) -> None:
    planning.desk.study = replace(planning.desk.study, case=None)
    assert why_no_report(planning) == NO_CASE_YET


def test_a_report_on_dicom_images_has_seg_and_sr_of_the_plan_that_stands(
    planning: Planning, tmp_path: Path
) -> None:
    builder.write(builder.mr(), tmp_path / "dicom")
    (series,) = scan(tmp_path / "dicom").series
    read = StudyImages(reference=None, reference_role="hbp", series=series)
    planning.desk.study = replace(planning.desk.study, read=read)
    assert not why_no_dicom(planning)
    planning.edit(lambda session: session.must_not(session.chosen[0]))
    folder = write_decision(planning, tmp_path / "decided")
    treated, written = (
        read_mask(str(folder / at)).labels for at in ("masks/treated.nii.gz", "dicom/treated.dcm")
    )
    assert np.count_nonzero(written.array) == np.count_nonzero(treated.array)
    report = dcmread(folder / "dicom/report.dcm")
    pdf = (folder / "report.pdf").read_bytes()
    assert report.EncapsulatedDocument[: report.EncapsulatedDocumentLength] == pdf
    assert (folder / "dicom/measurements.dcm").is_file()
