"""A review in the folder beside its case: found again, and saved; no Qt."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from napari_netlm.desk import Desk
from napari_netlm.judged import RECORD, record_line
from napari_netlm.masks import LABELED
from netlm_imaging.errors import Fault, InputError, Notice, UsageError
from netlm_imaging.export import append_event, write_review
from netlm_imaging.ingest import read_mask, read_review, read_reviewed_lesions
from netlm_imaging.review import Event, Part, Review
from netlm_imaging.review.trail import WHERE
from netlm_imaging.volume import LabelMap, Mask, require_on

FOLDER = "review"
PARTS: tuple[Part, ...] = get_args(Part)


def open_review(desk: Desk) -> tuple[Notice, ...]:
    """Take up the review saved beside the case, unless newer work on it is there; what to tell of it.

    One that cannot be read is told and left alone: nothing is written over it.
    """
    if RECORD in desk.records:
        return ()
    try:
        review, notices = saved_review(desk)
    except InputError as error:
        return tuple(Notice(code=f.code, message=f"The saved review is not shown: {f}") for f in error.faults)
    if review.events:  # not told as a change: it is saved
        desk.records[RECORD] = [record_line(event) for event in review.events]
    return notices


def saved_review(desk: Desk) -> tuple[Review, tuple[Notice, ...]]:
    """The review saved beside the case of ``desk``, its masks shown; an empty one where there is none.

    Raises InputError: UNREADABLE, BAD_REVIEW, those of ``read_mask``; GridMismatch.
    """
    folder = desk.study.path / FOLDER
    if not (folder / WHERE).exists():
        return Review.of(), ()
    review, notices = read_review(folder)
    found: dict[Part, LabelMap] = {}
    for part in PARTS:
        path = folder / f"{part}.nii.gz"
        if path.exists():
            found[part] = read_reviewed_lesions(folder) if part == "lesions" else read_mask(str(path)).labels
            require_on(desk.study.grid, (found[part],), what=f"the reviewed {part} on the study's grid")
    for part, labels in found.items():
        desk.show_labels(part, labels if part in LABELED else labels.any)
    return review, notices


def save_review(desk: Desk, review: Review, folder: Path, saved: Event) -> Event:
    """Masks of ``desk`` and all of ``review`` into ``folder``; returns ``saved`` as it was written.

    Raises UsageError: DISK_FULL, NO_PERMISSION, WRITE_FAILED; OTHER_REVIEW where another one is there.
    """
    kept, _ = read_review(folder)
    known = len(kept.events)
    if kept.events != review.events[:known]:
        raise UsageError(
            Fault(
                code="OTHER_REVIEW",
                expected="the folder of this review, or a new one",
                found="another review",
                where=folder.name,
                remedy="Choose another folder",
            )
        )
    for event in review.events[known:]:
        append_event(folder, event)
    masks: dict[Part, LabelMap | Mask] = {
        part: desk.labels(part) if part in LABELED else desk.mask(part)
        for part in PARTS
        if desk.layer(part) is not None
    }
    return write_review(folder, masks, review, saved)
