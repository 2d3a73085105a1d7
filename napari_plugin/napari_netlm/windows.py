"""Window presets: which values are black and which white, as radiologists have them by modality."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Window = tuple[float, float]
"""The value that is black and the value that is white."""

FIXED: dict[str, dict[str, Window]] = {
    "CT": {
        "Liver": (-15.0, 135.0),
        "Abdomen": (-160.0, 240.0),
        "Lung": (-1350.0, 150.0),
        "Bone": (-500.0, 1300.0),
    },
    "PT": {"SUV 0-10": (0.0, 10.0), "SUV 0-20": (0.0, 20.0), "SUV 0-40": (0.0, 40.0)},
}
"""HU for CT (level and width: liver 60, 150; abdomen 40, 400; lung -600, 1500; bone 400, 1800); g/mL for PET.

The liver takes up DOTATATE itself (SUV of 4 to 8): 0-10, as for FDG, shows it too hot to judge lesions.
"""
FIRST = {"CT": "Abdomen", "PT": "SUV 0-20"}
PERCENTILES: dict[str, Window] = {
    "Whole range": (1.0, 99.5),
    "Soft tissue": (10.0, 98.0),
    "Bright": (40.0, 99.9),
}
"""Of an image whose values have no unit, such as MRI."""

_HEADROOM = 0.25
"""Of the range, above it: the liver is brightest in the hepatobiliary phase, and not to be white."""


def presets(array: npt.NDArray[Any], *, modality: str) -> dict[str, Window]:
    """The presets of an image by name."""
    if modality in FIXED:
        return FIXED[modality]
    sample = array[:: max(1, array.shape[0] // 40), ::2, ::2]
    limits = np.percentile(sample, tuple(PERCENTILES.values()))  # all at once: each time sorts the sample
    return {name: _window(sample, *pair) for name, pair in zip(PERCENTILES, limits.tolist(), strict=True)}


def first_window(array: npt.NDArray[Any], *, modality: str) -> Window:
    """The one to begin with."""
    if modality in FIXED:
        return FIXED[modality][FIRST[modality]]
    return presets(array, modality=modality)["Whole range"]


def _window(array: npt.NDArray[Any], low: float, high: float) -> Window:
    if high <= low:  # a map that is 0 almost everywhere
        return low, max(float(array.max()), low + 1e-6)
    return low, high + _HEADROOM * (high - low)
