"""NIfTI and NRRD against nibabel and SimpleITK as independent readers, and rows 39 to 42."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from ingest.rasters import GRID, MASK, VALUES, save, sitk_image
from strategies import oblique_grid

from netlm_imaging.ingest import read_mask, read_nifti_image
from netlm_imaging.ingest.nifti import read_nifti
from netlm_imaging.ingest.nrrd import read_nrrd


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
