"""How far apart planes lie that are not all there."""

from __future__ import annotations

import numpy as np

from netlm_imaging.geometry import FloatArray

LARGEST_SLICE_MM = 12.0
"""No scan of a liver has thicker slices, gaps between them included."""


def smallest_step(positions: FloatArray) -> float:
    """The smallest step of ascending positions, averaged over all of them against their rounding."""
    steps = np.diff(positions)
    single = np.sort(steps[np.rint(steps / steps.min()) == 1])
    whole = float(positions[-1] - positions[0])
    return whole / float(np.rint(whole / single[(len(single) - 1) // 2]))
