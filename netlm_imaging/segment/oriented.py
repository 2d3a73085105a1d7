"""Back from canonical arrays (axes to Superior, Posterior, Left) to the order in which a grid stores them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import Grid, canonical_axes


def like(canonical: npt.NDArray[Any], grid: Grid) -> npt.NDArray[Any]:
    """The array that ``canonical`` (as ``Volume.canonical`` turns it) is in the axis order of ``grid``."""
    order, flip = canonical_axes(grid)
    step = tuple(slice(None, None, -1) if f else slice(None) for f in flip)
    return np.ascontiguousarray(canonical[step].transpose(np.argsort(order)))
