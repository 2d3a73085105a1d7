"""What files that somebody drops or chooses stand for; no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.ingest.header import quiet

_MASKS = (".nii", ".gz", ".nrrd", ".nhdr")
_OBJECTS = ("SEG", "RTSTRUCT")


def to_open(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Studies first, then masks. Single DICOM images stand for the folder that they lie in, once.

    Raises UsageError (SEVERAL_FOLDERS) for images of several folders.
    """
    found: dict[Path, None] = {}
    folders: dict[Path, None] = {}
    for path in paths:
        if path.parent in folders and _may_be_dicom(path):
            continue  # it comes with its folder, masks too
        if _is_image(path):
            folders[path.parent] = None
        else:
            found[path] = None
    if len(folders) > 1:
        raise UsageError(
            Fault(
                code="SEVERAL_FOLDERS",
                expected="DICOM images of one folder",
                found=f"those of {len(folders)}",
                remedy="Drop the folder of the study",
            )
        )
    masks = [path for path in found if not (path.parent in folders and _may_be_dicom(path))]
    return tuple(sorted((*folders, *masks), key=is_study, reverse=True))


def is_study(path: Path) -> bool:
    """Whether it is opened in place of what is there: a folder or a zip; else it is a mask."""
    return path.is_dir() or path.suffix.lower() == ".zip"


def _may_be_dicom(path: Path) -> bool:
    return not is_study(path) and path.suffix.lower() not in _MASKS


def _is_image(path: Path) -> bool:
    """Whether it is DICOM, and no SEG or RTSTRUCT."""
    if not (_may_be_dicom(path) and path.is_file()):
        return False
    try:
        with quiet():
            header = dcmread(path, stop_before_pixels=True, specific_tags=["Modality"])
    except (InvalidDicomError, OSError):
        return False
    return str(header.get("Modality", "")).upper() not in _OBJECTS
