"""Volumes and masks as napari layer data; knows no Qt.

napari draws oblique affines wrongly in 2D, so data is turned to the nearest axis-aligned order and
shown with scale alone; the true grid stays in the layer's metadata.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netlm_imaging.volume import LabelMap, Mask, Volume

LayerData = tuple[Any, dict[str, Any], str]


def layer(item: Volume | Mask | LabelMap, name: str) -> LayerData:
    """One layer in millimeters, k to the superior, j to the posterior, i to the patient's left."""
    turned = item.canonical()
    kwargs: dict[str, Any] = {
        "name": name,
        "scale": turned.grid.spacing_kji_mm,
        "metadata": {"grid": item.grid.to_json()},
    }
    if isinstance(turned, Volume):
        low, high = (float(v) for v in np.percentile(turned.array, (1.0, 99.5)))
        high = high if high > low else float(turned.array.max())  # a map that is 0 almost everywhere
        return turned.array, {**kwargs, "contrast_limits": (low, max(high, low + 1e-6))}, "image"
    labels = turned.array.astype(np.uint8) if isinstance(turned, Mask) else turned.array
    return labels, {**kwargs, "opacity": 0.5}, "labels"
