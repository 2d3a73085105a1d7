"""The images of one SeriesInstanceUID to Series: split, de-duplicated, stacked, checked, named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from netlm_imaging.errors import Fault, Notice
from netlm_imaging.ingest.concatenation import concatenation_faults, concatenation_notices
from netlm_imaging.ingest.duplicates import drop_repeated_positions, drop_repeated_uids
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.patients import series_faults
from netlm_imaging.ingest.privacy import hashed
from netlm_imaging.ingest.roles import describe, role_of
from netlm_imaging.ingest.split import Part, is_localizer, split
from netlm_imaging.ingest.stack import Stack, build_stack
from netlm_imaging.ingest.study import Series

_ELEMENT_BYTES = 8
"""Tag and length before the pixels, at least."""
_OBJECTS = ("SEG", "RTSTRUCT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A series before it has a number; faults and notices without ``where``."""

    part: Part
    stack: Stack | None
    faults: tuple[Fault, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def sort_key(self) -> tuple[object, ...]:
        """By series number, then UID, then the part's place in its series."""
        h = self.part.headers[0]
        return (h.series_number is None, h.series_number or 0, h.series_uid)


def drafts_of(headers: Sequence[Header]) -> tuple[list[Draft], dict[str, list[str]]]:
    """The volumes of one SeriesInstanceUID, and the files left out by reason."""
    if headers[0].modality in _OBJECTS:
        return [Draft(part=Part(headers=(h,)), stack=None) for h in headers], {}
    left_out: dict[str, list[str]] = defaultdict(list)
    if is_localizer(headers):
        return [], {"localizer": [h.where for h in headers]}
    kept, faults, notices = drop_repeated_uids(headers)
    faults = [*faults, *series_faults(headers), *concatenation_faults(kept)]
    notices = [*notices, *_uid_notices(headers), *concatenation_notices(kept)]
    drafts = []
    parts = split(kept)
    for part in parts:
        if len(part.headers) == 1 and part.headers[0].frames == 1:
            left_out["single image, no volume"].append(part.headers[0].where)
            continue
        drafts.append(_draft(part, faults, notices, whole=len(parts) == 1))
    return drafts, dict(left_out)


def _draft(part: Part, faults: list[Fault], notices: list[Notice], *, whole: bool) -> Draft:
    headers, dropped = drop_repeated_positions(part.headers)
    if any(h.undescribed for h in headers):
        stack = Stack(order=tuple(range(len(headers))), grid=None, faults=(_multiframe(headers),))
    else:
        stack = build_stack(headers)
    ordered = tuple(headers[n] for n in stack.order)
    return Draft(
        part=Part(headers=ordered, split_by=part.split_by),
        stack=stack,
        faults=(*faults, *part.faults, *stack.faults, *_content_faults(ordered)),
        notices=(
            *notices,
            *dropped,
            *stack.notices,
            *_split_notices(part),
            *_lossy_notices(ordered),
            *_count_notices(ordered, whole=whole),
        ),
    )


def _multiframe(headers: Sequence[Header]) -> Fault:
    """Frames that cannot be told apart."""
    h = max(headers, key=lambda h: h.frames)
    if h.described_frames:
        return Fault(
            code="FRAME_COUNT",
            expected="a description of each frame",
            found=f"{h.frames} frames with {h.described_frames} descriptions, {h.where}",
            remedy="Export the series again",
        )
    return Fault(
        code="MULTIFRAME_UNSUPPORTED",
        expected="one image a file, or an enhanced object that says where each frame lies",
        found=f"a file of {h.frames} frames that does not",
        remedy="Export the series as classic (single-frame) DICOM",
    )


def _content_faults(headers: Sequence[Header]) -> list[Fault]:
    """What is wrong with the values or the files of a series."""
    some_rescaled = any(h.slope is not None and not _bad_rescale(h) for h in headers)
    checks: list[tuple[str, str, Callable[[Header], bool]]] = [
        ("NO_RESCALE", "RescaleSlope and RescaleIntercept", _no_rescale),
        ("NO_RESCALE", "a rescale in all images or in none", lambda h: some_rescaled and _no_slope(h)),
        ("BAD_BITS", "BitsStored within BitsAllocated of 8, 16 or 32, at its low end", _bad_bits),
        ("BAD_RESCALE", "a finite RescaleSlope other than 0", _bad_rescale),
        ("MODALITY_LUT", "a linear rescale", lambda h: h.modality_lut),
        ("TRUNCATED_FILE", "a file as long as its pixels need", _too_short),
    ]
    faults = []
    for code, expected, wrong in checks:
        bad = [h for h in headers if wrong(h)]
        if bad:
            found = f"{len(bad)} of {len(headers)} images that are not so, first {bad[0].where}"
            faults.append(Fault(code=code, expected=expected, found=found, remedy="Export the series again"))
    return faults


def _no_rescale(h: Header) -> bool:
    if h.undescribed:
        return False  # nothing is known of its frames, which is a fault already
    return (h.modality in ("CT", "PT") and h.slope is None) or (h.modality == "CT" and h.intercept is None)


def _no_slope(h: Header) -> bool:
    return h.modality == "MR" and h.slope is None and not h.undescribed


def _bad_bits(h: Header) -> bool:
    fits = 1 <= h.bits_stored <= h.high_bit + 1 <= h.bits_allocated
    # Decoders drop what lies above BitsStored before we see it: there the low end alone is safe.
    shifted = not h.plain and h.high_bit + 1 != h.bits_stored
    return h.bits_allocated not in (8, 16, 32) or not fits or shifted


def _bad_rescale(h: Header) -> bool:
    slope = 1.0 if h.slope is None else h.slope
    intercept = h.intercept or 0.0
    return not (abs(slope) < 1e9 and abs(intercept) < 1e9) or slope == 0


def _too_short(h: Header) -> bool:
    return h.native and h.size_bytes - h.pixels_at < h.pixel_bytes + _ELEMENT_BYTES


def _uid_notices(headers: Sequence[Header]) -> list[Notice]:
    if headers[0].series_uid:
        return []
    message = "No SeriesInstanceUID: the images of one folder, modality, frame of reference and size"
    return [Notice(code="SERIES_UID_MISSING", message=message)]


def _split_notices(part: Part) -> list[Notice]:
    if not part.split_by:
        return []
    rule = ", then ".join(part.split_by)
    return [
        Notice(
            code="SERIES_SPLIT",
            message=f"One of several volumes under one SeriesInstanceUID, split by {rule}",
        )
    ]


def _lossy_notices(headers: Sequence[Header]) -> list[Notice]:
    lossy = sum(h.lossy for h in headers)
    if not lossy:
        return []
    message = (
        f"{lossy} of {len(headers)} images were compressed with loss: values are not those of the scanner"
    )
    if headers[0].modality == "PT":
        message += ", SUV are not reliable"
    return [Notice(code="LOSSY_COMPRESSION", message=message)]


def _count_notices(headers: Sequence[Header], *, whole: bool) -> list[Notice]:
    """Signs that slices are missing at an end, where positions cannot tell."""
    declared = max((h.declared_slices or 0 for h in headers), default=0)
    numbers = sorted({h.instance_number for h in headers if h.instance_number is not None})
    if declared > len(headers) and whole:
        message = f"{len(headers)} images of {declared} that the files declare"
    elif whole and len(numbers) == len(headers) and numbers[-1] - numbers[0] >= len(headers):
        message = f"Instance numbers {numbers[0]} to {numbers[-1]} for {len(headers)} images"
    elif whole and len(numbers) == len(headers) and 1 < numbers[0] <= len(headers):
        message = f"Instance numbers begin at {numbers[0]}"
    else:
        return []
    return [Notice(code="SLICES_MAY_BE_MISSING", message=f"{message}: slices may be missing at an end")]


def numbered(drafts: Sequence[Draft]) -> tuple[Series, ...]:
    """The series in a stable order, numbered from 1."""
    ordered = sorted(drafts, key=lambda draft: draft.sort_key)
    return tuple(_series(draft, number) for number, draft in enumerate(ordered, start=1))


def _series(draft: Draft, number: int) -> Series:
    first = draft.part.headers[0]
    where = f"series {number}"
    verdict = role_of(first)
    return Series(
        number=number,
        role=verdict.role,
        role_reason=verdict.reason,
        role_confidence=verdict.confidence,
        modality=first.modality,
        uid_hash=hashed(first.series_uid),
        frame_uid_hash=hashed(first.frame_of_reference),
        study_uid_hash=hashed(first.study_uid),
        instances=len({h.path for h in draft.part.headers}),
        description=describe(first, verdict.facts),
        facts=verdict.facts,
        split_by=draft.part.split_by,
        grid=draft.stack.grid if draft.stack and not draft.faults else None,
        notices=tuple(replace(notice, where=where) for notice in (*verdict.notices, *draft.notices)),
        faults=tuple(replace(fault, where=where) for fault in draft.faults),
        headers=draft.part.headers,
        stack=draft.stack,
    )
