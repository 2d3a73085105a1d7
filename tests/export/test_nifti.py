from __future__ import annotations

import gzip
import io
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from hypothesis import given
from strategies import grids, oblique_grid

from netlm_imaging.errors import UsageError
from netlm_imaging.export.nifti import nifti_bytes, write_nifti
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap, Mask, Volume

TYPES = ("uint8", "int16", "uint16", "int32", "int64", "float32", "float64")


def ramp(grid: Grid, dtype: str) -> Volume:
    return Volume(np.arange(grid.size).reshape(grid.shape_kji).astype(dtype), grid)


@pytest.mark.parametrize("left_handed", [False, True])
def test_nibabel_sees_the_same_voxel_at_the_same_point(tmp_path: Path, left_handed: bool) -> None:
    grid = oblique_grid(left_handed=left_handed)
    image = ramp(grid, "int32")
    loaded = nib.load(write_nifti(image, tmp_path / "a.nii.gz"))
    assert loaded.get_data_dtype() == np.int32
    assert loaded.header["sform_code"] == loaded.header["qform_code"] == 1
    assert loaded.header.get_xyzt_units()[0] == "mm"
    k, j, i = 3, 11, 7
    assert np.asanyarray(loaded.dataobj)[i, j, k] == image.array[k, j, i]
    x, y, z = grid.to_patient((k, j, i))
    for affine in (loaded.get_sform(), loaded.get_qform()):
        np.testing.assert_allclose(affine @ (i, j, k, 1), (-x, -y, z, 1), atol=2e-3)


@pytest.mark.parametrize("dtype", TYPES)
def test_simpleitk_sees_the_same_voxel_at_the_same_point(tmp_path: Path, dtype: str) -> None:
    grid = oblique_grid()
    image = ramp(grid, dtype)
    read = SimpleITK.ReadImage(str(write_nifti(image, tmp_path / "a.nii.gz")))
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(read), image.array)
    assert SimpleITK.GetArrayFromImage(read).dtype == image.array.dtype
    point = read.TransformIndexToPhysicalPoint((22, 2, 9))
    np.testing.assert_allclose(point, grid.to_patient((9, 2, 22)), atol=2e-3)


@given(grid=grids())
def test_affines_survive_for_any_orientation(grid: Grid) -> None:
    header = nib.Nifti1Header.from_fileobj(io.BytesIO(nifti_bytes(ramp(grid, "uint16"))))
    np.testing.assert_allclose(header.get_sform(), grid.affine_ras, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(header.get_qform(), grid.affine_ras, rtol=1e-3, atol=5e-3)


def test_a_mask_becomes_bytes_of_zero_and_one(tmp_path: Path) -> None:
    grid = oblique_grid()
    array = np.zeros(grid.shape_kji, bool)
    array[2, 3:9, 4] = True
    loaded = nib.load(write_nifti(Mask(array, grid), tmp_path / "m.nii.gz"))
    assert loaded.get_data_dtype() == np.uint8
    np.testing.assert_array_equal(np.asanyarray(loaded.dataobj).T, array.astype(np.uint8))


def test_reordered_views_and_foreign_byte_order_are_written_as_they_read(tmp_path: Path) -> None:
    grid = oblique_grid()
    labels = LabelMap(np.arange(grid.size).reshape(grid.shape_kji).astype(">i2"), grid)
    turned = labels.canonical()
    loaded = nib.load(write_nifti(turned, tmp_path / "l.nii"))
    np.testing.assert_array_equal(np.asanyarray(loaded.dataobj).T, turned.array)
    assert np.asanyarray(loaded.dataobj).dtype.itemsize == 2


def test_bytes_depend_on_the_content_alone(tmp_path: Path) -> None:
    image = ramp(oblique_grid(), "float32")
    first = write_nifti(image, tmp_path / "first name.nii.gz").read_bytes()
    second = write_nifti(image, tmp_path / "ein anderer Näme.nii.gz").read_bytes()
    assert second == first
    assert first[3] == 0  # no name in the gzip header
    assert first[4:8] == b"\0\0\0\0"  # no time
    assert gzip.decompress(first) == nifti_bytes(image)


def test_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="BAD_FILE_NAME"):
        write_nifti(ramp(oblique_grid(), "uint8"), tmp_path / "a.mha")


def test_a_missing_folder_is_an_error_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"WRITE_FAILED in a\.nii"):
        write_nifti(ramp(oblique_grid(), "uint8"), tmp_path / "none" / "a.nii")
    assert list(tmp_path.iterdir()) == []
