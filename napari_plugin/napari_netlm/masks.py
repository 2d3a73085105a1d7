"""Which masks people draw, and what these are together; no Qt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy.typing as npt

from napari_netlm.frame import Frame
from napari_netlm.opened import OpenedStudy, anatomy_of
from netlm_imaging.anatomy import Anatomy
from netlm_imaging.lesions import label_components
from netlm_imaging.review import Review, counted
from netlm_imaging.volume import LabelMap, Mask

EDITABLE = ("lesions", "liver", "segments", "vessels", "portal_vein", "cysts", "spleen")
"""Masks that people may correct; the rest of a case (treated, remnant, ...) follows from them."""
LABELED = ("lesions", "segments")
"""Masks whose values tell parts apart."""


def anatomy_drawn(
    study: OpenedStudy, frame: Frame, arrays: Mapping[str, npt.NDArray[Any]], review: Review
) -> Anatomy | None:
    """A copy of masks as the viewer has them, without rejected lesions, and the rest of a study.

    None without liver or lesions.
    """
    drawn: dict[str, LabelMap] = {}
    for key, array in arrays.items():
        labels = frame.labels(array)
        if key == "segments" and not labels.array.any():
            continue  # nobody has set them yet
        drawn[key] = counted(labels, review) if key == "lesions" else labels
    return anatomy_of({**study.masks, **{k: m if k in LABELED else m.any for k, m in drawn.items()}})


def used_as(labels: LabelMap, key: str) -> LabelMap | Mask:
    """The mask ``key`` of these labels; lesions of one value fall apart into their connected components."""
    if key not in LABELED:
        return labels.any
    return label_components(labels.any) if key == "lesions" and len(labels.labels) == 1 else labels
