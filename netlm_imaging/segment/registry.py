"""Segmenters by name, as ``--segmenter`` takes them."""

from __future__ import annotations

from collections.abc import Callable

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.segment.classical import ClassicalSegmenter
from netlm_imaging.segment.images import Segmenter

SEGMENTERS: dict[str, Callable[[], Segmenter]] = {"classical": ClassicalSegmenter}


def segmenter_named(name: str) -> Segmenter:
    """The segmenter of that name. Raises UsageError (UNKNOWN_SEGMENTER) naming those there are."""
    if name not in SEGMENTERS:
        raise UsageError(
            Fault(
                code="UNKNOWN_SEGMENTER",
                expected=f"one of {', '.join(SEGMENTERS)}",
                found=repr(name[:40]),
                where="--segmenter",
            )
        )
    return SEGMENTERS[name]()
