"""One study's images, chosen by role, read, and on one planning grid: what runs and the viewer share."""

from netlm_imaging.read_options import ReadOptions
from netlm_imaging.study.choice import ChosenSeries, choose_series, same_frame
from netlm_imaging.study.images import (
    AlignedImages,
    StudyImages,
    on_grid,
    read_chosen,
    read_images,
    with_pet,
)
from netlm_imaging.study.progress import Progress, Silent
from netlm_imaging.study.source import dicom_source

__all__ = [
    "AlignedImages",
    "ChosenSeries",
    "Progress",
    "ReadOptions",
    "Silent",
    "StudyImages",
    "choose_series",
    "dicom_source",
    "on_grid",
    "read_chosen",
    "read_images",
    "same_frame",
    "with_pet",
]
