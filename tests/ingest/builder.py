"""A small good DICOM series, to be broken in one way at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import ExplicitVRLittleEndian
from strategies import oblique_grid

from netlm_imaging.geometry import Grid

SOP_CLASS = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
}
SECRETS = ("SECRET^PATIENT", "SECRET-ID-77", "19480229", "SECRET-ACCESSION", "SECRET DESCRIPTION")
GRID = oblique_grid((7, 6, 9), (0.9, 1.3, 2.1))


def uid(*parts: object) -> str:
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def pattern(grid: Grid = GRID, *, seed: int = 1) -> npt.NDArray[np.int16]:
    """Values [k, j, i] that no flip, swap or shift leaves as they are."""
    values = np.random.default_rng(seed).integers(0, 3000, grid.shape_kji)
    values[0, 0, 1] = 4000
    return values.astype(np.int16)


def image(
    plane: npt.NDArray[np.int16], grid: Grid, k: int, *, modality: str = "CT", series: str = "a"
) -> Dataset:
    """Slice k of ``grid`` with ``plane`` as its stored values."""
    item = Dataset()
    item.file_meta = FileMetaDataset()
    item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item.SOPClassUID = item.file_meta.MediaStorageSOPClassUID = SOP_CLASS[modality]
    item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = uid(series, k)
    item.StudyInstanceUID, item.SeriesInstanceUID = uid("study"), uid(series)
    item.FrameOfReferenceUID = uid("frame")
    item.PatientName, item.PatientID, item.PatientBirthDate = SECRETS[:3]
    item.AccessionNumber, item.SeriesDescription = SECRETS[3:]
    item.StudyDate = item.SeriesDate = item.AcquisitionDate = "20240305"
    item.StudyTime = item.SeriesTime = item.AcquisitionTime = "100000"
    item.Modality, item.ImageType = modality, ["ORIGINAL", "PRIMARY"]
    item.SeriesNumber, item.InstanceNumber = 3, k + 1
    item.ImagePositionPatient = [round(float(x), 6) for x in grid.to_patient([k, 0, 0])]
    item.ImageOrientationPatient = [round(float(x), 9) for x in grid.axes[:, :2].T.ravel()]
    item.PixelSpacing = [grid.spacing_mm[1], grid.spacing_mm[0]]
    item.SliceThickness = "9.9"
    item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
    item.Rows, item.Columns = plane.shape
    item.BitsAllocated, item.BitsStored, item.HighBit, item.PixelRepresentation = 16, 16, 15, 1
    item.PixelData = np.ascontiguousarray(plane).astype("<i2").tobytes()
    return item


def ct(grid: Grid = GRID, *, series: str = "a", seed: int = 1) -> list[Dataset]:
    """CT in HU = stored - 1000."""
    items = [image(p, grid, k, series=series) for k, p in enumerate(pattern(grid, seed=seed))]
    for item in items:
        item.RescaleSlope, item.RescaleIntercept = "1", "-1000"
    return items


def mr(grid: Grid = GRID, *, series: str = "m", seed: int = 2) -> list[Dataset]:
    """T1 gradient echo, no rescale."""
    items = [image(p, grid, k, modality="MR", series=series) for k, p in enumerate(pattern(grid, seed=seed))]
    for item in items:
        item.ScanningSequence, item.MRAcquisitionType = "GR", "3D"
        item.RepetitionTime, item.EchoTime = "4", "1.5"
    return items


def pet(grid: Grid = GRID, *, series: str = "p", seed: int = 3) -> list[Dataset]:
    """68Ga PET in Bq/mL with a slope of its own for each slice; injected an hour before."""
    items = [image(p, grid, k, modality="PT", series=series) for k, p in enumerate(pattern(grid, seed=seed))]
    for k, item in enumerate(items):
        item.RescaleSlope, item.RescaleIntercept = f"{1.5 + 0.25 * k:g}", "0"
        item.Units, item.DecayCorrection = "BQML", "START"
        item.CorrectedImage = ["DECY", "ATTN", "SCAT"]
        item.PatientWeight, item.PatientSize, item.PatientSex = "72", "1.74", "F"
        item.RadiopharmaceuticalInformationSequence = DicomSequence([drug()])
    return items


def drug() -> Dataset:
    """150 MBq 68Ga at 9 o'clock."""
    item, code = Dataset(), Dataset()
    item.Radiopharmaceutical = "DOTATATE"
    item.RadiopharmaceuticalStartTime, item.RadiopharmaceuticalStartDateTime = "090000", "20240305090000"
    item.RadionuclideTotalDose, item.RadionuclideHalfLife = "150000000", "4062.6"
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "C-131A3", "SRT", "^68^Gallium"
    item.RadionuclideCodeSequence = DicomSequence([code])
    return item


def moved(item: Dataset, offset_mm: npt.ArrayLike) -> None:
    """Move a slice in patient space."""
    start = np.array([float(x) for x in item.ImagePositionPatient]) + np.asarray(offset_mm)
    item.ImagePositionPatient = [round(float(x), 6) for x in start]


def normal(grid: Grid = GRID) -> npt.NDArray[np.float64]:
    """Unit vector from slice to slice."""
    return np.asarray(grid.axes[:, 2])


def write(items: Sequence[Dataset], folder: Path, *, prefix: str = "f") -> Path:
    """Files in reversed order, without extension, in two nested folders."""
    for n, item in enumerate(reversed(items)):
        place = folder / f"d{n % 2}" / "deep"
        place.mkdir(parents=True, exist_ok=True)
        item.save_as(place / f"{prefix}{n}", enforce_file_format=True)
    return folder
