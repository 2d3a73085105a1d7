"""Liver function, where a study has a hepatobiliary phase to read it from."""

from __future__ import annotations

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.errors import Notice
from netlm_imaging.remnant import LiverFunction, liver_function
from netlm_imaging.study import AlignedImages
from netlm_imaging.volume import Mask


def function_of(
    images: AlignedImages | None, anatomy: Anatomy, *, remnant: Mask
) -> tuple[LiverFunction | None, tuple[Notice, ...]]:
    """``images``: the hepatobiliary phase and what was taken before contrast; None: no such phase."""
    if images is None or images.reference is None:
        return None, ()
    return liver_function(images.reference, anatomy=anatomy, remnant=remnant, precontrast=images.precontrast)
