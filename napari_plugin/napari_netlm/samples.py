"""Sample patients: made once, kept beside the saved work, read from real DICOM files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from napari_netlm.layers import LayerData
from napari_netlm.opened import OpenedStudy
from napari_netlm.scene import scene_of
from napari_netlm.study import open_study
from napari_netlm.work import state_dir
from netlm_imaging.export.files import hidden_sibling, writing
from netlm_imaging.study import Progress, Silent
from netlm_sample_data import PRESETS, write_sample


def sample_folder(preset: str, *, progress: Progress | None = None) -> Path:
    """The study of a sample patient, written if it is not there yet (some seconds)."""
    progress = progress or Silent()
    folder = state_dir() / "samples" / preset
    if not folder.is_dir():
        with writing(folder.name), progress.stage("Making the sample patient"):
            folder.parent.mkdir(parents=True, exist_ok=True)
            unfinished = hidden_sibling(folder)
            write_sample(preset, unfinished, progress=progress.say)
            unfinished.rename(folder)
    return folder / "dicom"


def open_sample(preset: str, *, progress: Progress | None = None) -> OpenedStudy:
    """A sample patient, opened."""
    return open_study(sample_folder(preset, progress=progress), progress=progress)


def sample_layers(preset: str) -> list[LayerData]:
    """Its layers, for napari's menu of samples."""
    return scene_of(open_sample(preset))


type1, type2, type3, type4 = (partial(sample_layers, preset) for preset in PRESETS)
