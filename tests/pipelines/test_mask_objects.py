"""Masks that come as DICOM objects: contours on any grid, and frames of reference that must be one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ingest import builder, mask_builder
from pipelines.conftest import Netlm

from netlm_imaging.case import CaseResult
from pipelines import small_study


def case_of(folder: Path) -> CaseResult:
    return CaseResult.from_json((folder / "case.json").read_text())


@pytest.fixture(scope="module")
def contours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The liver and lesions 4 and 9 as ROIs 1, 4 and 9 of one structure set."""
    lesions, grid = small_study.lesions(), small_study.GRID
    rois = {"Liver": small_study.liver(), "Lesion a": lesions.array == 4, "Lesion b": lesions.array == 9}
    return mask_builder.rtstruct(
        tmp_path_factory.mktemp("rtstruct") / "rt.dcm",
        {name: mask_builder.contours_of(mask, grid) for name, mask in rois.items()},
        numbers=(1, 4, 9),
    )


def volumes(case: CaseResult) -> list[float]:
    return [case.liver.total_ml, *(lesion.volume_ml for lesion in case.lesions)]


def test_contours_on_their_image_are_its_voxels(
    netlm: Netlm, patient: Path, finished: Path, contours: Path, tmp_path: Path
) -> None:
    said = netlm(
        *("run", patient / "dicom", "--liver", f"{contours}#Liver", "--lesions", f"{contours}#Lesion a"),
        *("--lesions", f"{contours}#9", "--out", tmp_path / "case"),
    )
    assert said.code == 0, said.err
    case, expected = case_of(tmp_path / "case"), case_of(finished)
    assert case.grid.same_as(small_study.GRID)
    np.testing.assert_allclose(volumes(case), volumes(expected), rtol=1e-6)
    assert [record.modality for record in case.inputs] == ["MR", "RTSTRUCT", "RTSTRUCT", "RTSTRUCT"]
    assert "LIVER_ON_LEFT" not in [warning.code for warning in case.warnings]


def test_contours_alone_make_a_grid_that_keeps_their_volumes(
    netlm: Netlm, finished: Path, contours: Path, tmp_path: Path
) -> None:
    said = netlm(
        *("plan", "--liver", f"{contours}#1", "--lesions", f"{contours}#4", "--lesions", f"{contours}#9"),
        *("--out", tmp_path / "case"),
    )
    assert said.code == 0, said.err
    case = case_of(tmp_path / "case")
    np.testing.assert_allclose(volumes(case), volumes(case_of(finished)), rtol=0.01)
    assert case.grid.spacing_mm[2] == pytest.approx(small_study.GRID.spacing_mm[2], rel=1e-3)


@pytest.mark.parametrize("kind", ["SEG", "RTSTRUCT"])
def test_a_mask_of_another_frame_of_reference_is_refused(
    kind: str, netlm: Netlm, patient: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    """Row 49, although it lies exactly on the liver."""
    path = tmp_path / "liver.dcm"
    if kind == "SEG":
        mask_builder.seg(
            path,
            {"Liver": small_study.liver()},
            grid=small_study.GRID,
            FrameOfReferenceUID=builder.uid("elsewhere"),
        )
    else:
        outlines = mask_builder.contours_of(small_study.liver(), small_study.GRID)
        mask_builder.rtstruct(path, {"Liver": outlines}, frame="elsewhere")
    said = netlm("run", patient / "dicom", "--liver", path, *masks[2:], "--out", tmp_path / "case")
    assert said.code == 3
    assert "error FRAME_MISMATCH in liver mask" in said.err
    assert "the frame of reference of the reference image" in said.err
    assert builder.uid("elsewhere") not in said.err
    assert not (tmp_path / "case").exists()


def test_masks_of_two_frames_do_not_meet_without_images_either(
    netlm: Netlm, contours: Path, masks: tuple[str, ...], tmp_path: Path
) -> None:
    other = mask_builder.seg(
        tmp_path / "lesions.dcm",
        {"Lesion": small_study.lesions().array == 4},
        grid=small_study.GRID,
        FrameOfReferenceUID=builder.uid("elsewhere"),
    )
    said = netlm("plan", "--liver", f"{contours}#1", "--lesions", other, "--out", tmp_path / "case")
    assert said.code == 3
    assert "error FRAME_MISMATCH in lesion mask" in said.err
    assert "the frame of reference of the liver mask" in said.err
    # A file that names no frame can be used with any.
    said = netlm("plan", *masks[:2], "--lesions", other, "--out", tmp_path / "case")
    assert said.code == 0, said.err
