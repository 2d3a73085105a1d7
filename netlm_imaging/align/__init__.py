"""One planning grid for all: resampling and registration."""

from netlm_imaging.align.body import body_mask, check_place, grown
from netlm_imaging.align.labels import bring_labels
from netlm_imaging.align.registration import Fit, register
from netlm_imaging.align.resampling import resample
from netlm_imaging.align.rigid import Rigid, rigid
from netlm_imaging.align.surroundings import surroundings

__all__ = [
    "Fit",
    "Rigid",
    "body_mask",
    "bring_labels",
    "check_place",
    "grown",
    "register",
    "resample",
    "rigid",
    "surroundings",
]
