"""Row 38 and the SUV rules: a number with the right factor, or none and the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from conformance.breaks import Break, Items, assign, on_all, on_slice, remove
from conformance.case import Answer, Case, Command, Truth, only, read_series
from conformance.series import PER_BQ, folder_case, good, quiet, suv
from ingest import builder
from pydicom.dataset import Dataset

from netlm_imaging.ingest import Series, Study

BASE = 72_000 / 150e6
HALF_LIFE_S = 4062.6


def drug(**values: object) -> Break:
    """Attributes of the radiopharmaceutical; None removes one."""

    def apply(item: Dataset) -> None:
        for name, value in values.items():
            inner = item.RadiopharmaceuticalInformationSequence[0]
            (remove(name) if value is None else assign(**{name: value}))(inner)

    return on_all(apply)


def pet(
    what: str,
    broken: Break,
    *,
    unavailable: str = "",
    notices: Sequence[str] = (),
    truth: Callable[[], Truth] = suv,
    says: Sequence[str] = (),
) -> Case:
    """``unavailable``: words of the reason."""

    def ask(folder: Path, command: Command) -> Answer:
        with quiet():
            path = builder.write(broken(builder.pet()), folder)
        return read_series(path, choose=only)

    return Case(
        row=38,
        what=what,
        ask=ask,
        refused=("SUV_UNAVAILABLE",) if unavailable else (),
        notices=tuple(notices),
        truth=None if unavailable else truth,
        place="series 1" if unavailable else "",
        says=(unavailable, *says) if unavailable else tuple(says),
        over="PT",
    )


def another_drug() -> Dataset:
    found = builder.drug()
    found.Radiopharmaceutical = "FDG"
    return found


def philips(element: int, value: str) -> Break:
    def apply(item: Dataset) -> None:
        item.Units = "CNTS"
        block = item.private_block(0x7053, "Philips PET Private Group", create=True)
        block.add_new(element, "DS", value)

    return on_all(apply)


def without_decay_correction(items: Items) -> Items:
    for k, item in enumerate(items):
        item.DecayCorrection, item.CorrectedImage = "NONE", ["ATTN"]
        item.ActualFrameDuration, item.AcquisitionTime = "240000", f"10{k:02d}00"
    return items


def decays_slice_by_slice() -> Truth:
    frame = np.log(2) * 240 / HALF_LIFE_S
    waited = 3600 + 60 * np.arange(7)[:, None, None]
    factors = BASE * frame / (1 - np.exp(-frame)) * 2 ** (waited / HALF_LIFE_S)
    found = suv(1.0)
    return Truth(array=found.array * factors, grid=found.grid, relative=1e-6)


def without_weight_beside_ct(folder: Path) -> None:
    builder.write(on_all(remove("PatientWeight"))(builder.pet()), folder, prefix="p")
    builder.write(builder.ct(), folder)


def modality(name: str) -> Callable[[Study], Series]:
    return lambda study: next(s for s in study.series if s.modality == name)


MASS_LBM = 1.07 * 72 - 148 * (72 / 174) ** 2
SURFACE_CM2 = 0.007184 * 72**0.425 * 174**0.725 * 1e4
CASES: list[Case] = [
    pet("a complete PET header (BQML, START)", lambda items: items),
    pet("PET decay-corrected to the injection (ADMIN)", on_all(assign(DecayCorrection="ADMIN")),
        truth=lambda: suv(BASE)),
    pet("PET without decay correction (NONE), each slice from its start", without_decay_correction,
        truth=decays_slice_by_slice),
    pet("PET without weight", on_all(remove("PatientWeight")), unavailable="weight"),
    pet("PET with weight 0", on_all(assign(PatientWeight="0")), unavailable="weight"),
    pet("PET with a weight that is no number", on_all(assign(PatientWeight="NaN")), unavailable="weight"),
    pet("PET without dose", drug(RadionuclideTotalDose=None), unavailable="dose"),
    pet("PET with dose 0", drug(RadionuclideTotalDose="0"), unavailable="dose"),
    pet("PET without half-life", drug(RadionuclideHalfLife=None), unavailable="half-life"),
    pet("PET with the half-life of another nuclide", drug(RadionuclideHalfLife="6586.2"),
        unavailable="Ga-68"),
    pet("PET without the time of injection", drug(RadiopharmaceuticalStartTime=None,
        RadiopharmaceuticalStartDateTime=None), unavailable="time of injection"),
    pet("PET injected after the scan", drug(RadiopharmaceuticalStartDateTime="20240305110000"),
        unavailable="injection before the scan"),
    pet("PET without any time of the scan", on_all(remove("SeriesDate", "SeriesTime", "AcquisitionDate",
        "AcquisitionTime")), unavailable="acquisition date and time"),
    pet("PET without radiopharmaceutical", on_all(remove("RadiopharmaceuticalInformationSequence")),
        unavailable="dose", says=["half-life", "time of injection"]),
    pet("PET without attenuation correction (NAC)", on_all(assign(CorrectedImage=["DECY"])),
        unavailable="ATTN"),
    pet("PET whose decay correction is not among its corrections", on_all(assign(CorrectedImage=["ATTN"])),
        unavailable="DECY"),
    pet("PET with an unknown decay correction", on_all(assign(DecayCorrection="SOME")),
        unavailable="START, ADMIN or NONE"),
    pet("PET with an intercept", on_all(assign(RescaleIntercept="-5")), unavailable="intercept"),
    pet("PET in counts without a factor", on_all(assign(Units="CNTS")), unavailable="CNTS"),
    pet("PET in relative counts (PROPCNTS)", on_all(assign(Units="PROPCNTS")), unavailable="PROPCNTS"),
    pet("PET without units", on_all(remove("Units")), unavailable="no units"),
    pet("PET whose slices differ in weight", on_slice(3, assign(PatientWeight="80")),
        unavailable="PatientWeight"),
    pet("PET without duration and decay correction", on_all(assign(DecayCorrection="NONE")),
        unavailable="duration"),
    pet("PET in lean mass SUV without height", on_all(lambda item: (assign(Units="GML", SUVType="LBM")(item),
        remove("PatientSize")(item))), unavailable="height"),
    pet("PET in SUV of an unknown mass", on_all(assign(Units="GML", SUVType="XYZ")), unavailable="SUVType"),
    pet("PET stored as SUVbw (GML)", on_all(assign(Units="GML", SUVType="BW")), truth=lambda: suv(1.0)),
    pet("PET stored as lean mass SUV", on_all(assign(Units="GML", SUVType="LBM")),
        truth=lambda: suv(72 / MASS_LBM)),
    pet("PET stored by body surface (CM2ML)", on_all(assign(Units="CM2ML")),
        truth=lambda: suv(72_000 / SURFACE_CM2)),
    pet("Philips counts with an SUV factor", philips(0x00, "0.0007"), truth=lambda: suv(0.0007)),
    pet("Philips counts with an activity factor", philips(0x09, "2"), truth=lambda: suv(2 * PER_BQ)),
    pet("weight in grams", on_all(assign(PatientWeight="72000")), notices=["SUV_WEIGHT_IN_GRAMS"]),
    pet("dose in MBq", drug(RadionuclideTotalDose="150"), notices=["SUV_DOSE_IN_MBQ"]),
    pet("injection in UTC, scan in local time",
        on_all(lambda item: (assign(TimezoneOffsetFromUTC="+0200")(item),
        drug(RadiopharmaceuticalStartDateTime="20240305070000+0000")([item])))),
    pet("injection as a time of day, without a date", drug(RadiopharmaceuticalStartDateTime=None)),
    pet("injection before midnight, scan after it", lambda items: drug(RadiopharmaceuticalStartDateTime=None,
        RadiopharmaceuticalStartTime="233000")(on_all(assign(AcquisitionTime="003000", SeriesTime="003000"))(
        items))),
    pet("a series time after the acquisition: the acquisition counts", on_all(assign(SeriesTime="113000"))),
    pet("a scan nine half-lives after the injection",
        drug(RadiopharmaceuticalStartDateTime="20240304235036.6", RadiopharmaceuticalStartTime="235036.6"),
        notices=["SUV_LATE_SCAN"], truth=lambda: suv(BASE * 2**9)),
    pet("two times of injection, 90 s apart", drug(RadiopharmaceuticalStartTime="090130"),
        notices=["SUV_INJECTION_TIME"]),
    pet("two times of injection, 50 minutes apart", drug(RadiopharmaceuticalStartTime="095000"),
        unavailable="one time of injection"),
    pet("two drugs of one dose and time", on_all(lambda item: item.RadiopharmaceuticalInformationSequence
        .append(another_drug())), unavailable="Radiopharmaceutical"),
    pet("one image without drug", on_slice(3, remove("RadiopharmaceuticalInformationSequence")),
        unavailable="RadiopharmaceuticalInformationSequence"),
    pet("a decay correction time after the scan",
        on_all(assign(DecayCorrectionDateTime="20240306100000")), unavailable="DecayCorrectionDateTime"),
    pet("PET without weight, dose and attenuation correction",
        on_all(lambda item: (remove("PatientWeight")(item),
        drug(RadionuclideTotalDose=None)([item]), assign(CorrectedImage=["DECY"])(item))),
        unavailable="weight", says=["dose", "ATTN"]),
    folder_case(38, "PET without weight beside a CT: the CT is read", without_weight_beside_ct,
        choose=modality("CT"), over="CT"),
    folder_case(38, "PET without weight, asked for in Bq/mL", without_weight_beside_ct,
        choose=modality("PT"), truth=lambda: good("PT"), over="PT"),
    folder_case(38, "PET without weight, asked for as SUV", without_weight_beside_ct, raw=False,
        choose=modality("PT"), refused=["SUV_UNAVAILABLE"], place="series", over="PT"),
]  # fmt: skip
