"""The spleen on HBP MRI: a large even organ on the patient's left, about 0.6 of the liver's brightness."""

from __future__ import annotations

import numpy as np

from netlm_imaging.segment.morphology import Floats, Spacing, components, filled, grown, opened, smoothed
from netlm_imaging.volume import BoolArray

SPLEEN_BAND = (0.40, 0.85)
"""Of the liver's brightness on HBP (clinical-rules 8: 0.60; a poor hepatobiliary phase brings it closer)."""
HOT_OVER_LIVER = 1.5
"""On DOTATATE PET the spleen takes up 2 to 5 times what the liver does (clinical-rules 8)."""
VOLUME_ML = (40.0, 1500.0)
NECK_MM = 5.0


def find_spleen(
    relative: Floats, liver: BoolArray, *, suv: Floats | None, spacing: Spacing
) -> BoolArray | None:
    """The spleen on canonical arrays, or None where it cannot be told from its neighbors.

    Without PET the spleen, muscle, stomach and heart look alike on one image: only a hot organ is accepted.
    """
    if suv is None:
        return None
    level = float(np.median(suv[liver]))
    calm = smoothed(relative, 1.5, spacing)
    organ = (calm > SPLEEN_BAND[0]) & (calm < SPLEEN_BAND[1]) & (suv > HOT_OVER_LIVER * level) & ~liver
    organ[:, :, : _middle_column(liver)] = False
    labels, count = components(opened(organ, NECK_MM, spacing))
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * (float(np.prod(spacing)) / 1000.0)
    sizes[0] = 0.0
    best = int(np.argmax(sizes))
    if not VOLUME_ML[0] <= sizes[best] <= VOLUME_ML[1]:
        return None
    return filled(grown(labels == best, 2.0, spacing) & organ)


def _middle_column(liver: BoolArray) -> int:
    """Canonical columns grow to the patient's left: the spleen lies left of most of the liver."""
    columns = np.cumsum(liver.sum(axis=(0, 1)))
    return int(np.searchsorted(columns, 0.8 * columns[-1]))
