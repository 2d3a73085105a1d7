"""The moments of a PET series on one clock: the scanner's, whatever UTC offsets the header mixes.

A value with an offset of its own is brought to the object's zone (TimezoneOffsetFromUTC, else the
offset of AcquisitionDateTime); values without one are on that clock already (PS3.3 C.12.1.1). Where
only the injection, or only the scan, names an offset, both are read on one clock and that is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydicom.dataset import Dataset

from netlm_imaging.ingest import values as v

_PRECISE_DATE_TIME = re.compile(r"^\d{12}")
_PRECISE_TIME = re.compile(r"^\d{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The zone in which moments of a series are told; None where the header names none."""

    zone: timedelta | None
    declared: bool
    """The object itself names it, so that all its values count in it."""

    def moment(self, value: str) -> datetime | None:
        """A DT on this clock; None where it is absent or does not say the minute."""
        plain = value.replace(":", "").strip()
        return v.date_time(plain, self.zone) if _PRECISE_DATE_TIME.match(plain) else None

    def of(self, ds: Dataset, stem: str) -> datetime | None:
        """``<stem>Date`` with ``<stem>Time``, else AcquisitionDateTime."""
        day = re.sub(r"[^0-9]", "", v.text(ds, f"{stem}Date"))[:8]
        time = v.text(ds, f"{stem}Time").replace(":", "")
        if day and time:
            return self.moment(day + time)
        return self.moment(v.text(ds, "AcquisitionDateTime")) if stem == "Acquisition" else None

    def doubt(self, injected: str) -> str:
        """Which of injection and scan alone has an offset; empty where there is no doubt."""
        if self.declared or not injected:
            return ""
        own = v.own_offset(injected) is not None
        if own and self.zone is None:
            return "injection"
        return "scan" if self.zone is not None and not own else ""


def clock_of(ds: Dataset) -> Clock:
    """The clock of a series, from one of its images."""
    declared = v.zone(ds)
    if declared is not None:
        return Clock(zone=declared, declared=True)
    return Clock(zone=v.own_offset(v.text(ds, "AcquisitionDateTime")), declared=False)


def time_of_day(value: str) -> timedelta | None:
    """A TM as time since midnight; None where it is absent or does not say the minute."""
    plain = value.replace(":", "").strip()
    if not _PRECISE_TIME.match(plain):
        return None
    moment = v.date_time("20000101" + plain)
    return None if moment is None else moment - datetime(2000, 1, 1)
