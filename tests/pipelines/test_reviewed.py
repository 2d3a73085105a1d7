"""Reviewed masks go back into ``netlm plan``: on their grid, under their numbers, without rejected ones."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pipelines.conftest import Netlm

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.case import CaseResult
from netlm_imaging.export import write_review
from netlm_imaging.review import Event, LesionTable, Review, brushed
from netlm_imaging.volume import LabelMap, Mask
from pipelines import small_study


def test_a_plan_counts_what_the_review_counts(netlm: Netlm, tmp_path: Path) -> None:
    liver = Mask(small_study.liver(), small_study.GRID)
    labels = small_study.lesions().array.copy()
    anatomy = Anatomy(liver=liver, lesions=small_study.lesions())
    table = LesionTable.of(anatomy, labels)
    change = brushed(labels, small_study.GRID, [s.start for s in table.rows[9].box], radius_mm=12.0, label=9)
    change.apply(labels)
    table = table.after(labels, change)
    now = datetime(2026, 3, 4, tzinfo=UTC)
    rejected = Event(when=now, who="Reader 1", action="status", lesions=(4,), status="rejected")
    write_review(
        tmp_path / "review",
        {"liver": liver, "lesions": LabelMap(labels, small_study.GRID)},
        Review.of([rejected]),
        Event(when=now, who="Reader 1", action="saved"),
    )
    files = ("--liver", tmp_path / "review/liver.nii.gz", "--lesions", tmp_path / "review/lesions.nii.gz")
    assert netlm("plan", *files, "--out", tmp_path / "case").code == 0
    case = CaseResult.from_json((tmp_path / "case/case.json").read_bytes())
    (lesion,) = case.lesions
    expected = table.rows[9].lesion
    assert lesion.id == 9
    # NIfTI keeps spacing in single precision.
    assert lesion.volume_ml == pytest.approx(expected.volume_ml, rel=1e-6)
    assert lesion.centroid_lps_mm == pytest.approx(expected.centroid_lps_mm, abs=1e-4)
    assert case.liver.tumor_ml == pytest.approx(table.volumes(without={4}).tumor_ml, rel=1e-6)
    assert case.liver.functional_ml == pytest.approx(table.volumes(without={4}).functional_ml, rel=1e-6)


def test_a_case_with_a_review_is_never_written_over(netlm: Netlm, finished: Path, tmp_path: Path) -> None:
    case = Path(shutil.copytree(finished, tmp_path / "case"))
    event = Event(when=datetime(2026, 3, 4, tzinfo=UTC), who="Reader 1", action="saved")
    lesions = small_study.lesions()
    write_review(case / "review", {"lesions": lesions}, Review.of(), event)
    masks = small_study.write_masks(tmp_path / "masks")
    said = netlm("plan", "--liver", masks[0], "--lesions", masks[1], "--out", case, "--overwrite")
    assert said.code == 2
    assert "OUT_NOT_EMPTY" in said.err
    assert (case / "review/review.jsonl").exists()
