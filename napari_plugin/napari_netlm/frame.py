"""Where voxels and points of the patient are in the viewer's world, and back; the only place that converts.

napari draws oblique affines wrongly in 2D. So the world has the planning grid's own axes, in mm: the
first to the head (or as near as they come), the second to the back, the third to the patient's left.
Where the grid is not oblique these are LPS mm in z, y, x order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from netlm_imaging.geometry import FloatArray, Grid, canonical_grid
from netlm_imaging.volume import LabelMap, Mask, Volume

Item = TypeVar("Item", Volume, Mask, LabelMap)


@dataclass(frozen=True, slots=True)
class Frame:
    """The world of one planning grid."""

    grid: Grid
    """As files and results have it; the viewer shows its voxels turned, never resampled."""

    @property
    def shown_grid(self) -> Grid:
        """The same voxels in the viewer's axis order."""
        return canonical_grid(self.grid)

    def to_world(self, points_lps_mm: npt.ArrayLike) -> FloatArray:
        """World mm, shape (..., 3), of LPS points (x, y, z) of shape (..., 3)."""
        shown = self.shown_grid
        index = shown.to_index(points_lps_mm) - shown.to_index((0.0, 0.0, 0.0))
        return np.asarray(index * np.asarray(shown.spacing_kji_mm))

    def to_patient(self, points_world_mm: npt.ArrayLike) -> FloatArray:
        """LPS mm (x, y, z), shape (..., 3), of world points of shape (..., 3)."""
        shown = self.shown_grid
        index = np.asarray(points_world_mm, dtype=np.float64) / np.asarray(shown.spacing_kji_mm)
        return shown.to_patient(index + shown.to_index((0.0, 0.0, 0.0)))

    def placed(self) -> dict[str, Any]:
        """``scale``, ``translate`` and ``units`` of a layer whose array is on ``shown_grid``."""
        return {
            "scale": self.shown_grid.spacing_kji_mm,
            "translate": tuple(float(v) for v in self.to_world(self.shown_grid.origin_mm)),
            "units": ("mm", "mm", "mm"),
        }

    def labels(self, array: npt.NDArray[Any]) -> LabelMap:
        """A copy of a layer's labels on ``grid``, voxel for voxel where they were drawn."""
        return LabelMap.from_canonical(np.array(array), self.grid)
