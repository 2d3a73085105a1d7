"""Real DICOM files: MR, PET and CT Image Storage with their mandatory attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as DicomSequence
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    MRImageStorage,
    PositronEmissionTomographyImageStorage,
)

from netlm_imaging.geometry import Grid
from netlm_sample_data.tracer import Injection

STORAGE = {
    "MR": MRImageStorage,
    "PT": PositronEmissionTomographyImageStorage,
    "CT": CTImageStorage,
}
MANUFACTURER = "Digital Reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One examination: a study of one patient in one position."""

    key: str
    """Seeds every UID of the visit: the same key, the same UIDs."""
    date: str
    time: str
    description: str
    weight_kg: float
    height_cm: float
    sex: str

    def uid(self, *parts: object) -> str:
        """A UID derived from the key (2.25 form of a 128-bit number)."""
        text = "/".join(map(str, (self.key, *parts)))
        return f"2.25.{int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], 'big')}"


def mr_series(
    stored: npt.NDArray[np.uint16], grid: Grid, visit: Visit, *, number: int, time: str, late: bool
) -> Iterator[Dataset]:
    """T1 3D fat-suppressed gradient echo; ``late``: 20 minutes after gadoxetate, else before it."""
    for k, pixels in enumerate(stored):
        item = _image(visit, "MR", number, k, grid, time)
        item.SeriesDescription = "T1 3D GRE FS 20 min" if late else "T1 3D GRE FS pre"
        item.ProtocolName = item.SeriesDescription
        item.ImageType = ["ORIGINAL", "PRIMARY", "M", "NORM"]
        item.ScanningSequence = "GR"
        item.SequenceVariant = ["SP", "OSP"]
        item.ScanOptions = "FS"
        item.MRAcquisitionType = "3D"
        item.RepetitionTime = "3.6"
        item.EchoTime = "1.3"
        item.EchoTrainLength = "1"
        item.FlipAngle = "10"
        item.MagneticFieldStrength = "3"
        item.SpacingBetweenSlices = _decimal(grid.spacing_mm[2])
        if late:
            item.ContrastBolusAgent = "Gadoxetate disodium"
            item.ContrastBolusVolume = _decimal(0.1 * visit.weight_kg)
            item.ContrastBolusStartTime = visit.time
        _pixels(item, pixels, signed=False)
        item.WindowCenter, item.WindowWidth = "500", "1000"
        yield item


def ct_series(
    hu: npt.NDArray[np.float32], grid: Grid, visit: Visit, *, number: int, time: str
) -> Iterator[Dataset]:
    """Low-dose CT of a PET/CT."""
    for k, plane in enumerate(hu):
        item = _image(visit, "CT", number, k, grid, time)
        item.SeriesDescription = "CT AC low dose"
        item.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        item.KVP = "120"
        item.XRayTubeCurrent = "40"
        item.ConvolutionKernel = "STANDARD"
        item.RescaleIntercept, item.RescaleSlope, item.RescaleType = "-1024", "1", "HU"
        _pixels(item, np.rint(plane + 1024).astype(np.uint16), signed=False)
        item.WindowCenter, item.WindowWidth = "40", "400"
        yield item


def pet_series(
    activity: npt.NDArray[np.float32], grid: Grid, visit: Visit, injection: Injection, *, number: int
) -> Iterator[Dataset]:
    """68Ga-DOTATATE PET in Bq/mL, decay-corrected to the start of the series, one slope per slice."""
    for k, plane in enumerate(activity):
        bed = injection.bed(k, len(activity))
        item = _image(visit, "PT", number, k, grid, injection.clock(injection.bed_start_s(bed)))
        item.SeriesTime = injection.clock(injection.scan_start_s)
        item.SeriesDescription = "PET AC 68Ga-DOTATATE"
        item.ImageType = ["ORIGINAL", "PRIMARY"]
        item.SeriesType = ["WHOLE BODY", "IMAGE"]
        item.Units = "BQML"
        item.CountsSource = "EMISSION"
        item.DecayCorrection = "START"
        item.CorrectedImage = ["NORM", "DTIM", "ATTN", "SCAT", "DECY", "RAN"]
        item.RandomsCorrectionMethod = "DLYD"
        item.AttenuationCorrectionMethod = "CT"
        item.ScatterCorrectionMethod = "Model-based"
        item.ReconstructionMethod = "OSEM"
        item.CollimatorType = "NONE"
        item.NumberOfSlices = len(activity)
        item.ImageIndex = k + 1
        item.ActualFrameDuration = str(round(injection.bed_duration_s * 1000))
        item.FrameReferenceTime = _decimal(injection.frame_reference_s(bed) * 1000)
        item.DecayFactor = _decimal(injection.decay_factor(bed))
        item.RadiopharmaceuticalInformationSequence = DicomSequence([_radiopharmaceutical(injection, visit)])
        slope = float(f"{max(float(plane.max()), 1.0) / 32000:.9g}")
        item.RescaleIntercept, item.RescaleSlope = "0", f"{slope:.9g}"
        _pixels(item, np.rint(plane / slope).astype(np.int16), signed=True)
        item.LossyImageCompression = "00"
        yield item


def write_shuffled(items: Sequence[Dataset], folder: Path, rng: np.random.Generator) -> None:
    """Write all instances under names that say nothing, in random order."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, item in zip(rng.permutation(len(items)), items, strict=True):
        item.save_as(folder / f"IM{number + 1:05d}", enforce_file_format=True)


def _image(visit: Visit, modality: str, number: int, k: int, grid: Grid, time: str) -> Dataset:
    """What all images share: patient, study, series, frame of reference, plane."""
    item = Dataset()
    item.SOPClassUID = STORAGE[modality]
    item.SOPInstanceUID = visit.uid("image", number, k)
    item.file_meta = FileMetaDataset()
    item.file_meta.MediaStorageSOPClassUID = item.SOPClassUID
    item.file_meta.MediaStorageSOPInstanceUID = item.SOPInstanceUID
    item.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    item.SpecificCharacterSet = "ISO_IR 192"
    item.PatientName = "Sample^Patient"
    item.PatientID = "SAMPLE"
    item.PatientBirthDate = ""
    item.PatientSex = {"female": "F", "male": "M"}[visit.sex]
    item.PatientWeight = _decimal(visit.weight_kg)
    item.PatientSize = _decimal(visit.height_cm / 100)
    item.StudyInstanceUID = visit.uid("study")
    item.StudyID = "1"
    item.StudyDate = item.SeriesDate = item.AcquisitionDate = item.ContentDate = visit.date
    item.StudyTime = visit.time
    item.SeriesTime = item.AcquisitionTime = item.ContentTime = time
    item.StudyDescription = visit.description
    item.AccessionNumber = ""
    item.ReferringPhysicianName = ""
    item.Modality = modality
    item.SeriesInstanceUID = visit.uid("series", number)
    item.SeriesNumber = number
    item.AcquisitionNumber = 1
    item.BodyPartExamined = "ABDOMEN"
    item.PatientPosition = "HFS"
    item.Manufacturer = MANUFACTURER
    item.ManufacturerModelName = "Phantom"
    item.FrameOfReferenceUID = visit.uid("frame")
    item.PositionReferenceIndicator = ""
    item.InstanceNumber = k + 1
    item.ImagePositionPatient = [_decimal(v) for v in grid.to_patient([k, 0, 0])]
    item.ImageOrientationPatient = [_decimal(v) for v in (*grid.axes[:, 0], *grid.axes[:, 1])]
    item.PixelSpacing = [_decimal(grid.spacing_mm[1]), _decimal(grid.spacing_mm[0])]
    item.SliceThickness = _decimal(grid.spacing_mm[2])
    return item


def _pixels(item: Dataset, stored: npt.NDArray[np.integer], *, signed: bool) -> None:
    item.SamplesPerPixel = 1
    item.PhotometricInterpretation = "MONOCHROME2"
    item.Rows, item.Columns = stored.shape
    item.BitsAllocated = item.BitsStored = 16
    item.HighBit = 15
    item.PixelRepresentation = int(signed)
    item.PixelData = np.ascontiguousarray(stored, dtype="<i2" if signed else "<u2").tobytes()


def _radiopharmaceutical(injection: Injection, visit: Visit) -> Dataset:
    """Radiopharmaceutical Information with the codes of 68Ga (CID 4020) and DOTATATE (CID 4021)."""
    item = Dataset()
    item.Radiopharmaceutical = "68Ga-DOTATATE"
    item.RadiopharmaceuticalRoute = "Intravenous route"
    item.RadiopharmaceuticalStartTime = injection.clock(0)
    item.RadiopharmaceuticalStartDateTime = visit.date + injection.clock(0)
    item.RadionuclideTotalDose = _decimal(injection.dose_bq)
    item.RadionuclideHalfLife = _decimal(injection.half_life_s)
    item.RadionuclidePositronFraction = "0.891"
    item.RadionuclideCodeSequence = DicomSequence([_code("35337001", "SCT", "^68^Gallium")])
    item.RadiopharmaceuticalCodeSequence = DicomSequence([_code("724025002", "SCT", "Dotatate Ga^68^")])
    item.AdministrationRouteCodeSequence = DicomSequence([_code("47625008", "SCT", "Intravenous route")])
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue = value
    item.CodingSchemeDesignator = scheme
    item.CodeMeaning = meaning
    return item


def _decimal(value: float) -> str:
    """A decimal string of at most 16 characters (DICOM VR DS)."""
    for digits in range(15, 3, -1):
        text = f"{float(value):.{digits}g}"
        if len(text) <= 16:
            return text
    raise ValueError(f"{value} does not fit a decimal string")
