"""3D-IRCADb case 17: a real CT with two tumors, its masks as DICOM folders, Couinaud labels as NIfTI."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from plan.plan_examples import PLAIN
from unpacking import SAFELY

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import InputError
from netlm_imaging.export import write_nifti
from netlm_imaging.ingest import read_mask
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import GivenMasks, Request
from netlm_pipelines.study import run_study

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("ircad17")]


@pytest.fixture(scope="module")
def ircad17(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = real_data / "ircad17"
    if not source.is_dir():
        pytest.skip("no ircad17 in the folder of real scans")
    work = tmp_path_factory.mktemp("ircad17")
    for name in ("patient_dicom", "masks_dicom"):
        with tarfile.open(source / f"{name}.tar.xz") as archive:
            archive.extractall(work, **SAFELY)
    return work


@pytest.fixture(scope="module")
def masks(ircad17: Path, real_data: Path) -> GivenMasks:
    folder = ircad17 / "MASKS_DICOM"
    return GivenMasks(
        liver=str(folder / "liver"),
        lesions=(str(folder / "livertumor1"), str(folder / "livertumor2")),
        segments=str(real_data / "ircad17/couinaud_label.nii.gz"),
        vessels=(str(folder / "portalvein"), str(folder / "venoussystem")),
    )


def check(case: CaseResult) -> None:
    assert case.liver.total_ml == pytest.approx(1860.6, rel=0.005)
    first, second = case.lesions
    assert first.volume_ml == pytest.approx(85.6, rel=0.005)
    assert second.volume_ml == pytest.approx(78.6, rel=0.005)
    assert (first.segments[0].segment, first.side) == ("VIII", "right")
    assert (second.segments[0].segment, second.side) == ("II", "left")
    assert first.centroid_lps_mm[0] < second.centroid_lps_mm[0]  # x grows to the patient's left
    assert case.plan.status == "optimal"
    assert case.plan.debulking_percent == pytest.approx(100.0)
    assert case.classification.type == 1


def check_dicom(folder: Path) -> None:
    """Each SEG holds the voxels of its mask, at their places in the patient."""
    for part in ("liver", "lesions", "segments", "treated", "remnant"):
        mask = read_mask(str(folder / "masks" / f"{part}.nii.gz")).labels
        seg = read_mask(str(folder / "dicom" / f"{part}.dcm")).labels
        box = mask.grid.box_of(seg.grid)
        assert (seg.array == mask.array[box]).all(), part
        assert np.count_nonzero(seg.array) == np.count_nonzero(mask.array)


def test_from_dicom_and_given_masks(ircad17: Path, masks: GivenMasks, tmp_path: Path) -> None:
    images = ircad17 / "PATIENT_DICOM"
    request = Request(out=tmp_path / "out", images=images, masks=masks, settings=PLAIN)
    folder = run_study(request, Stages(total=9))
    check(CaseResult.from_json((folder / "case.json").read_bytes()))
    check_dicom(folder)
    report = (folder / "report.html").read_text()
    assert "http://" not in report.replace("http://www.w3.org", "")
    assert "liver_17" not in report


def test_the_same_from_masks_alone(masks: GivenMasks, tmp_path: Path) -> None:
    nifti = {}
    for name, spec in (("liver", masks.liver), ("one", masks.lesions[0]), ("two", masks.lesions[1])):
        nifti[name] = str(tmp_path / f"{name}.nii.gz")
        assert spec is not None
        write_nifti(read_mask(spec).labels, Path(nifti[name]))
    given = GivenMasks(
        liver=nifti["liver"],
        lesions=(nifti["one"], nifti["two"]),
        segments=masks.segments,
        vessels=masks.vessels,
    )
    folder = run_study(Request(out=tmp_path / "out", masks=given, settings=PLAIN), Stages(total=9))
    check(CaseResult.from_json((folder / "case.json").read_bytes()))


def test_a_mask_with_another_origin_is_refused_and_not_shifted(
    masks: GivenMasks, real_data: Path, tmp_path: Path
) -> None:
    """The vessel file of this case says that it lies 380 mm off: only a guess could bring it here."""
    elsewhere = replace(masks, vessels=(str(real_data / "ircad17/couinaud_vessel.nii.gz"),))
    with pytest.raises(InputError, match="NO_OVERLAP in vessel mask"):
        run_study(Request(out=tmp_path / "out", masks=elsewhere), Stages(total=9))
    assert not (tmp_path / "out").exists()
