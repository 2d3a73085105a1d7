"""NIfTI and NRRD against nibabel and SimpleITK as independent readers, and rows 39 to 42."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import SimpleITK as sitk
from strategies import oblique_grid

from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import read_mask, read_nifti_image
from netlm_imaging.ingest.nifti import read_nifti
from netlm_imaging.ingest.nrrd import read_nrrd

GRID = oblique_grid((4, 5, 7), (0.8, 1.7, 3.1))
AFFINE = GRID.affine_ras
VALUES = np.arange(140).reshape(GRID.shape_kji).astype(np.int16)


def save(
    path: Path, array: Any, *, affine: Any = AFFINE, change: Callable[[Any], object] | None = None
) -> Path:
    """A NIfTI file of an array [k, j, i]; ``change`` breaks its header."""
    image = nibabel.Nifti1Image(np.asarray(array).transpose(), affine)
    image.set_sform(affine, code=1)
    image.set_qform(affine, code=1)
    if change is not None:
        change(image)
    image.to_filename(path)
    return path


def sitk_image(array: Any, grid: Grid = GRID) -> sitk.Image:
    image = sitk.GetImageFromArray(array)
    image.SetSpacing(grid.spacing_mm)
    image.SetOrigin(grid.origin_mm)
    image.SetDirection(grid.direction)
    return image


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_nifti_agrees_with_simpleitk(suffix: str, tmp_path: Path) -> None:
    path = save(tmp_path / f"a{suffix}", VALUES)
    raster = read_nifti(path)
    reference = sitk.ReadImage(str(path))
    np.testing.assert_array_equal(raster.array, sitk.GetArrayFromImage(reference))
    assert raster.grid.same_as(GRID)
    np.testing.assert_allclose(raster.grid.origin_mm, reference.GetOrigin(), atol=1e-4)
    np.testing.assert_allclose(raster.grid.direction, reference.GetDirection(), atol=1e-5)


def test_nifti_image_is_scaled(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", VALUES * 0.5, change=lambda i: i.header.set_data_dtype(np.int16))
    image = read_nifti_image(path)
    np.testing.assert_allclose(image.volume.array, VALUES * 0.5, atol=2e-3)
    assert image.record.series_uid is None


@pytest.mark.parametrize("left_handed", [False, True])
@pytest.mark.parametrize("compressed", [False, True])
def test_nrrd_agrees_with_simpleitk(left_handed: bool, compressed: bool, tmp_path: Path) -> None:
    grid = oblique_grid((4, 5, 7), (0.8, 1.7, 3.1), left_handed=left_handed)
    path = tmp_path / "a.nrrd"
    sitk.WriteImage(sitk_image(VALUES, grid), str(path), useCompression=compressed)
    raster = read_nrrd(path)
    np.testing.assert_array_equal(raster.array, VALUES)
    assert raster.grid.same_as(grid)


@pytest.mark.parametrize(("space", "signs"), [("right-anterior-superior", (-1, -1, 1)), ("LAS", (1, -1, 1))])
def test_nrrd_of_another_space(space: str, signs: tuple[int, int, int], tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    sitk.WriteImage(sitk_image(VALUES), str(path))
    head, _, data = path.read_bytes().partition(b"\n\n")
    columns = GRID.affine_lps[:3, :4] * np.array(signs)[:, None]
    vectors = ["(" + ",".join(f"{x:.9f}" for x in columns[:, n]) + ")" for n in range(4)]
    lines = [
        f"space: {space}" if line.startswith("space:")
        else f"space directions: {' '.join(vectors[:3])}" if line.startswith("space directions:")
        else f"space origin: {vectors[3]}" if line.startswith("space origin:")
        else line
        for line in head.decode().splitlines()
    ]  # fmt: skip
    path.write_bytes("\n".join(lines).encode() + b"\n\n" + data)
    assert read_nrrd(path).grid.same_as(GRID)


def raw_change(path: Path, offset: int, value: bytes) -> None:
    content = bytearray(path.read_bytes())
    content[offset : offset + len(value)] = value
    path.write_bytes(bytes(content))


def no_codes(image: Any) -> None:
    image.set_sform(AFFINE, code=0)
    image.set_qform(AFFINE, code=0)


def mirrored_qform(image: Any) -> None:
    image.set_qform(AFFINE @ np.diag([-1, 1, 1, 1]), code=1)


def sheared(image: Any) -> None:
    image.set_sform(AFFINE @ np.array([[1, 0.2, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]), code=1)
    image.set_qform(AFFINE, code=0)


def singular(image: Any) -> None:
    image.set_sform(np.diag([1.0, 0.0, 1.0, 1.0]), code=1)
    image.set_qform(AFFINE, code=0)


@pytest.mark.parametrize(
    ("row", "change", "code"),
    [
        (39, mirrored_qform, "AFFINE_CONFLICT"),
        (39, no_codes, "AFFINE_UNKNOWN"),
        (40, sheared, "BAD_GRID"),
        (40, singular, "BAD_GRID"),
    ],
)
def test_doubtful_affines_are_refused(
    row: int, change: Callable[[Any], None], code: str, tmp_path: Path
) -> None:
    path = save(tmp_path / "a.nii", VALUES, change=change)
    with pytest.raises(InputError) as caught:
        read_nifti(path)
    assert caught.value.code == code
    assert "a.nii" in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_negative_voxel_sizes_are_refused(tmp_path: Path) -> None:
    """Row 40."""
    path = save(tmp_path / "a.nii", VALUES, change=lambda i: i.set_sform(AFFINE, code=0))
    raw_change(path, 84, np.float32(-1.7).tobytes())
    with pytest.raises(InputError) as caught:
        read_nifti(path)
    assert caught.value.code == "BAD_PIXDIM"


def test_undeclared_affine_may_be_assumed(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii", VALUES, change=no_codes)
    assert read_nifti(path, assume_affine=True).grid.same_as(GRID)


@pytest.mark.parametrize(("unit", "scale"), [("meter", 1e-3), ("micron", 1e3)])
def test_other_units_are_converted(unit: str, scale: float, tmp_path: Path) -> None:
    affine = np.diag([scale, scale, scale, 1.0]) @ AFFINE
    path = save(tmp_path / "a.nii", VALUES, affine=affine, change=lambda i: i.header.set_xyzt_units(unit))
    raster = read_nifti(path)
    assert np.abs(raster.grid.corners_lps_mm() - GRID.corners_lps_mm()).max() < 1e-2
    assert [n.code for n in raster.notices] == ["UNITS_CONVERTED"]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_truncated_files_are_refused(name: str, tmp_path: Path) -> None:
    """Row 41."""
    noise = np.random.default_rng(0).integers(0, 30_000, (20, 30, 40)).astype(np.int16)
    path = save(tmp_path / name, noise)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    with pytest.raises(InputError) as caught:
        read_nifti(path)
    assert caught.value.code == "TRUNCATED_FILE"


@pytest.mark.parametrize(("offset", "code"), [(340.0, "BAD_VOX_OFFSET"), (400.0, "TRUNCATED_FILE")])
def test_wrong_voxel_offset_is_refused(offset: float, code: str, tmp_path: Path) -> None:
    """Row 41."""
    path = save(tmp_path / "a.nii", VALUES)
    raw_change(path, 108, np.float32(offset).tobytes())
    with pytest.raises(InputError) as caught:
        read_nifti(path)
    assert caught.value.code == code


@pytest.mark.parametrize("content", [b"", b"hello", bytes(400)])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd"])
def test_files_of_another_kind_are_refused(name: str, content: bytes, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    assert caught.value.code == "UNREADABLE"


def test_truncated_nrrd_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    sitk.WriteImage(sitk_image(VALUES), str(path))
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(InputError) as caught:
        read_nrrd(path)
    assert caught.value.code == "TRUNCATED_FILE"


def test_nrrd_without_space_or_voxels_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    sitk.WriteImage(sitk_image(VALUES), str(path))
    path.write_bytes(path.read_bytes().replace(b"space: left-posterior-superior", b"space: scanner-xyz"))
    with pytest.raises(InputError) as caught:
        read_nrrd(path)
    assert "AFFINE_UNKNOWN" in caught.value.codes
    sitk.WriteImage(sitk_image(VALUES), str(tmp_path / "b.nhdr"))
    with pytest.raises(InputError) as caught:
        read_nrrd(tmp_path / "b.nhdr")
    assert caught.value.codes == ("NRRD_DETACHED",)


MASK = (VALUES > 100).astype(np.int16)
NOT_MASKS = [
    ("NaN", np.where(VALUES == 3, np.nan, MASK).astype(np.float32), "NOT_FINITE", "1 voxels"),
    ("fractions", MASK.astype(np.float32) * 0.5, "FRACTIONS", "0.5"),
    ("negative", -MASK, "NEGATIVE_LABELS", "-1"),
    ("four dimensions", np.stack([MASK, MASK]), "NOT_3D", "x 2"),
    ("huge", MASK.astype(np.float64) * 1e12, "BAD_VALUES", "1e+12"),
]


@pytest.mark.parametrize(("what", "array", "code", "said"), NOT_MASKS, ids=[case[0] for case in NOT_MASKS])
def test_values_that_are_no_labels_are_refused(
    what: str, array: Any, code: str, said: str, tmp_path: Path
) -> None:
    """Row 42."""
    path = save(tmp_path / "a.nii.gz", array)
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    assert caught.value.code == code
    assert said in str(caught.value)


def test_mask_with_a_slope_is_refused(tmp_path: Path) -> None:
    """Row 42."""
    path = save(tmp_path / "a.nii", MASK)
    raw_change(path, 112, np.array([2.0, 0.0], dtype=np.float32).tobytes())
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    assert caught.value.code == "MASK_SCALED"


@pytest.mark.parametrize(
    ("array", "binary", "labels"),
    [
        (MASK, True, (1,)),
        (MASK * 255, True, (1,)),
        (MASK.astype(np.float64), True, (1,)),
        (MASK * 7, False, (7,)),
        ((MASK + (VALUES > 120) * 300).astype(np.int32), False, (1, 301)),
        (MASK * 0, True, ()),
        ((MASK > 0)[..., None].squeeze().astype(np.uint8), True, (1,)),
    ],
)
def test_binary_or_labels(array: Any, binary: bool, labels: tuple[int, ...], tmp_path: Path) -> None:
    found = read_mask(str(save(tmp_path / "a.nii.gz", array)))
    assert (found.binary, found.labels.labels) == (binary, labels)
    assert found.labels.any.voxels == np.count_nonzero(array)
    assert found.labels.array.dtype.kind == "u"
    assert found.record.role == "mask"


def test_trailing_dimension_of_one_is_no_fourth_dimension(tmp_path: Path) -> None:
    path = tmp_path / "a.nii"
    image = nibabel.Nifti1Image(MASK.transpose()[..., None], AFFINE)
    image.set_sform(AFFINE, code=1)
    image.to_filename(path)
    assert read_mask(str(path)).labels.any.voxels == MASK.sum()
