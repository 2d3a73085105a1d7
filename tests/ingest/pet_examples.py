"""PET headers of the four vendors as datasets, one a slice, with what each does in its own way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

HALF_LIFE_S = 4062.6
SCAN = datetime(2024, 3, 5, 10, 0)
WEIGHT_KG, DOSE_BQ = 72.0, 150e6
BED = timedelta(minutes=4)


def dicom_time(moment: datetime) -> str:
    return f"{moment:%H%M%S.%f}"


def slice_at(acquired: datetime = SCAN, *, series: datetime = SCAN) -> Dataset:
    """A slice of a 68Ga PET in Bq/mL, decay-corrected to the start, injected at 9 o'clock."""
    item, drug, code = Dataset(), Dataset(), Dataset()
    item.Manufacturer = "SIEMENS"
    item.SOPInstanceUID = f"1.2.3.{acquired:%H%M%S}"
    item.Units, item.DecayCorrection = "BQML", "START"
    item.CorrectedImage = ["DECY", "ATTN", "SCAT"]
    item.PatientWeight, item.PatientSize, item.PatientSex = str(WEIGHT_KG), "1.74", "F"
    item.SeriesDate, item.SeriesTime = f"{series:%Y%m%d}", dicom_time(series)
    item.AcquisitionDate, item.AcquisitionTime = f"{acquired:%Y%m%d}", dicom_time(acquired)
    item.RescaleSlope, item.RescaleIntercept = "2.5", "0"
    drug.RadiopharmaceuticalStartTime = "090000"
    drug.RadiopharmaceuticalStartDateTime = "20240305090000"
    drug.RadionuclideTotalDose, drug.RadionuclideHalfLife = str(DOSE_BQ), str(HALF_LIFE_S)
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "35337001", "SCT", "^68^Gallium"
    drug.RadionuclideCodeSequence = Sequence([code])
    item.RadiopharmaceuticalInformationSequence = Sequence([drug])
    return item


def beds(count: int = 3, *, series: datetime = SCAN) -> list[Dataset]:
    """Bed after bed, four minutes each, every frame timed from the scan's start."""
    items = [slice_at(SCAN + n * BED, series=series) for n in range(count)]
    for n, item in enumerate(items):
        item.ActualFrameDuration = str(int(BED.total_seconds() * 1000))
        item.FrameReferenceTime = str((n + 0.5) * BED.total_seconds() * 1000)
    return items


def siemens() -> list[Dataset]:
    return beds()


def cps() -> list[Dataset]:
    items = beds()
    for item in items:
        item.Manufacturer = "CPS"
    return items


def ge() -> list[Dataset]:
    """A series made anew an hour after the scan: only the private scan time tells when that was."""
    items = beds(series=SCAN + timedelta(hours=1))
    for item in items:
        item.Manufacturer = "GE MEDICAL SYSTEMS"
        block = item.private_block(0x0009, "GEMS_PETD_01", create=True)
        block.add_new(0x0D, "DT", f"{SCAN:%Y%m%d%H%M%S}.00")
    return items


def philips(*, suv: str = "0", activity: str = "0", creators: int = 1) -> list[Dataset]:
    """Counts with the two private factors in the last of several private blocks."""
    items = beds()
    for item in items:
        item.Manufacturer, item.Units = "Philips Medical Systems", "CNTS"
        for n in range(1, creators):
            item.private_block(0x7053, f"OTHER {n}", create=True)
        block = item.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(0x00, "DS", suv)
        block.add_new(0x09, "DS", activity)
    return items


VENDORS: dict[str, Callable[[], list[Dataset]]] = {"SIEMENS": siemens, "GE": ge, "CPS": cps}


def injected(items: list[Dataset], *, at: str | None, clock: str | None) -> list[Dataset]:
    """The same with other injection attributes."""
    for item in items:
        drug = item.RadiopharmaceuticalInformationSequence[0]
        del drug.RadiopharmaceuticalStartDateTime, drug.RadiopharmaceuticalStartTime
        if at is not None:
            drug.RadiopharmaceuticalStartDateTime = at
        if clock is not None:
            drug.RadiopharmaceuticalStartTime = clock
    return items
