"""Masks to the lesion table: measures, sides, matching, burden, pattern."""

from netlm_imaging.lesions.burden import burden_class, liver_volumes, pattern
from netlm_imaging.lesions.isotropic import on_isotropic_grid
from netlm_imaging.lesions.matching import Matching, match
from netlm_imaging.lesions.measures import measure
from netlm_imaging.lesions.overlaps import combine
from netlm_imaging.lesions.pet_uptake import uptake
from netlm_imaging.lesions.preparation import prepare
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern, SeenOn, Uptake
from netlm_imaging.lesions.regions import label_components

__all__ = [
    "Lesion",
    "LiverVolumes",
    "Matching",
    "Pattern",
    "SeenOn",
    "Uptake",
    "burden_class",
    "combine",
    "label_components",
    "liver_volumes",
    "match",
    "measure",
    "on_isotropic_grid",
    "pattern",
    "prepare",
    "uptake",
]
