"""A very small patient: an MRI as DICOM or NIfTI, and masks, so coarse that a run takes a second."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from ingest import builder
from pydicom.dataset import Dataset
from strategies import ellipsoid, oblique_grid

from netlm_imaging.export import write_nifti
from netlm_imaging.geometry import FloatArray, Grid
from netlm_imaging.volume import BoolArray, LabelMap, Mask, Volume

GRID = oblique_grid(
    (22, 30, 40), (7.0, 6.5, 8.0), euler_degrees=(4.0, -3.0, 5.0), origin_mm=(-141.0, -90.0, -80.0)
)
MIDDLE = GRID.to_patient((np.array(GRID.shape_kji) - 1) / 2.0)
RIGHT, LEFT = -1.0, 1.0
"""Signs of x in LPS."""
LESIONS = ((-75.0, 12.0, 20.0, 16.0), (-20.0, -25.0, 0.0, 14.0))
"""x, y, z from the middle, and radius, in mm."""


def at(x: float, y: float, z: float) -> FloatArray:
    """A point of the patient, in mm from the middle of the grid."""
    return np.asarray(MIDDLE + np.array([x, y, z]))


def liver(side: float = RIGHT) -> BoolArray:
    """An ellipsoid on one side of the body; the patient's right is where it belongs."""
    return ellipsoid(GRID, at(side * 55.0, -5.0, 5.0), (65.0, 55.0, 55.0))


def lesions() -> LabelMap:
    """Lesions 4 and 9."""
    array = np.zeros(GRID.shape_kji, dtype=np.uint8)
    for label, (x, y, z, radius) in zip((4, 9), LESIONS, strict=True):
        array[ellipsoid(GRID, at(x, y, z), [radius] * 3)] = label
    return LabelMap(np.where(liver(), array, 0).astype(np.uint8), GRID)


def vein() -> BoolArray:
    """A vein along x, wide in the middle of the liver, that runs thin through lesion 4 to the surface."""
    x, y, z, _ = LESIONS[0]
    stem = ellipsoid(GRID, at(x + 55.0, y, z), (26.0, 17.0, 17.0))
    return liver() & (stem | ellipsoid(GRID, at(x, y, z), (60.0, 9.0, 9.0)))


def intensities() -> Volume:
    """Body, bright liver, dark lesions, in an elliptic body."""
    body = ellipsoid(GRID, MIDDLE, (130.0, 85.0, 400.0))
    values = np.where(body, 300, 5) + np.where(liver(), 500, 0) - np.where(lesions().array > 0, 450, 0)
    noise = np.random.default_rng(7).integers(0, 9, GRID.shape_kji)
    return Volume((values + noise).astype(np.int16), GRID)


def write_masks(folder: Path, *, prefix: str = "") -> tuple[str, str]:
    """Liver and lesions as NIfTI."""
    folder.mkdir(parents=True, exist_ok=True)
    names = str(folder / f"{prefix}liver.nii.gz"), str(folder / f"{prefix}lesions.nii.gz")
    write_nifti(Mask(liver(), GRID), Path(names[0]))
    write_nifti(lesions(), Path(names[1]))
    return names


def write_mirrored_liver(path: Path) -> str:
    """The liver's voxels with left and right swapped, on the same grid."""
    write_nifti(Mask(np.ascontiguousarray(liver()[:, :, ::-1]), GRID), path)
    return str(path)


def hbp(*, series: str = "hbp", grid: Grid = GRID) -> list[Dataset]:
    """The MRI 20 minutes after gadoxetate."""
    items = [
        builder.image(plane, grid, k, modality="MR", series=series)
        for k, plane in enumerate(intensities().array)
    ]
    for item in items:
        item.ScanningSequence, item.MRAcquisitionType = "GR", "3D"
        item.RepetitionTime, item.EchoTime = "4", "1.5"
        item.ContrastBolusAgent, item.ContrastBolusStartTime = "Gadoxetate", "094000"
        item.InstitutionName, item.PatientComments = "SECRET CLINIC", "SECRET COMMENT"
    return items


def write_study(folder: Path, *, series: str = "hbp", prefix: str = "f") -> Path:
    """The MRI as DICOM files."""
    return builder.write(hbp(series=series), folder, prefix=prefix)


def flat(study: Path, folder: Path) -> list[Path]:
    """Copies of all files of a study, in one folder."""
    folder.mkdir()
    files = sorted(path for path in study.rglob("*") if path.is_file())
    return [Path(shutil.copy(path, folder / f"{n}.dcm")) for n, path in enumerate(files)]
