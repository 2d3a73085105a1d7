"""What runs and the viewer share: a study's images on one planning grid, and what a finished case holds."""

from netlm_imaging.read_options import ReadOptions
from netlm_imaging.study.choice import ChosenSeries, choose_series, same_frame
from netlm_imaging.study.finished import (
    case_masks,
    device_comparison,
    planned_fields,
    planned_lesions,
    remnant_warnings,
)
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
    "case_masks",
    "choose_series",
    "device_comparison",
    "dicom_source",
    "on_grid",
    "planned_fields",
    "planned_lesions",
    "read_chosen",
    "read_images",
    "remnant_warnings",
    "same_frame",
    "with_pet",
]
