"""DICOM values as plain Python: what cannot be read is None, as if it were absent."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydicom.datadict import dictionary_VR
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

_PLAIN = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
"""Value representations of plain ASCII: read as they are, several times faster than converted."""
_DATE_TIME = re.compile(r"^(\d{4})(\d{2})(\d{2})(\d{2})?(\d{2})?(\d{2})?(?:\.(\d{1,6}))?([+-]\d{4})?$")
Key = str | int | BaseTag
EMPTY = Dataset()
"""Stands for a dataset that is not there; one for all, since making one takes longer than reading it."""


def raw(dataset: Dataset, key: Key) -> Any:
    """The value of an attribute, or None where it is absent, empty or malformed."""
    tag = tag_of(key)
    try:
        element = dataset.get_item(tag)
        if element is None:
            return None
        value = _plain(element, tag) if isinstance(element, RawDataElement) else None
        value = dataset[tag].value if value is None else value
    except Exception:  # a damaged element raises many kinds: it is as good as absent
        return None
    return None if value is None or (isinstance(value, str | bytes) and not value) else value


@cache
def tag_of(key: Key) -> BaseTag:
    """The tag of a keyword or number."""
    return Tag(key)


def _plain(element: RawDataElement, tag: BaseTag) -> str | list[str] | int | None:
    """The value of an element that pydicom need not convert; None for all others."""
    kind = element.VR or dictionary_VR(tag)
    if kind == "US" and element.value is not None and len(element.value) == 2:
        return int.from_bytes(element.value, "little" if element.is_little_endian else "big")
    if kind not in _PLAIN or not element.value:
        return None
    value = element.value.decode("latin-1").strip(" \0")
    return value.split("\\") if "\\" in value else value


def text(dataset: Dataset, key: Key) -> str:
    """One string, stripped; empty where absent."""
    value = raw(dataset, key)
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, list):
        value = "\\".join(str(part) for part in value)
    return "" if value is None else str(value).strip().strip("\0").strip()


def texts(dataset: Dataset, key: Key) -> tuple[str, ...]:
    """All values of a multi-valued string attribute, upper case."""
    value = raw(dataset, key)
    values = [] if value is None else [value] if isinstance(value, str) else list(value)
    return tuple(str(v).strip().upper() for v in values)


def numbers(dataset: Dataset, key: Key) -> tuple[float, ...] | None:
    """All values as floats (NaN and infinity stay visible); None where absent or no numbers."""
    value = raw(dataset, key)
    if value is None:
        return None
    if isinstance(value, bytes):
        value = value.decode("latin-1").strip("\0 ").split("\\")
    values = [value] if isinstance(value, str | int | float) or not hasattr(value, "__iter__") else value
    try:
        return tuple(float(v) for v in values) or None
    except (TypeError, ValueError, OverflowError):
        return None


def number(dataset: Dataset, key: Key) -> float | None:
    """The first value as a float; None where absent."""
    values = numbers(dataset, key)
    return values[0] if values else None


def integer(dataset: Dataset, key: Key) -> int | None:
    """The first value as an int; None where absent or not finite."""
    value = number(dataset, key)
    return int(value) if value is not None and math.isfinite(value) else None


def items(dataset: Dataset, key: Key) -> tuple[Dataset, ...]:
    """The items of a sequence; empty where absent, or where its kind is damaged and its values are none."""
    value = raw(dataset, key)
    values = value if value is not None and hasattr(value, "__iter__") else ()
    return tuple(item for item in values if isinstance(item, Dataset))


def item(dataset: Dataset, key: Key) -> Dataset:
    """The first item of a sequence; an empty dataset where absent."""
    return next(iter(items(dataset, key)), EMPTY)


def zone(dataset: Dataset) -> timedelta | None:
    """TimezoneOffsetFromUTC (0008,0201)."""
    return _offset(text(dataset, "TimezoneOffsetFromUTC"))


def own_offset(value: str) -> timedelta | None:
    """The UTC offset inside a DT; None where it has none."""
    match = _DATE_TIME.match(value.replace(":", "").strip())
    return _offset(match[8]) if match is not None and match[8] else None


def _offset(value: str) -> timedelta | None:
    match = re.match(r"^([+-])(\d{2})(\d{2})$", value)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3])
    return timedelta(minutes=minutes if match[1] == "+" else -minutes)


def date_time(value: str, local: timedelta | None = None) -> datetime | None:
    """A DICOM DT (or DA followed by TM) as local time.

    A UTC offset inside the value is honored against the object's own zone ``local``; without one
    the value is taken as it stands.
    """
    match = _DATE_TIME.match(value.replace(":", "").strip())
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0))
    except ValueError:
        return None
    moment += timedelta(seconds=int(second or 0), microseconds=int((fraction or "0").ljust(6, "0")))
    own = _offset(offset) if offset else None
    return moment + (local - own) if own is not None and local is not None else moment


def date_and_time(dataset: Dataset, stem: str) -> datetime | None:
    """``<stem>Date`` and ``<stem>Time`` together, or ``<stem>DateTime``; None unless both are there."""
    local = zone(dataset)
    whole = text(dataset, f"{stem}DateTime") if stem == "Acquisition" else ""
    day, clock = text(dataset, f"{stem}Date"), text(dataset, f"{stem}Time")
    if day and clock:
        return date_time(day.replace(".", "")[:8] + clock, local)
    return date_time(whole, local) if whole else None


def first_of(*readers: Callable[[], Any]) -> Any:
    """The first value that is not None."""
    return next((v for v in (read() for read in readers) if v is not None), None)
