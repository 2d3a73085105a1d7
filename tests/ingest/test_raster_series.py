"""NIfTI images in a scanned folder: listed, given a role only by a clear name, read with their geometry."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest
from ingest import builder
from strategies import oblique_grid

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_image, scan
from netlm_imaging.ingest.raster_series import role_of_name

GRID = oblique_grid((4, 5, 7), (0.8, 1.7, 3.1))
VALUES = np.arange(140).reshape(GRID.shape_kji).astype(np.int16)


def save(path: Path, *, codes: int = 1, shift_mm: float = 0.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = GRID.affine_ras.copy()
    affine[2, 3] += shift_mm
    image = nibabel.Nifti1Image(VALUES.transpose(), affine)
    image.set_sform(affine, code=codes)
    image.set_qform(affine, code=codes)
    image.to_filename(path)
    return path


def test_nifti_files_come_after_dicom_with_their_geometry(tmp_path: Path) -> None:
    builder.write(builder.ct(), tmp_path)
    save(tmp_path / "a" / "hbp.nii.gz")
    save(tmp_path / "b" / "something.NII")
    study = scan(tmp_path)
    assert [(s.number, s.modality, s.role) for s in study.series] == [
        (1, "CT", "ct"),
        (2, "NIfTI", "hbp"),
        (3, "NIfTI", "other"),
    ]
    hbp = study.series[1]
    assert hbp.grid is not None
    assert hbp.grid.same_as(GRID)
    assert 0 < hbp.role_confidence < 0.5
    assert (hbp.role_reason, hbp.faults) == ("file name", ())
    image = read_image(hbp)
    np.testing.assert_array_equal(image.volume.array, VALUES)
    assert image.volume.grid.same_as(GRID)
    assert (image.record.role, image.record.modality, image.record.series_uid) == ("hbp", "NIfTI", None)


def test_a_single_nifti_file_is_a_study(tmp_path: Path) -> None:
    (series,) = scan(save(tmp_path / "scan.nii.gz")).series
    np.testing.assert_array_equal(read_image(series).volume.array, VALUES)


def test_damaged_files_are_listed_with_their_faults(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", codes=0)
    (tmp_path / "b.nii.gz").write_bytes(b"")
    (tmp_path / "c.nii").write_bytes(save(tmp_path / "whole.nii").read_bytes()[:400])
    study = scan(tmp_path)
    codes = [[f.code for f in s.faults] for s in study.series]
    assert codes == [["AFFINE_UNKNOWN"], ["UNREADABLE"], ["TRUNCATED_FILE"], []]
    assert study.series[0].faults[0].where == "series 1"
    for series, code in zip(study.series, ("AFFINE_UNKNOWN", "UNREADABLE", "TRUNCATED_FILE"), strict=False):
        with pytest.raises(InputError) as caught:
            read_image(series)
        assert caught.value.codes == (code,)
        assert str(caught.value).startswith(f"{code} in {series.where}:")


def test_an_undeclared_affine_is_taken_when_the_user_says_so(tmp_path: Path) -> None:
    save(tmp_path / "a.nii", codes=0)
    (series,) = scan(tmp_path, assume_affine=True).series
    np.testing.assert_array_equal(read_image(series).volume.array, VALUES)


def test_links_out_of_the_input_and_leftovers_of_macos_are_no_images(tmp_path: Path) -> None:
    """Row 35."""
    save(tmp_path / "in" / "hbp.nii.gz")
    (tmp_path / "in" / "._hbp.nii.gz").write_bytes(bytes(200))
    (tmp_path / "in" / "t2.nii.gz").symlink_to(save(tmp_path / "out" / "t2.nii.gz"))
    assert [s.role for s in scan(tmp_path / "in").series] == ["hbp"]


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("HBP.nii.gz", "hbp"),
        ("t1_primovist_20min.nii", "hbp"),
        ("mr-pre.nii.gz", "precontrast"),
        ("portal_venous.nii.gz", "portal"),
        ("late arterial.nii.gz", "arterial"),
        ("T2w.nii", "t2"),
        ("ct.nii.gz", "ct"),
        ("eovist_pre.nii.gz", "other"),  # two roles
        ("pet_ct.nii.gz", "other"),
        ("presentation.nii.gz", "other"),  # a role is a whole word
        ("hbp_liver.nii.gz", "other"),  # a mask
        ("portal_vein.nii.gz", "other"),
        ("ct_seg.nii.gz", "other"),
        ("smith.nii.gz", "other"),
    ],
)
def test_roles_by_file_name(name: str, role: str) -> None:
    assert role_of_name(name).role == role


@pytest.mark.parametrize("name", ["pet.nii.gz", "PET_suv.nii.gz"])
def test_pet_as_nifti_is_never_chosen_by_its_name(name: str) -> None:
    verdict = role_of_name(name)
    assert verdict.role == "other"
    assert "--series pet=" in verdict.reason
