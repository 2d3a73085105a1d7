"""Rows 12 to 16 and 28: rescale, signedness, stored bits, pixels that are too short."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
from conformance.breaks import (
    Break,
    Items,
    as_bytes,
    assign,
    cut_pixels,
    on_all,
    on_each,
    on_slice,
    remove,
    several,
)
from conformance.case import Case, Truth
from conformance.series import series_cases
from ingest import builder
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as DicomSequence

TWELVE = np.clip(builder.pattern(), 0, 4095).astype(int) - 2048
"""Signed values of twelve bits."""


def stored_as(planes: npt.NDArray[Any], **values: object) -> Break:
    """Other stored values, of any integer kind."""

    def apply(items: Items) -> Items:
        for item, plane in zip(items, planes, strict=True):
            item.PixelData = plane.tobytes()
            assign(**values)(item)
        return items

    return apply


def holds(array: npt.NDArray[Any]) -> Callable[[Truth], Truth]:
    return lambda found: replace(found, array=array)


def unsigned_slice(items: Items) -> Items:
    """Slice 2 unsigned, with an intercept that makes up for it."""
    plane = builder.pattern()[2].astype("<i4") + 40_000
    items[2].PixelRepresentation, items[2].RescaleIntercept = 0, "-41000"
    items[2].PixelData = plane.astype("<u2").tobytes()
    return items


def per_slice(unit: float) -> Break:
    """A slope of ``unit`` in the first slice, twice that in the second, and so on."""
    return on_each(lambda k, item: assign(RescaleSlope=f"{unit * (k + 1):g}")(item))


def rescaled(unit: float, intercept: float, seed: int) -> Callable[[Truth], Truth]:
    slopes = unit * np.arange(1, 8)[:, None, None]
    return lambda found: replace(found, array=builder.pattern(seed=seed) * slopes + intercept)


def with_table(item: Dataset) -> None:
    table = Dataset()
    table.LUTDescriptor, table.ModalityLUTType, table.LUTData = [2, 0, 16], "HU", b"\0\0\1\0"
    table["LUTDescriptor"].VR = "US"
    item.ModalityLUTSequence = DicomSequence([table])


BITS = {"BitsStored": 12, "HighBit": 11}
CASES: list[Case] = [
    *series_cases(12, "CT with neither slope nor intercept", on_all(remove("RescaleSlope",
                  "RescaleIntercept")),
                  over=["CT"], refused=["NO_RESCALE"]),
    *series_cases(12, "CT without intercept", on_all(remove("RescaleIntercept")), over=["CT"],
                  refused=["NO_RESCALE"]),
    *series_cases(12, "CT without slope in one slice", on_slice(4, remove("RescaleSlope")), over=["CT"],
                  refused=["NO_RESCALE"], says=["1 of 7 images"]),
    *series_cases(12, "CT with an empty slope", on_all(assign(RescaleSlope="")), over=["CT"],
                  refused=["NO_RESCALE"]),
    *series_cases(12, "CT with text for a slope", on_slice(1, as_bytes("RescaleSlope", b"one ")), over=["CT"],
                  refused=["NO_RESCALE"]),
    *series_cases(12, "PET without slope", on_all(remove("RescaleSlope")), over=["PT"],
                  refused=["NO_RESCALE"]),
    *series_cases(12, "MR without rescale", on_all(remove("RescaleSlope", "RescaleIntercept")), over=["MR"]),
    *series_cases(12, "values through a lookup table instead of a line", on_all(with_table),
                  refused=["MODALITY_LUT"]),
    *series_cases(13, "PET with a slope of its own for each slice", on_all(lambda item: None), over=["PT"]),
    *series_cases(13, "CT with a slope of its own for each slice", per_slice(1.0), over=["CT"],
                  truth=rescaled(1.0, -1000, 1)),
    *series_cases(13, "MR with slopes of halves", several(per_slice(0.5),
                  on_all(assign(RescaleIntercept="3"))),
                  over=["MR"], truth=rescaled(0.5, 3, 2)),
    *series_cases(14, "a slope of 0 in one slice", on_slice(1, assign(RescaleSlope="0")),
                  refused=["BAD_RESCALE"]),
    *series_cases(14, "a slope of 0 in all slices", on_all(assign(RescaleSlope="0.0")),
                  refused=["BAD_RESCALE"]),
    *series_cases(14, "a slope that is no number", on_slice(1, assign(RescaleSlope="NaN")),
                  refused=["BAD_RESCALE"]),
    *series_cases(14, "an infinite slope", on_slice(1, assign(RescaleSlope="Infinity")),
                  refused=["BAD_RESCALE"]),
    *series_cases(14, "a slope of 1e30", on_slice(1, assign(RescaleSlope="1e30")), refused=["BAD_RESCALE"]),
    *series_cases(14, "an intercept that is no number", on_slice(1, assign(RescaleIntercept="NaN")),
                  over=["CT", "PT"], refused=["BAD_RESCALE"]),
    *series_cases(15, "one slice unsigned among signed ones", unsigned_slice, over=["CT"]),
    *series_cases(15, "unsigned values of 16 bits", stored_as(np.full((7, 6, 9), 65_000, "<u2"),
                  PixelRepresentation=0), over=["MR"], truth=holds(np.full((7, 6, 9), 65_000))),
    *series_cases(15, "values of 8 bits", stored_as((builder.pattern() % 256).astype("u1"), BitsAllocated=8,
                  BitsStored=8, HighBit=7, PixelRepresentation=0), over=["MR"],
                  truth=holds(builder.pattern() % 256)),
    *series_cases(15, "values of 32 bits", stored_as((builder.pattern().astype("<i4") * 100_000),
                  BitsAllocated=32,
                  BitsStored=32, HighBit=31), over=["MR"],
                  truth=holds(builder.pattern().astype("<i4") * 100_000)),
    *series_cases(16, "half of the pixels of one slice", on_slice(4, cut_pixels), refused=["TRUNCATED_FILE"],
                  says=["1 of 7 images", "d0/deep/f2"]),
    *series_cases(16, "no pixels in one slice", on_slice(4, assign(PixelData=b"")),
                  refused=["TRUNCATED_FILE"]),
    *series_cases(16, "one slice without pixel data", on_slice(4, remove("PixelData")),
                  refused=["TRUNCATED_FILE"]),
    *series_cases(16, "pixels short in every slice", on_all(cut_pixels), refused=["TRUNCATED_FILE"],
                  says=["7 of 7 images"]),
    *series_cases(16, "pixels followed by more bytes", on_slice(
                  4, lambda item: assign(PixelData=item.PixelData + bytes(2))(item))),
    *series_cases(28, "bits above those stored hold an overlay", stored_as(
                  ((TWELVE & 0x0FFF) | 0x5000).astype("<u2"), **BITS), over=["CT"],
                  truth=holds(TWELVE - 1000)),
    *series_cases(28, "unsigned values with an overlay above them", stored_as(
                  ((TWELVE + 2048) | 0xF000).astype("<u2"), PixelRepresentation=0, **BITS), over=["MR"],
                  truth=holds(TWELVE + 2048)),
    *series_cases(28, "values stored in the upper twelve bits", stored_as(
                  (((TWELVE & 0x0FFF) << 4) | 0x9).astype("<u2"), BitsStored=12, HighBit=15), over=["MR"],
                  truth=holds(TWELVE)),
    *series_cases(28, "more bits stored than allocated", on_slice(1, assign(BitsStored=40_000)),
                  refused=["BAD_BITS"]),
    *series_cases(28, "a high bit below the bits stored", on_all(assign(HighBit=3)), refused=["BAD_BITS"]),
    *series_cases(28, "64 bits allocated", on_all(assign(BitsAllocated=64)), refused=["BAD_BITS",
                  "TRUNCATED_FILE"]),
    *series_cases(28, "one bit allocated", on_all(assign(BitsAllocated=1, BitsStored=1, HighBit=0)),
                  refused=["BAD_BITS"]),
    *series_cases(16, "short pixels, a slope of 0 and wrong bits in three slices", several(
                  on_slice(4, cut_pixels), on_slice(1, assign(RescaleSlope="0")),
                  on_slice(2, assign(HighBit=3))), refused=["TRUNCATED_FILE", "BAD_RESCALE", "BAD_BITS"]),
]  # fmt: skip
