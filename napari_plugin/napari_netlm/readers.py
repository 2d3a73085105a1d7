"""napari readers: a finished case, a study, or one file of labels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from napari_netlm.layers import LayerData, layer
from napari_netlm.scene import scene_of
from napari_netlm.study import CASE_FILE, open_study
from netlm_imaging.ingest import read_mask, scan

Reader = Callable[[str | list[str]], list[LayerData]]


def get_reader(path: str | list[str]) -> Reader | None:
    """A reader for a folder, a zip, a case.json or a DICOM SEG or RTSTRUCT; None (not ours) otherwise."""
    if not isinstance(path, str):
        return None
    at = Path(path)
    if at.is_dir() or at.name == CASE_FILE or at.suffix.lower() == ".zip":
        return _read_study
    return _read_labels if at.suffix.lower() == ".dcm" and _is_object(at) else None


def _read_study(path: str | list[str]) -> list[LayerData]:
    """All layers of a study or a finished case. Raises NetlmError: the faults of the command line."""
    at = Path(str(path))
    return scene_of(open_study(at.parent if at.name == CASE_FILE else at))


def _read_labels(path: str | list[str]) -> list[LayerData]:
    """SEG or RTSTRUCT on its own grid."""
    at = Path(str(path))
    return [layer(read_mask(str(at)).labels, "Labels")]


def _is_object(path: Path) -> bool:
    """Whether a DICOM file holds a SEG or RTSTRUCT."""
    from netlm_imaging.errors import NetlmError

    try:
        return any(s.role in ("seg", "rtstruct") for s in scan(path).series)
    except NetlmError:
        return False
