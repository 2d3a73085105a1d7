"""The same image twice: dropped when it is the same, refused when it is not."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.pixels import pixel_digest
from netlm_imaging.ingest.split import by_position


def drop_repeated_uids(headers: Sequence[Header]) -> tuple[list[Header], list[Fault], list[Notice]]:
    """One image a SOPInstanceUID; UID_CONFLICT where the pixels or positions under one UID differ."""
    groups: dict[tuple[str, int | None], list[Header]] = defaultdict(list)
    for h in headers:
        groups[h.sop_uid or h.where, h.frame].append(h)
    # Under one UID at several positions: all count, lest the others look like missing slices.
    kept = [h for group in groups.values() for h in {h.position: h for h in reversed(group)}.values()]
    faults, dropped = [], 0
    for group in groups.values():
        if len(group) > 1 and not _same_image(group):
            faults.append(
                Fault(
                    code="UID_CONFLICT",
                    expected="one image under one SOPInstanceUID",
                    found=f"{len(group)} different ones: {', '.join(h.where for h in group[:3])}",
                    remedy="Keep the right one of them",
                )
            )
        dropped += len(group) - 1
    return kept, faults, _notices(0 if faults else dropped)


def drop_repeated_positions(headers: Sequence[Header]) -> tuple[list[Header], list[Notice]]:
    """One image a position where the others there are the same; different ones are left for the stack."""
    repeated = {
        id(h) for group in by_position(headers).values() for h in group[1:] if _same_image([group[0], h])
    }
    return [h for h in headers if id(h) not in repeated], _notices(len(repeated))


def _same_image(group: Sequence[Header]) -> bool:
    if len({(h.position, h.orientation, h.slope, h.intercept, h.rows, h.columns) for h in group}) > 1:
        return False
    if _same_files(group):
        return True
    try:
        return len(Counter(pixel_digest(h) for h in group)) == 1
    except InputError:
        return False


def _same_files(group: Sequence[Header]) -> bool:
    """Copies of one file; frames of one file share it and are different all the same."""
    if len({h.path for h in group}) < len(group) or len({(h.size_bytes, h.frame) for h in group}) > 1:
        return False
    return len({h.path.read_bytes() for h in group}) == 1


def _notices(dropped: int) -> list[Notice]:
    if not dropped:
        return []
    return [
        Notice(code="DUPLICATE_DROPPED", message=f"{dropped} images were there twice; one of each was used")
    ]
