"""napari writers: one layer as NIfTI, or labels as DICOM SEG, exactly on the grid that it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export import write_nifti as write
from netlm_imaging.export import write_seg as write_object
from netlm_imaging.geometry import Grid
from netlm_imaging.study import dicom_source
from netlm_imaging.volume import LabelMap, Volume


def write_nifti(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Labels or an image of an opened study. Raises UsageError (NO_GRID) for a layer of unknown place."""
    kind = LabelMap if "contour" in attributes else Volume  # an attribute that labels alone have
    return [str(write(kind.from_canonical(np.asarray(data), _grid(attributes)), Path(path)))]


def write_seg(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Labels as a SEG in the study of the images that they were drawn on.

    Raises UsageError: NO_GRID, NO_DICOM_WRITTEN for a study that was not opened from DICOM images or that
    no object can refer to, and as ``netlm_imaging.export.write_seg`` does.
    """
    labels = LabelMap.from_canonical(np.asarray(data), _grid(attributes))
    ours = attributes["metadata"]["netlm"]
    read = getattr(ours.get("study"), "read", None)
    source, notices = dicom_source(None if read is None else read.series)
    if source is None:
        raise UsageError(
            Fault(
                code="NO_DICOM_WRITTEN",
                expected="a mask of a study that was opened from its DICOM images",
                found=notices[0].message if notices else "one without",
                remedy="Open the case with its study, or save as NIfTI",
            )
        )
    return [str(write_object(str(ours["key"]), labels, Path(path), source=source))]


def _grid(attributes: dict[str, Any]) -> Grid:
    grid = attributes.get("metadata", {}).get("netlm", {}).get("grid")
    if not isinstance(grid, Grid):
        raise UsageError(
            Fault(
                code="NO_GRID",
                expected="a layer of an opened study or mask, whose place in the patient is known",
                found="another layer",
                remedy="Draw on a mask of the study, and save that",
            )
        )
    return grid
