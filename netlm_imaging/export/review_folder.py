"""The folder of a review: masks as reviewed, on the grid that they came on, and the audit trail."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from netlm_imaging.export.files import writing
from netlm_imaging.export.nifti import write_nifti
from netlm_imaging.plan.plan_file import mask_sha256
from netlm_imaging.review.method import segments_method
from netlm_imaging.review.records import Event, Hash, Part, Review, counted
from netlm_imaging.review.trail import HEADER, line_of
from netlm_imaging.volume import LabelMap, Mask

REVIEW_FOLDER = "review"
"""Beside case.json. A new case never replaces a folder that holds one."""
TRAIL_FILE = "review.jsonl"
REJECTED_FILE = "rejected.nii.gz"


def append_event(folder: Path, event: Event) -> None:
    """Add ``event`` to the audit trail in ``folder``, which is made where it is missing.

    On the disk when this returns. A line that a crash cut short makes way. Raises UsageError (DISK_FULL,
    NO_PERMISSION, WRITE_FAILED).
    """
    with writing(TRAIL_FILE):
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / TRAIL_FILE).open("a+b") as file:
            file.seek(0)
            kept = file.read()
            whole = kept.rfind(b"\n") + 1
            if whole < len(kept):
                file.truncate(whole)
            file.write((("" if whole else HEADER) + line_of(event)).encode())
            file.flush()
            os.fsync(file.fileno())


def write_review(folder: Path, masks: Mapping[Part, LabelMap | Mask], review: Review, event: Event) -> Event:
    """Write reviewed masks into ``folder`` and add ``event``, of action ``saved``, with their hashes.

    ``lesions.nii.gz`` holds the lesions that count, under their numbers; the rejected ones stand in
    ``rejected.nii.gz``, so that a rejection can be taken back. ``masks["lesions"]`` holds both. Each file is
    written whole or not at all. Returns the event as written. Raises UsageError (DISK_FULL, NO_PERMISSION,
    WRITE_FAILED).
    """
    with writing(folder.name):
        folder.mkdir(parents=True, exist_ok=True)
    files = {f"{part}.nii.gz": mask for part, mask in masks.items()}
    lesions = masks.get("lesions")
    if isinstance(lesions, LabelMap):
        count = counted(lesions, review)
        rejected = LabelMap(np.where(count.array > 0, 0, lesions.array), lesions.grid)
        files |= {"lesions.nii.gz": count, REJECTED_FILE: rejected}
    for name, mask in files.items():
        method = segments_method(review) if name == "segments.nii.gz" else ""
        write_nifti(mask, folder / name, method=method)
    saved = replace(event, masks=tuple(Hash(file=n, sha256=mask_sha256(m)) for n, m in files.items()))
    append_event(folder, saved)
    return saved
