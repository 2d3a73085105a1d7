"""The built-in segmenter: brightness, shape and uptake, no trained model, nothing to download."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Notice
from netlm_imaging.geometry import Box, Grid
from netlm_imaging.segment.findings import Findings, find_dark
from netlm_imaging.segment.images import Images, Segmentation
from netlm_imaging.segment.liver import LiverImage, find_liver
from netlm_imaging.segment.morphology import Floats
from netlm_imaging.segment.oriented import like
from netlm_imaging.segment.quality import phase_notices, require_liver, require_mr
from netlm_imaging.segment.spleen import find_spleen
from netlm_imaging.volume import LabelMap, Mask, Volume, bounding_box


class ClassicalSegmenter:
    """Liver, lesions, vessels and cysts from HBP MRI; precontrast MRI and PET help where given.

    Works on arrays turned to one orientation, so that the stored axis order changes nothing.
    """

    name = "classical"

    def segment(self, images: Images) -> Segmentation:
        """Masks on the grid of ``images.hbp``. Raises InputError (LIVER_NOT_FOUND)."""
        require_mr(images.hbp)
        grid = images.hbp.canonical().grid
        spacing = grid.spacing_kji_mm
        liver = find_liver(_floats(images.hbp), spacing)
        require_liver(Mask(liver.region, grid), liver.relative, liver.parenchyma)
        suv = None if images.suv is None else _floats(images.suv)
        found = _in_box(liver, images, bounding_box(liver.region, grid, margin_mm=10.0), grid)
        spleen = find_spleen(liver.relative, liver.region, suv=suv, spacing=spacing)
        notices = phase_notices(liver.relative, liver.parenchyma, vessels=found.vessels, spleen=spleen)
        home = images.hbp.grid
        return Segmentation(
            liver=Mask(like(liver.region, home), home),
            lesions=LabelMap(like(found.lesions, home), home),
            vessels=Mask(like(found.vessels, home), home),
            cysts=Mask(like(found.cysts, home), home),
            spleen=None if spleen is None else Mask(like(spleen, home), home),
            notices=(*notices, *_doubts(found)),
            method=self.name,
        )


def _in_box(liver: LiverImage, images: Images, box: Box, grid: Grid) -> Findings:
    """The findings of the liver's box, on the whole array."""
    part = LiverImage(liver.region[box], liver.parenchyma[box], liver.relative[box])
    found = find_dark(
        part,
        precontrast=None if images.precontrast is None else _floats(images.precontrast)[box],
        suv=None if images.suv is None else _floats(images.suv)[box],
        spacing=grid.spacing_kji_mm,
    )
    return Findings(
        _pasted(found.lesions, box, grid),
        _pasted(found.cysts, box, grid),
        _pasted(found.vessels, box, grid),
        found.doubtful,
        found.maybe_cysts,
    )


def _pasted(array: npt.NDArray[Any], box: Box, grid: Grid) -> npt.NDArray[Any]:
    whole = np.zeros(grid.shape_kji, array.dtype)
    whole[box] = array
    return whole


def _floats(volume: Volume) -> Floats:
    return np.ascontiguousarray(volume.canonical().array, dtype=np.float32)


def _doubts(found: Findings) -> tuple[Notice, ...]:
    notices = []
    if found.doubtful:
        message = (
            f"{found.doubtful} dark structures in the liver could be a lesion or a wide vessel and were"
            " taken as vessel."
        )
        notices.append(Notice(code="LESION_OR_VESSEL", message=message, where="hbp"))
    if found.maybe_cysts:
        message = (
            f"As dark as fluid and maybe no more than cysts: {found.maybe_cysts} of the lesions. They count"
            " as tumor, because without a precontrast series nothing can tell."
        )
        notices.append(Notice(code="CYST_WITHOUT_PRECONTRAST", message=message, where="hbp"))
    return tuple(notices)
