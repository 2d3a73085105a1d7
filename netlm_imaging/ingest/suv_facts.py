"""What a PET header says that matters for SUV, and what is gathered while working it out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from netlm_imaging.errors import Fault, Notice, SuvUnavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceFacts:
    """What may differ from slice to slice."""

    acquired: datetime | None = None
    frame_reference_ms: float | None = None
    duration_ms: float | None = None
    philips_suv: float | None = None
    """(7053,xx00): SUV per rescaled value."""
    philips_activity: float | None = None
    """(7053,xx09): Bq/mL per rescaled value."""
    slope: float = 1.0
    intercept: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldMap:
    """What a Real World Value map says of some slices: SUVbw = value times ``slopes``, one a slice."""

    slices: tuple[int, ...]
    slopes: tuple[float, ...]
    shifted: bool = False
    """It has an intercept other than 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuvFacts:
    """What a PET series says of its unit, patient, dose and times; all moments on one clock."""

    slices: tuple[SliceFacts, ...]
    units: str
    suv_type: str = ""
    corrected_image: tuple[str, ...] = ()
    decay_correction: str = ""
    weight_kg: float | None = None
    height_m: float | None = None
    sex: str = ""
    dose_bq: float | None = None
    half_life_s: float | None = None
    nuclide: str = ""
    """Such as ``Ga-68``; empty where the code is unknown."""
    injected: datetime | None = None
    """RadiopharmaceuticalStartDateTime."""
    injected_clock: timedelta | None = None
    """RadiopharmaceuticalStartTime: time of day without a date."""
    series: datetime | None = None
    first_acquired: datetime | None = None
    """Earliest acquisition of the whole series, where these slices are only a part of it."""
    decay_reference: datetime | None = None
    """DecayCorrectionDateTime, which enhanced PET has: the moment itself."""
    ge_scan: datetime | None = None
    """(0009,xx0D) of GE."""
    doubtful_zone: str = ""
    """Which moment alone has a UTC offset; empty where all or none have one."""
    creator_missing: bool = False
    """The Philips factors stand without their private creator."""
    mixed: tuple[str, ...] = ()
    """Names of attributes that differ between slices and must not."""
    maps: tuple[WorldMap, ...] = ()


@dataclass(slots=True)
class Finding:
    """What is gathered on the way."""

    inputs: dict[str, float | str | None] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    def fault(self, expected: str, found: str) -> None:
        """One reason why there is no SUV."""
        self.faults.append(Fault(code="SUV_UNAVAILABLE", expected=expected, found=found))

    def notice(self, code: str, message: str) -> None:
        """Something the reader of the SUV must know, said once."""
        notice = Notice(code=code, message=message)
        if notice not in self.notices:
            self.notices.append(notice)

    def stop(self, *, remedy: str = "") -> None:
        """Raise SuvUnavailable when there is a reason."""
        if self.faults:
            raise SuvUnavailable(*(replace(fault, remedy=remedy) for fault in self.faults))


def span(name: str, values: list[float]) -> dict[str, float | str | None]:
    """One input, or its range as two where slices differ."""
    low, high = min(values), max(values)
    return {name: low} if low == high else {f"{name}_min": low, f"{name}_max": high}
