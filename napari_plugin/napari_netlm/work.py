"""The work of a person on one study, on disk: masks as drawn and what was decided; no Qt.

One folder a study, named by what was opened and not by where it lay, so that it is found again when
the study has moved. Its files appear whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from filelock import FileLock, Timeout

from napari_netlm.desk import Desk
from napari_netlm.judged import Journal
from napari_netlm.masks import LABELED
from napari_netlm.opened import OpenedStudy
from napari_netlm.review_files import PARTS
from netlm_imaging.errors import Fault, InputError, Notice, UsageError
from netlm_imaging.export import write_nifti
from netlm_imaging.export.files import write_file, writing
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import read_mask
from netlm_imaging.ingest.privacy import fingerprint
from netlm_imaging.review import Change
from netlm_imaging.review.records import LONGEST_NAME
from netlm_imaging.volume import LabelMap, Mask

SCHEMA = "netlm-work/1"
STATE_DIR = "NETLM_STATE_DIR"
"""Environment variable: where to keep work instead of the user's own data folder."""
_RECORDS, _REVIEWER = "records.json", "reviewer.txt"
_MASKS, _STROKES, _NIFTI = "masks", "strokes", ".nii.gz"
_names: WeakKeyDictionary[OpenedStudy, str] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was saved."""

    masks: dict[str, LabelMap] = field(default_factory=dict)
    strokes: dict[str, LabelMap] = field(default_factory=dict)
    """Masks with a stroke that was not finished, over those of ``masks``."""
    records: dict[str, Any] = field(default_factory=dict)
    saved: datetime | None = None
    notices: tuple[Notice, ...] = ()
    """Of files that could not be read."""

    @property
    def empty(self) -> bool:
        """Nothing was saved."""
        return not (self.masks or self.strokes or self.records)


def work_folder(study: OpenedStudy) -> Path:
    """Where the work on this study is kept; it need not exist."""
    return state_dir() / "work" / name_of(study)


def name_of(study: OpenedStudy) -> str:
    """By what was opened; worked out once, which takes a tenth of a second for a large image."""
    if study not in _names:
        if study.case is not None:
            name = hashlib.sha256(study.case.to_json().encode()).hexdigest()
        else:
            name = fingerprint(study.images[0].volume)
        _names[study] = name[:16]
    return _names[study]


def save_mask(folder: Path, key: str, labels: LabelMap) -> None:
    """The part of a mask that is not empty. Raises UsageError (DISK_FULL, NO_PERMISSION, WRITE_FAILED)."""
    _save(folder / _MASKS, key, labels)
    (folder / _STROKES / f"{key}{_NIFTI}").unlink(missing_ok=True)  # it holds them


def save_stroke(folder: Path, key: str, labels: LabelMap) -> None:
    """As ``save_mask``, with a stroke that is not finished."""
    _save(folder / _STROKES, key, labels)


def save_records(folder: Path, records: dict[str, Any]) -> None:
    """What was decided. Raises UsageError as ``save_mask`` does."""
    _make(folder)
    write_file(folder / _RECORDS, json.dumps({"schema": SCHEMA, "records": records}, indent=1).encode())


class HeldWork:
    """The work folder of a study, held by one window alone.

    Raises UsageError (STUDY_OPEN) while another one holds it. A process that dies lets go by that.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = FileLock(folder.with_suffix(".lock"), timeout=0, thread_local=False)
        try:
            _make(folder.parent)
            self._lock.acquire()
        except Timeout:
            raise UsageError(
                Fault(
                    code="STUDY_OPEN",
                    expected="one window for each study: work is saved as it is done",
                    found="this study open in another window",
                    remedy="Go on there, or close it there first",
                )
            ) from None
        except (UsageError, OSError):  # nothing can be saved here, which the window says all the time
            return

    def release(self) -> None:
        """Others may work on it."""
        self._lock.release()


def load_work(folder: Path, grid: Grid) -> Work:
    """What was saved in a work folder; a file that is damaged is told and left out."""
    records, notices = {}, []
    found: dict[str, dict[str, LabelMap]] = {_MASKS: {}, _STROKES: {}}
    masks = [file for kind in found for file in sorted((folder / kind).glob(f"*{_NIFTI}"))]
    times = [file.stat().st_mtime for file in (*masks, folder / _RECORDS) if file.is_file()]
    for file in masks:
        if _is_finished(file):
            continue
        try:
            labels = read_mask(str(file)).labels.paste_into(grid)
        except InputError as error:
            notices.append(_lost(file, str(error)))
        else:
            found[file.parent.name][file.name.removesuffix(_NIFTI)] = labels
    if (folder / _RECORDS).is_file():
        try:
            records = json.loads((folder / _RECORDS).read_bytes())["records"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            notices.append(_lost(folder / _RECORDS, type(error).__name__))
    return Work(
        masks=found[_MASKS],
        strokes=found[_STROKES],
        records=records,
        saved=datetime.fromtimestamp(max(times)) if times else None,
        notices=tuple(notices),
    )


def restore(desk: Desk, work: Work) -> tuple[Notice, ...]:
    """Put saved work on the desk; what to tell of it."""
    if work.empty:
        return work.notices
    for key, labels in work.masks.items():
        desk.show_labels(key, _as_shown(key, labels))
    for name, value in work.records.items():
        desk.record(name, value)
    when = f"{work.saved:%Y-%m-%d %H:%M}" if work.saved else "before"
    said = Notice(
        code="WORK_RESTORED",
        message=f"Your work of {when} is here again: {', '.join([*work.masks, *work.records])}. "
        "Discard it to see the study as it was.",
    )
    return (said, *work.notices)


def recover(desk: Desk, strokes: Mapping[str, LabelMap]) -> tuple[Notice, ...]:
    """Finish strokes that a crash cut short; the audit trail tells of each, the notices too."""
    found = []
    for key, labels in strokes.items():
        before = desk.voxels(key)
        before = None if before is None else np.array(before)
        now = np.asarray(desk.show_labels(key, _as_shown(key, labels)).data)
        change = Change.between(np.zeros_like(now) if before is None else before, now)
        if not change.voxels.size:
            continue
        if key in PARTS:
            with suppress(InputError):  # a trail that cannot be read is left alone
                Journal(desk, who="", now=lambda: datetime.now(UTC)).log_edit("recovered", key, change, None)
        message = f"A stroke was cut short and is kept: {change.voxels.size} voxels of {key}. "
        found.append(Notice(code="STROKE_RECOVERED", message=message + "Look at it, or discard your work."))
    return tuple(found)


def discard_work(study: OpenedStudy) -> None:
    """Remove what was saved on this study."""
    shutil.rmtree(work_folder(study), ignore_errors=True)


def last_reviewer() -> str:
    """The name with which somebody reviewed last on this account; empty where nobody did."""
    try:
        return (state_dir() / _REVIEWER).read_text(encoding="utf-8")[:LONGEST_NAME]
    except (OSError, UnicodeDecodeError):
        return ""


def keep_reviewer(name: str) -> None:
    """Keep ``name`` for the next review. Raises UsageError as ``save_mask`` does."""
    _make(state_dir())
    write_file(state_dir() / _REVIEWER, name.strip().encode())


def state_dir() -> Path:
    """Where work and samples are kept: the user's own data folder, or NETLM_STATE_DIR."""
    named = os.environ.get(STATE_DIR)
    if named:
        return Path(named)
    from platformdirs import user_data_path  # comes with napari

    return Path(user_data_path("netlm-imaging", appauthor=False))


def _as_shown(key: str, labels: LabelMap) -> LabelMap | Mask:
    return labels if key in LABELED or len(labels.labels) > 1 else labels.any


def _save(folder: Path, key: str, labels: LabelMap) -> None:
    _make(folder)
    region = labels.any
    box = region.bounding_box() if region.voxels else (slice(0, 1),) * 3
    write_nifti(labels.crop(box), folder / f"{key}{_NIFTI}")


def _is_finished(file: Path) -> bool:
    """A stroke that the mask holds: it was killed before it could remove this file."""
    mask = file.parent.parent / _MASKS / file.name
    return file.parent.name == _STROKES and mask.exists() and _written_ns(mask) >= _written_ns(file)


def _written_ns(file: Path) -> int:
    return file.stat().st_mtime_ns


def _make(folder: Path) -> None:
    with writing(folder.name):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)  # drawn on a patient


def _lost(file: Path, why: str) -> Notice:
    return Notice(code="WORK_DAMAGED", message=f"Saved work could not be read: {why}", where=file.name)
