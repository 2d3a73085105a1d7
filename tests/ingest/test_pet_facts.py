"""From PET headers to SUV: the vendors' own attributes, clocks and zones, real-world maps."""

from __future__ import annotations

import json
import math
from copy import deepcopy
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest
from ingest import builder
from ingest.pet_examples import (
    DOSE_BQ,
    HALF_LIFE_S,
    SCAN,
    VENDORS,
    WEIGHT_KG,
    beds,
    injected,
    philips,
    slice_at,
)
from pydicom.dataset import Dataset

from netlm_imaging.errors import SuvUnavailable
from netlm_imaging.ingest import read_image, scan
from netlm_imaging.ingest.pet_facts import PET_TAGS, facts_of
from netlm_imaging.ingest.suv import SuvFactors, suv_factors

PER_BQ = WEIGHT_KG * 1000 / DOSE_BQ


def after(seconds: float) -> float:
    """The factor of a dose that decayed so long."""
    return PER_BQ * 2.0 ** (seconds / HALF_LIFE_S)


def suv(items: list[Dataset]) -> SuvFactors:
    return suv_factors(facts_of(items))


def codes(found: SuvFactors) -> list[str]:
    return [notice.code for notice in found.notices]


@pytest.mark.parametrize("vendor", VENDORS)
def test_each_vendor(vendor: str) -> None:
    found = suv(VENDORS[vendor]())
    assert found.factors == pytest.approx([after(3600)] * 3, rel=1e-12)
    assert codes(found) == []


def test_ge_scan_time_needs_its_creator() -> None:
    items = VENDORS["GE"]()
    for item in items:
        item[0x00090010].value = "SOMEBODY ELSE"
    assert suv(items).record.inputs["reference_rule"] == "frame reference time"


@pytest.mark.parametrize("creators", [1, 3])
def test_philips_factors_in_any_private_block(creators: int) -> None:
    by_suv = suv(philips(suv="0.000728", activity="4.7", creators=creators))
    assert by_suv.factors == (0.000728,) * 3
    assert by_suv.record.inputs["philips_suv_factor"] == 0.000728
    by_activity = suv(philips(activity="4.7", creators=creators))
    assert by_activity.factors == pytest.approx([4.7 * after(3600)] * 3)
    assert by_activity.record.inputs["philips_activity_factor"] == 4.7


def test_philips_factors_without_their_creator_are_told() -> None:
    items = philips(suv="0.000728")
    for item in items:
        del item[0x70530010]
    found = suv(items)
    assert found.factors == (0.000728,) * 3
    assert codes(found) == ["SUV_CREATOR_MISSING"]
    for item in items:
        item.Manufacturer = "SIEMENS"
    with pytest.raises(SuvUnavailable):
        suv(items)


def test_philips_factors_of_another_creator_are_none() -> None:
    items = philips(suv="0.000728")
    for item in items:
        item[0x70530010].value = "SOMEBODY ELSE"
    with pytest.raises(SuvUnavailable):
        suv(items)


@pytest.mark.parametrize("factor", ["0", "-0.5", "nan", "1e400"])
def test_philips_factors_that_are_none(factor: str) -> None:
    items = philips(suv="0.5")
    for item in items:
        # As a file may hold it; pydicom would not let it be set.
        item[0x7053, 0x1000]._value = factor
    with pytest.raises(SuvUnavailable, match="CNTS without one"):
        suv(items)


def test_no_more_than_the_listed_tags_is_needed() -> None:
    from netlm_imaging.ingest.values import tag_of

    wanted = {tag_of(key) for key in PET_TAGS}
    for items in (VENDORS["GE"](), philips(activity="4.7", creators=2)):
        cut = []
        for item in items:
            slim = Dataset()
            slim.update({element.tag: element for element in item if element.tag in wanted})
            cut.append(slim)
        assert facts_of(cut) == facts_of(items)


def test_dates_of_injection() -> None:
    """StartTime alone belongs to the scan's day, or the one before when it is later than the scan."""
    same = suv(injected(beds(), at=None, clock="0900"))
    assert same.factors == pytest.approx([after(3600)] * 3)
    assert same.record.inputs["injection_from"] == "RadiopharmaceuticalStartTime"
    assert same.record.inputs["injection_day"] == "the day of the scan"
    before = suv(injected(beds(), at=None, clock="233000.5"))
    assert before.record.inputs["injection_day"] == "the day before the scan"
    assert before.record.inputs["seconds_from_injection"] == 10.5 * 3600 - 0.5
    stated = suv(injected(beds(), at="20240305090000.25", clock="0901"))
    assert codes(stated) == []
    assert stated.record.inputs["seconds_from_injection"] == 3600 - 0.25
    assert stated.record.inputs["injection_from"] == "RadiopharmaceuticalStartDateTime"


@pytest.mark.parametrize(("clock", "apart"), [("090102", 62), ("085830", 90)])
def test_two_times_of_injection_are_told(clock: str, apart: int) -> None:
    found = suv(injected(beds(), at="20240305090000", clock=clock))
    assert found.factors == pytest.approx([after(3600)] * 3)
    assert codes(found) == ["SUV_INJECTION_TIME"]
    assert f"{apart} s" in found.notices[0].message


@pytest.mark.parametrize("clock", ["095000", "0800", "2359"])
def test_two_times_of_injection_that_change_the_suv(clock: str) -> None:
    items = injected(beds(), at="20240305090000", clock=clock)
    with pytest.raises(SuvUnavailable, match="one time of injection"):
        suv(items)
    for item in items:
        item.DecayCorrection = "ADMIN"
    assert codes(suv(items)) == ["SUV_INJECTION_TIME"]


def test_times_of_injection_around_midnight_are_close() -> None:
    found = suv(injected(beds(), at="20240304235950", clock="000010"))
    assert codes(found) == ["SUV_LATE_SCAN"]


def other_drug(items: list[Dataset], **values: object) -> list[Dataset]:
    """A second drug in every image, with these attributes of its own."""
    for item in items:
        second = deepcopy(item.RadiopharmaceuticalInformationSequence[0])
        for name, value in values.items():
            setattr(second, name, value)
        item.RadiopharmaceuticalInformationSequence.append(second)
    return items


def test_a_drug_named_twice_is_one() -> None:
    assert suv(other_drug(beds())).factors == pytest.approx([after(3600)] * 3)


@pytest.mark.parametrize(
    "values",
    [
        {"Radiopharmaceutical": "FDG"},
        {"RadiopharmaceuticalCodeSequence": [builder.drug().RadionuclideCodeSequence[0]]},
        {"RadionuclideCodeSequence": []},
    ],
)
def test_two_drugs(values: dict[str, object]) -> None:
    with pytest.raises(SuvUnavailable, match="Radiopharmaceutical that differ"):
        suv(other_drug(beds(), **values))


@pytest.mark.parametrize("k", [0, 1])
def test_an_image_without_drug(k: int) -> None:
    items = beds()
    del items[k].RadiopharmaceuticalInformationSequence
    with pytest.raises(SuvUnavailable, match="RadiopharmaceuticalInformationSequence that differ"):
        suv(items)


@pytest.mark.parametrize(("moment", "available"), [("100030", True), ("095000", True), ("103000", False)])
def test_decay_correction_time_after_the_scan(moment: str, available: bool) -> None:
    items = beds()
    for item in items:
        item.DecayCorrectionDateTime = f"20240305{moment}"
    if available:
        assert suv(items).record.inputs["reference_rule"] == "decay correction time"
        items[1].DecayCorrectionDateTime = "20240305090000"
        with pytest.raises(SuvUnavailable, match="DecayCorrectionDateTime that differ"):
            suv(items)
    else:
        with pytest.raises(SuvUnavailable, match="DecayCorrectionDateTime"):
            suv(items)


@pytest.mark.parametrize("at", ["20240305", "2024030509", "202402310900", "yesterday", ""])
def test_a_moment_without_its_minute_is_none(at: str) -> None:
    """A date alone is not midnight."""
    items = injected(beds(), at=None, clock="0930")
    for item in items:
        item.RadiopharmaceuticalInformationSequence[0].add_new("RadiopharmaceuticalStartDateTime", "LO", at)
    assert suv(items).record.inputs["injection_from"] == "RadiopharmaceuticalStartTime"
    with pytest.raises(SuvUnavailable, match="time of injection"):
        suv(injected(beds(), at=None, clock="09"))


def zoned(items: list[Dataset], zone: str | None, acquired: str | None = None) -> list[Dataset]:
    for item in items:
        if zone is not None:
            item.TimezoneOffsetFromUTC = zone
        if acquired is not None:
            del item.AcquisitionDate, item.AcquisitionTime
            item.AcquisitionDateTime = acquired
    return items


@pytest.mark.parametrize(
    ("zone", "acquired", "at", "hours", "told"),
    [
        ("+0200", None, "20240305070000+0000", 1, []),  # both honored
        ("+0200", None, "20240305090000", 1, []),  # in the object's zone, as the standard has it
        ("+0200", "20240305080000+0000", "20240305090000", 1, []),
        ("-0330", "20240305100000-0330", "20240305123000+0000", 1, []),
        (None, "20240305100000+0100", "20240305090000+0200", 2, []),  # no zone of the object needed
        (None, "20240305100000+0100", "20240305230000-0900", -23, None),
        (None, "20240305100000+0100", "20240305090000", 1, ["SUV_TIME_ZONE"]),
        (None, None, "20240305090000+0100", 1, ["SUV_TIME_ZONE"]),
        (None, None, "20240305090000", 1, []),
    ],
)
def test_utc_offsets(
    zone: str | None, acquired: str | None, at: str, hours: int, told: list[str] | None
) -> None:
    items = zoned(injected([slice_at()], at=at, clock=None), zone, acquired)
    if told is None:
        with pytest.raises(SuvUnavailable, match="injection before the scan"):
            suv(items)
        return
    found = suv(items)
    assert found.record.inputs["seconds_from_injection"] == hours * 3600
    assert codes(found) == told


def test_daylight_saving_between_injection_and_scan() -> None:
    """Offsets of their own count even when the clock was moved in between."""
    items = [slice_at()]
    items[0].SeriesDate = items[0].SeriesTime = ""
    zoned(injected(items, at="20240331013000+0100", clock=None), None, "20240331033000+0200")
    assert suv(items).record.inputs["seconds_from_injection"] == 3600


def test_two_drugs_or_doses_are_no_dose() -> None:
    items = beds()
    second = Dataset()
    second.RadionuclideTotalDose, second.RadionuclideHalfLife = "370000000", "6586.2"
    for item in items:
        item.RadiopharmaceuticalInformationSequence.append(second)
    with pytest.raises(SuvUnavailable, match="RadionuclideTotalDose"):
        suv(items)
    other = beds()
    other[1].RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = "4060"
    with pytest.raises(SuvUnavailable, match="RadionuclideHalfLife"):
        suv(other)


def test_decay_correction_time_of_enhanced_pet() -> None:
    items = beds(series=SCAN + timedelta(hours=2))
    for item in items:
        item.DecayCorrectionDateTime = "20240305093000"
    found = suv(items)
    assert found.record.inputs["reference_rule"] == "decay correction time"
    assert found.factors == pytest.approx([after(1800)] * 3)
    assert set(codes(found)) == {"SUV_REFERENCE_TIME"}


def dynamic(folder: Path, frames: int, *, series_time: str) -> list[list[Dataset]]:
    """Time frames of one series, ten minutes apart, from 10 o'clock."""
    written = []
    for frame in range(frames):
        items = builder.pet(seed=frame + 1)
        for k, item in enumerate(items):
            item.SOPInstanceUID = item.file_meta.MediaStorageSOPInstanceUID = builder.uid("d", frame, k)
            item.AcquisitionTime, item.SeriesTime = f"10{10 * frame:02d}00", series_time
        builder.write(items, folder, prefix=f"t{frame}")
        written.append(items)
    return written


@pytest.mark.parametrize("series_time", ["100000", "100500"])
def test_dynamic_pet_is_corrected_to_the_start_of_the_series(series_time: str, tmp_path: Path) -> None:
    """A series time between the frames does not count for the later ones either."""
    dynamic(tmp_path, 3, series_time=series_time)
    found = []
    for series in scan(tmp_path).series:
        record = read_image(series).record.suv
        assert record is not None
        found.append(record.inputs["factor"])
    assert found == pytest.approx([72_000 / 150e6 * 2.0 ** (3600 / 4062.6)] * 3)


def test_no_moment_and_no_identifier_is_recorded() -> None:
    """Neither a date, nor a time of day, nor what a file may hold in its free text."""
    everything = [
        *(make() for make in VENDORS.values()),
        philips(suv="0.0007"),
        zoned(injected(beds(), at="20240305090000+0100", clock=None), None),
        injected(beds(), at=None, clock="090000"),
    ]
    for items in everything:
        for item in items:
            item.PatientName, item.CorrectedImage = "SECRET^NAME", ["DECY", "ATTN", "SECRET"]
            item.RadiopharmaceuticalInformationSequence[0].Radiopharmaceutical = "SECRET"
        found = suv(items)
        said = json.dumps(asdict(found.record)) + str(found.notices)
        for secret in ("SECRET", "2024", "0900", "09:00", "1000", "10:00", "+01"):
            assert secret not in said.replace('seconds_from_injection": 3600', "")


@pytest.mark.parametrize(
    "words",
    [
        {"Units": "SECRET"},
        {"Units": "GML", "SUVType": "SECRET"},
        {"DecayCorrection": "SECRET"},
        {"Units": "GML", "SUVType": "LBM", "PatientSex": "SECRET"},
    ],
    ids=lambda words: "-".join(words),
)
def test_words_of_a_file_are_not_repeated_in_messages(words: dict[str, str]) -> None:
    items = beds()
    for item in items:
        for name, value in words.items():
            setattr(item, name, value)
    with pytest.raises(SuvUnavailable) as caught:
        suv(items)
    assert "SECRET" not in str(caught.value)


def test_a_date_of_another_year_is_no_number() -> None:
    """An anonymizer moved one date and not the other: 2^8000 is refused, not computed."""
    with pytest.raises(SuvUnavailable, match="when no dose was left"):
        suv(injected(beds(), at="20230305090000", clock=None))
    found = suv(injected(beds(), at="20240304090000", clock=None))
    assert codes(found) == ["SUV_LATE_SCAN"]
    assert math.isfinite(found.factors[0])
