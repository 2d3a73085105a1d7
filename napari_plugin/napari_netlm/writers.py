"""napari writers: one layer as NIfTI, exactly on the grid that it came from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export import write_nifti as write
from netlm_imaging.volume import LabelMap, Volume


def write_nifti(path: str, data: Any, attributes: dict[str, Any]) -> list[str]:
    """Labels or an image of an opened study. Raises UsageError (NO_GRID) for a layer of unknown place."""
    grid = attributes.get("metadata", {}).get("netlm", {}).get("grid")
    if grid is None:
        raise UsageError(
            Fault(
                code="NO_GRID",
                expected="a layer of an opened study or mask, whose place in the patient is known",
                found="another layer",
                remedy="Draw on a mask of the study, and save that",
            )
        )
    kind = LabelMap if "contour" in attributes else Volume  # an attribute that labels alone have
    return [str(write(kind.from_canonical(np.asarray(data), grid), Path(path)))]
