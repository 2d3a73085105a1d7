"""What a run on DICOM writes back: masks, measurements and report, for the archive of the study."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from ingest import builder
from pipelines.conftest import Netlm
from pypdf import PdfReader

from netlm_imaging.case import CaseResult
from netlm_imaging.ingest import read_mask
from pipelines import small_study


def case_of(folder: Path) -> CaseResult:
    return CaseResult.from_json((folder / "case.json").read_text())


def test_a_run_on_dicom_gives_objects_that_can_be_given_back(
    netlm: Netlm, finished_on_dicom: Path, tmp_path: Path
) -> None:
    files = {path.name: pydicom.dcmread(path) for path in (finished_on_dicom / "dicom").iterdir()}
    parts = ("liver.dcm", "lesions.dcm", "treated.dcm", "remnant.dcm")
    assert set(files) == {*parts, "measurements.dcm", "report.dcm"}
    assert {dataset.PatientID for dataset in files.values()} == {builder.SECRETS[1]}
    for name in parts:
        # The masks of the case to the voxel: as it, obliquely, on the grid of the images.
        labels = read_mask(str(finished_on_dicom / "dicom" / name)).labels
        box = small_study.GRID.box_of(labels.grid)
        kept = read_mask(str(finished_on_dicom / "masks" / name.replace(".dcm", ".nii.gz"))).labels.array
        assert (labels.array > 0).sum() == (kept > 0).sum()
        np.testing.assert_array_equal(labels.array > 0, kept[box] > 0)
    pdf = (finished_on_dicom / "report.pdf").read_bytes()
    assert files["report.dcm"].EncapsulatedDocument[: len(pdf)] == pdf

    given = (
        "--liver",
        finished_on_dicom / "dicom/liver.dcm",
        "--lesions",
        finished_on_dicom / "dicom/lesions.dcm",
    )
    assert netlm("plan", *given, "--out", tmp_path / "again").code == 0
    again, first = case_of(tmp_path / "again"), case_of(finished_on_dicom)
    assert again.liver.total_ml == pytest.approx(first.liver.total_ml)
    assert [lesion.volume_ml for lesion in again.lesions] == pytest.approx(
        [lesion.volume_ml for lesion in first.lesions]
    )
    assert not (tmp_path / "again/dicom").exists()


def test_the_report_names_no_patient(finished_on_dicom: Path) -> None:
    pages = PdfReader(io.BytesIO((finished_on_dicom / "report.pdf").read_bytes())).pages
    text = "".join(page.extract_text() for page in pages)
    assert "SECRET" not in text
    assert "Research software" in text


def test_the_report_is_rendered_again_in_all_three_forms(
    netlm: Netlm, finished_on_dicom: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(finished_on_dicom, tmp_path / "copy")
    names = ("report.html", "report.pdf", "dicom/report.dcm")
    for name in names[:2]:
        (copy / name).unlink()
    assert netlm("report", copy).code == 0
    for name in names:
        assert (copy / name).read_bytes() == (finished_on_dicom / name).read_bytes()
