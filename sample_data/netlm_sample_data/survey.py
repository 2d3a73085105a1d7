"""A healthy liver measured for where a lesion can lie, and which treatments could reach it there.

The clearances follow clinical-rules 3 and 4 with room to spare, so that neither the voxel grid nor
a segmentation error of 2 mm changes what is treatable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from netlm_sample_data.patient import Patient
from netlm_sample_data.shapes import Points, Tube, inside

STEP_MM = 3.0
SINK_RADIUS_MM = 1.4
"""Half the 3 mm from which a vessel cools a thermal zone, less a rounding error."""
MAJOR_RADIUS_MM = 2.8
"""Half the 6 mm that no wedge may cross, less a rounding error."""
ABLATION_REACH_MM = 13.5
"""Radius from the center to the furthest surface point: with the 5 mm margin well inside a 40 mm zone."""
ABLATION_CLEARANCE_MM = 6.5
"""Margin 5 mm and the heat sink of microwaves, 1 mm."""
WEDGE_DEPTH_MM = 24.0
WEDGE_CLEARANCE_MM = 7.5
UNTREATABLE_DEPTH_MM = 35.0
"""Deeper than any wedge (30 mm) by more than a segmentation errs."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Survey:
    """Lattice points inside the liver and what surrounds each of them (mm)."""

    points: Floats
    """(n, 3)."""
    segments: npt.NDArray[np.uint8]
    depth: Floats
    """To the capsule."""
    capsule: Floats
    """(n, 3): nearest capsule point."""
    to_sink: Floats
    """To the wall of the nearest vessel 3 mm wide or wider."""
    to_major: Floats
    """To the wall of the nearest vessel 6 mm wide or wider."""
    tree: cKDTree
    """Over the points."""

    def ablatable(self, reach: float) -> npt.NDArray[np.bool_]:
        """Where a lesion of that reach can be ablated with one microwave probe."""
        return (self.to_sink >= reach + ABLATION_CLEARANCE_MM) & (reach <= ABLATION_REACH_MM)

    def ablatable_at(self, index: int, reach: float) -> bool:
        """The same for one point."""
        return bool(self.to_sink[index] >= reach + ABLATION_CLEARANCE_MM and reach <= ABLATION_REACH_MM)

    def wedgeable(self, index: int, reach: float) -> bool:
        """Whether a wedge reaches a lesion there without meeting a major vessel."""
        if self.depth[index] - reach > WEDGE_DEPTH_MM:
            return False
        way = np.linspace(self.points[index], self.capsule[index], 8)
        _, nearest = self.tree.query(way)
        return bool((self.to_major[nearest] >= reach + WEDGE_CLEARANCE_MM).all())


def survey(patient: Patient) -> Survey:
    """Measure a patient without disease."""
    low, high = patient.organs.liver.bounds
    shape = tuple(int(n) for n in np.ceil((high - low) / STEP_MM) + 2)
    index = np.indices(shape).reshape(3, -1)
    lattice = (low[:, None] - STEP_MM / 2 + STEP_MM * index).astype(np.float32)
    mask = np.zeros(index.shape[1], bool)
    mask[inside(patient.organs.liver, lattice)] = True
    depth, outside = ndimage.distance_transform_edt(
        mask.reshape(shape), sampling=STEP_MM, return_indices=True
    )
    inner = depth.ravel() > STEP_MM
    points = lattice[:, inner]
    nearest = outside.reshape(3, -1)[:, inner]
    capsule = low[:, None] - STEP_MM / 2 + STEP_MM * nearest
    tubes = (*patient.portal, *patient.hepatic, *patient.organs.cava.tubes)
    return Survey(
        points=points.T.astype(float),
        tree=cKDTree(points.T.astype(float)),
        segments=patient.couinaud.label(points),
        depth=depth.ravel()[inner] - STEP_MM / 2,
        capsule=capsule.T.astype(float),
        to_sink=_clearance(points, [t for t in tubes if _radius(t) >= SINK_RADIUS_MM]),
        to_major=_clearance(points, [t for t in tubes if _radius(t) >= MAJOR_RADIUS_MM]),
    )


def _radius(tube: Tube) -> float:
    return max(tube.start_radius, tube.end_radius)


def _clearance(points: Points, tubes: Sequence[Tube]) -> Floats:
    nearest = np.full(points.shape[1], np.inf, np.float32)
    for tube in tubes:
        np.minimum(nearest, tube.distance(points), out=nearest)
    return nearest.astype(float)
