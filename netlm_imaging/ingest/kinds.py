"""What kind of image each slice is: all slices of one volume are of one kind.

Positions alone do not tell apart two echoes that alternate from slice to slice, or projections that
continue a stack of original images.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from netlm_imaging.errors import Fault
from netlm_imaging.ingest.header import Header

ECHO_TOLERANCE_MS = 0.05
B_VALUE_TOLERANCE = 1.0
RELATIVE_TOLERANCE = 0.01
"""Echo times (ms) and b-values (s/mm2) as close as the larger of these are one: scanners round them
differently from slice to slice (1.23 and 1.24 ms). Ours; the closest echoes and b-values that are
acquired on purpose lie ten and five times as far apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """An attribute that is the same in all slices of one volume."""

    name: str
    code: str
    keys: Callable[[Sequence[Header]], list[Any]]
    """One a header; equal where the headers are of one kind."""


def b_values(headers: Sequence[Header]) -> list[Any]:
    """The b-value of each header, as the smallest of those it is one with."""
    return _alike([h.b_value for h in headers], B_VALUE_TOLERANCE)


def echo_times(headers: Sequence[Header]) -> list[Any]:
    """The echo time of each header, as the smallest of those it is one with."""
    return _alike([h.echo_ms for h in headers], ECHO_TOLERANCE_MS)


KINDS = (
    Kind(name="b-value", code="B_VALUE_MIXED", keys=b_values),
    Kind(name="echo time", code="ECHO_MIXED", keys=echo_times),
    # Its first word changes with any processing, such as compression.
    Kind(name="image type", code="IMAGE_TYPE_MIXED", keys=lambda hs: [h.image_type[1:] for h in hs]),
    Kind(name="kernel", code="KERNEL_MIXED", keys=lambda hs: [h.protocol.kernel for h in hs]),
    Kind(name="contrast agent", code="CONTRAST_MIXED", keys=lambda hs: [_with_contrast(h) for h in hs]),
)


def kind_faults(headers: Sequence[Header]) -> list[Fault]:
    """A fault for each attribute that differs between the slices of one volume."""
    faults = []
    for kind in KINDS:
        counts = Counter(kind.keys(headers))
        if len(counts) > 1:
            images = ", ".join(str(count) for _, count in counts.most_common(5))
            faults.append(
                Fault(
                    code=kind.code,
                    expected=f"one {kind.name} in a volume",
                    found=f"{len(counts)} of them, in {images} images",
                    remedy="Export each kind of image as a series of its own",
                )
            )
    return faults


def _with_contrast(h: Header) -> bool:
    return bool(h.protocol.contrast_agent or h.protocol.contrast_codes)


def _alike(values: Sequence[float | None], tolerance: float) -> list[float | None]:
    """Each value as the smallest of its neighbors; None where there is none."""
    groups: dict[float, float] = {}
    smallest = last = -math.inf
    for value in sorted({v for v in values if v is not None and math.isfinite(v)}):
        if value - last > max(tolerance, RELATIVE_TOLERANCE * value):
            smallest = value
        groups[value], last = smallest, value
    return [None if v is None else groups.get(v) for v in values]
