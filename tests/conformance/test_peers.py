"""Good series against independent readers: SimpleITK and dcm2niix give the same voxels at the same places."""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import dcm2niix
import numpy as np
import pytest
import SimpleITK as sitk
from conformance import codecs
from conformance.series import MODALITIES
from ingest import builder, enhanced
from pydicom.dataset import Dataset
from strategies import oblique_grid
from unpacking import SAFELY

from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Series, read_image, read_nifti_image, scan
from netlm_imaging.volume import Volume

PLACE_MM = 1e-3
GRIDS = {
    "oblique": builder.GRID,
    "steep": oblique_grid((5, 7, 4), (0.8, 1.7, 3.1), euler_degrees=(72.0, 11.0, -64.0)),
    "axial": Grid(shape_kji=(6, 8, 5), spacing_mm=(0.7, 0.9, 2.5), origin_mm=(-100.0, 40.0, -700.0)),
    "sagittal": Grid(
        shape_kji=(6, 8, 5), spacing_mm=(0.7, 0.9, 2.5), origin_mm=(30.0, -90.0, 210.0),
        direction=(0.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, -1.0, 0.0),
    ),
    "head to feet": oblique_grid((5, 7, 4), (0.8, 1.7, 3.1), left_handed=True),
}  # fmt: skip
Items = list[Dataset]


def same(found: Volume, other: Volume, *, relative: float = 0.0, place_mm: float = PLACE_MM) -> None:
    """Equal voxels at equal places, whatever the order of the axes."""
    first, second = found.canonical(), other.canonical()
    assert first.grid.shape_kji == second.grid.shape_kji
    assert np.abs(first.grid.corners_lps_mm() - second.grid.corners_lps_mm()).max() < place_mm
    np.testing.assert_allclose(first.array, second.array, rtol=relative)


def by_simpleitk(series: Series) -> Volume:
    image = sitk.ReadImage([str(header.path) for header in series.headers])
    grid = Grid(
        shape_kji=image.GetSize()[::-1],
        spacing_mm=image.GetSpacing(),
        origin_mm=image.GetOrigin(),
        direction=image.GetDirection(),
    )
    return Volume(sitk.GetArrayFromImage(image), grid)


def by_dcm2niix(folder: Path, out: Path) -> Volume:
    out.mkdir()
    # -m y: one volume, though the exposure differs from slice to slice.
    options = ["-b", "n", "-z", "n", "-m", "y", "-f", "found", "-o", str(out), str(folder)]
    said = subprocess.run([dcm2niix.bin, *options], capture_output=True, text=True, check=False)
    (file,) = out.glob("*.nii")
    assert said.returncode == 0, said.stdout
    return read_nifti_image(file).volume


def only(folder: Path) -> Series:
    (series,) = scan(folder).series
    assert series.faults == ()
    return series


def raw(series: Series) -> Volume:
    return read_image(series, raw=True).volume


@pytest.mark.parametrize("place", GRIDS)
@pytest.mark.parametrize("modality", MODALITIES)
def test_uncompressed(modality: str, place: str, tmp_path: Path) -> None:
    make: Callable[..., Items] = MODALITIES[modality]
    folder = builder.write(make(GRIDS[place]), tmp_path / "in")
    series = only(folder)
    found = raw(series)
    same(found, by_simpleitk(series), relative=1e-6)
    same(found, by_dcm2niix(folder, tmp_path / "out"), relative=1e-6)


LARGER = oblique_grid((4, 64, 48), (0.8, 1.7, 3.1))
"""GDCM refuses RLE of very small slices."""
NOT_DCM2NIIX = (codecs.DEFLATED,)


@pytest.mark.parametrize("syntax", codecs.NAMES, ids=codecs.NAMES.__getitem__)
def test_compressed(syntax: str, tmp_path: Path) -> None:
    folder = builder.write(codecs.compress(builder.ct(LARGER), syntax), tmp_path / "in")
    series = only(folder)
    found = raw(series)
    np.testing.assert_array_equal(found.array, builder.pattern(LARGER) - 1000)
    same(found, by_simpleitk(series))
    if syntax not in NOT_DCM2NIIX:
        same(found, by_dcm2niix(folder, tmp_path / "out"))


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_enhanced_by_dcm2niix(modality: str, tmp_path: Path) -> None:
    make: Callable[..., Items] = MODALITIES[modality]
    folder = enhanced.save([enhanced.enhanced(make())], tmp_path / "in")
    same(raw(only(folder)), by_dcm2niix(folder, tmp_path / "out"))


REAL = {
    # folder or archive: mm by which dcm2niix may be off, where it takes the first step for all
    "dicom-quirks/dicom2nifti/generic/compressed_rle": PLACE_MM,
    "dicom-quirks/dicom2nifti/generic/compressed_j2k": PLACE_MM,
    "dicom-quirks/dicom2nifti/generic/compressed_jpeg": PLACE_MM,
    "dicom-quirks/dicom2nifti/generic/compressed_jpegls": PLACE_MM,
    "dicom-quirks/dicom2nifti/generic/anatomical": PLACE_MM,
    "dicom-quirks/dicom2nifti/siemens/anatomical": PLACE_MM,
    "ohif-acrin-petct/pt_ac": 0.05,
    "ohif-acrin-petct/ct": PLACE_MM,
    "totalsegmentator/example_ct_dicom": PLACE_MM,
    "cmb-crc-mr/t2_image.tar.xz": PLACE_MM,
    "cmb-crc-mr/adc_image": PLACE_MM,
    "crlm1004-ct/image.tar.xz": PLACE_MM,
    "ircad17/patient_dicom.tar.xz": PLACE_MM,
    "lu177-dotatate/scan_001.tar.xz": PLACE_MM,
}


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_real_series(name: str, real_data: Path, tmp_path: Path) -> None:
    """Each series of a folder by itself, without what else lies there."""
    folder = real_data / name
    if folder.is_file():
        with tarfile.open(folder) as archive:
            archive.extractall(tmp_path / "in", **SAFELY)
        folder = tmp_path / "in"
    good = [s for s in scan(folder).series if s.stack is not None and not s.faults]
    assert good
    for series in good:
        alone = tmp_path / f"series{series.number}"
        alone.mkdir()
        for n, header in enumerate(series.headers):
            (alone / f"{n:04d}").symlink_to(header.path)
        found = raw(series)
        same(found, by_simpleitk(series), relative=1e-5)
        by_other = by_dcm2niix(alone, tmp_path / f"out{series.number}")
        same(found, by_other, relative=1e-5, place_mm=REAL[name])
