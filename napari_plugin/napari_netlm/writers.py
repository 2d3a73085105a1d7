"""napari writers: layers as NIfTI, or labels as DICOM SEG, exactly on the grid that they came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_netlm.desk import Desk, key_of
from napari_netlm.layers import LayerData
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export import check_empty
from netlm_imaging.export import write_nifti as write
from netlm_imaging.export import write_seg as write_object
from netlm_imaging.export.files import writing
from netlm_imaging.geometry import Grid
from netlm_imaging.study import dicom_source
from netlm_imaging.volume import LabelMap, Volume


def write_nifti(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Labels or an image of an opened study. Raises UsageError (NO_GRID) for a layer of unknown place."""
    kind = Volume if "contrast_limits" in attributes else LabelMap  # an attribute that images alone have
    return [str(write(kind.from_canonical(np.asarray(data), _grid(attributes)), Path(path)))]


def write_folder(path: str, layers: Sequence[LayerData]) -> list[str]:
    """Images and masks of an opened study as NIfTI, named by what they are; all others as napari saves them.

    All layers of a study bring those with them that are not made yet. What only marks a place (crosshair,
    handles) is left out. Raises UsageError as ``netlm_imaging.export.check_empty`` does.
    """
    folder, names = Path(path), Counter[str]()
    check_empty(folder)
    with writing(folder.name):
        folder.mkdir(parents=True, exist_ok=True)
    written: list[str] = []
    for data, attributes, kind in (*layers, *_still_waiting(layers)):
        if kind in ("image", "labels") and "grid" in _ours(attributes):
            key = str(_ours(attributes)["key"])
            names[key] += 1  # napari duplicates layers
            name = key if names[key] == 1 else f"{key}_{names[key]}"
            written += write_nifti(str(folder / f"{name}.nii.gz"), data, attributes)
    others = [data for data in layers if not _ours(data[1])]
    return [*written, *(_as_napari_does(path, others) if others else ())]


def write_seg(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Labels as a SEG in the study of the images that they were drawn on.

    Raises UsageError: NO_GRID, NO_DICOM_WRITTEN for a study that was not opened from DICOM images or that
    no object can refer to, and as ``netlm_imaging.export.write_seg`` does.
    """
    labels = LabelMap.from_canonical(np.asarray(data), _grid(attributes))
    ours = _ours(attributes)
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


def _still_waiting(layers: Sequence[LayerData]) -> Iterator[LayerData]:
    """Layers that are not made yet of the study of which all others are given."""
    given = [_ours(attributes) for _, attributes, _ in layers]
    desk = next((ours["desk"] for ours in given if isinstance(ours.get("desk"), Desk)), None)
    if desk is not None and {key_of(layer) for layer in desk.layers()} <= {ours.get("key") for ours in given}:
        yield from (desk.waiting[key] for key in desk.waiting.keys)


def _as_napari_does(path: str, layers: Sequence[LayerData]) -> list[str]:
    from npe2 import PluginManager

    written = PluginManager.instance().commands.execute("napari.write_directory", args=(path, list(layers)))
    return list(written)


def _ours(attributes: dict[str, Any]) -> dict[str, Any]:
    found = attributes.get("metadata", {}).get("netlm")
    return found if isinstance(found, dict) else {}


def _grid(attributes: dict[str, Any]) -> Grid:
    grid = _ours(attributes).get("grid")
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
