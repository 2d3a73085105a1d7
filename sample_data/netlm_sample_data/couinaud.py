"""Couinaud's segments: planes through the three hepatic veins and the level of the portal bifurcation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_sample_data.shapes import Ellipsoid, Points

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Couinaud:
    """The borders of one patient, in that patient's frame (organs.py)."""

    scale: float

    def label(self, points: Points) -> Labels:
        """Segment 1..8 of each point of shape (3, n); meaningful inside the liver only."""
        x, y, z = points / np.float32(self.scale)
        # Vertical planes through the cava: towards the gallbladder (middle vein, Cantlie's line),
        # towards the right flank (right vein) and towards the umbilical fissure (left vein).
        left_of_middle = _side(x, y, (-22, 22), (-38, -52))
        before_right = _side(x, y, (-22, 22), (-140, -18))
        left_of_fissure = _side(x, y, (-14, 14), (15, -76))
        above_bifurcation = z > 6 + np.float32(0.10) * (x + 60)
        behind_left_vein = (z - 24) + np.float32(0.9) * (y + 34) > 0
        right = np.where(before_right, np.where(above_bifurcation, 8, 5), np.where(above_bifurcation, 7, 6))
        lateral = np.where(behind_left_vein, 2, 3)
        left = np.where(left_of_fissure, lateral, 4)
        segment = np.where(left_of_middle, left, right).astype(np.uint8)
        segment[caudate(self.scale).distance(points) < 0] = 1
        return segment


def caudate(scale: float) -> Ellipsoid:
    """Segment I: the liver around the cava, behind the venous fissure."""
    return Ellipsoid((-10 * scale, 14 * scale, 20 * scale), (25 * scale, 19 * scale, 36 * scale))


def _side(
    x: npt.NDArray[np.float32],
    y: npt.NDArray[np.float32],
    start: tuple[float, float],
    end: tuple[float, float],
) -> npt.NDArray[np.bool_]:
    """Whether points lie left (in the patient) and in front of the vertical plane from start to end."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    return np.asarray(dx * (y - start[1]) - dy * (x - start[0]) > 0)
