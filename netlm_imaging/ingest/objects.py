"""DICOM objects that hold masks: opened once, told apart by their SOP class."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pydicom
from pydicom.dataset import Dataset

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import values as v
from netlm_imaging.ingest.header import quiet, read_dataset
from netlm_imaging.ingest.preamble import INFLATES, not_dicom

SEG_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
RTSTRUCT_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"
LARGEST_RTSTRUCT = 256 * 2**20
"""Bytes: their text takes many times more as numbers."""
_KINDS = {**dict.fromkeys(SEG_CLASSES, "SEG"), RTSTRUCT_CLASS: "RTSTRUCT"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ObjectLabels:
    """The segments or ROIs of an object that were asked for, as one label array [k, j, i]."""

    kind: str
    """"SEG" or "RTSTRUCT"."""
    array: npt.NDArray[Any]
    grid: Grid
    parts: int
    """How many segments or ROIs were asked for."""
    series_uid: str
    frame: str
    """UID of the frame of reference; empty where the object names none."""
    own_grid: bool = True
    """False where the grid was made for contours, which have none."""
    notices: tuple[Notice, ...] = ()


def open_object(path: Path) -> tuple[str, Dataset]:
    """("SEG" or "RTSTRUCT", the dataset). Raises InputError: UNREADABLE, TOO_LARGE."""
    if not_dicom(path) == INFLATES:
        raise InputError(_too_large(path, INFLATES))
    try:
        with quiet():
            head = pydicom.dcmread(path, specific_tags=["SOPClassUID"], stop_before_pixels=True, force=True)
        kind = _KINDS[v.text(head, "SOPClassUID")]
        if kind == "RTSTRUCT" and path.stat().st_size > LARGEST_RTSTRUCT:
            raise InputError(_too_large(path, f"more than {LARGEST_RTSTRUCT // 2**20} MiB"))
        return kind, read_dataset(path, pixels=True)
    except InputError:
        raise
    except Exception:  # damaged files raise whatever the damage leads to
        expected = "a DICOM SEG or RTSTRUCT object"
        raise InputError(
            Fault(code="UNREADABLE", expected=expected, found="another or damaged one", where=path.name)
        ) from None


def _too_large(path: Path, found: str) -> Fault:
    return Fault(code="TOO_LARGE", expected="an object that fits into memory", found=found, where=path.name)


def count_parts(path: Path) -> int | None:
    """How many segments (SEG) or ROIs (RTSTRUCT) a file describes; None where it is neither, or damaged.

    Their names are free text and stay in the file. Pixels are not read.
    """
    try:
        with quiet():
            tags = ["SegmentSequence", "StructureSetROISequence"]
            dataset = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=list(tags), force=True)
    except Exception:  # damaged files raise whatever the damage leads to
        return None
    found = [len(v.items(dataset, tag)) for tag in tags if tag in dataset]
    return found[0] if found else None
