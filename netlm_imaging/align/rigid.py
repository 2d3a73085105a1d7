"""Rigid motions between two frames of reference: rotation and translation, never a reflection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.geometry import FloatArray

ROTATION_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Rigid:
    """Maps fixed LPS points to moving LPS points: ``moving = rotation @ fixed + translation_mm``.

    Raises InputError (BAD_TRANSFORM) for anything but a proper rotation: a reflection would swap
    the patient's left and right.
    """

    rotation: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
    """3 x 3, row-major, orthonormal, determinant +1."""
    translation_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        matrix = np.asarray(self.rotation, dtype=np.float64)
        shift = np.asarray(self.translation_mm, dtype=np.float64)
        if matrix.shape != (9,) or shift.shape != (3,) or not _is_rotation(matrix.reshape(3, 3), shift):
            raise InputError(
                Fault(
                    code="BAD_TRANSFORM",
                    expected="a finite rotation with determinant +1 and a translation in mm",
                    found="another matrix",
                )
            )
        object.__setattr__(self, "rotation", tuple(float(v) for v in matrix))
        object.__setattr__(self, "translation_mm", tuple(float(v) for v in shift))

    @property
    def matrix(self) -> FloatArray:
        """The rotation as a 3 x 3 array."""
        return np.reshape(np.asarray(self.rotation), (3, 3))

    @property
    def rotation_degrees(self) -> float:
        """The angle of the rotation about its own axis, 0 to 180."""
        skew = self.matrix - self.matrix.T
        sine = np.linalg.norm([skew[2, 1], skew[0, 2], skew[1, 0]]) / 2.0
        return float(np.degrees(np.arctan2(sine, (np.trace(self.matrix) - 1.0) / 2.0)))

    def apply(self, points_lps_mm: npt.ArrayLike) -> FloatArray:
        """Moving LPS mm of fixed LPS points, both of shape (..., 3)."""
        return np.asarray(np.asarray(points_lps_mm) @ self.matrix.T + np.asarray(self.translation_mm))

    def shift_at_mm(self, point_lps_mm: npt.ArrayLike) -> tuple[float, float, float]:
        """How far the fixed point moves, as x, y, z."""
        x, y, z = (self.apply(point_lps_mm) - np.asarray(point_lps_mm)).tolist()
        return (x, y, z)

    def inverse(self) -> Rigid:
        """The motion from moving to fixed points."""
        back = self.matrix.T
        return rigid(back, -back @ np.asarray(self.translation_mm))

    def compose(self, first: Rigid) -> Rigid:
        """The motion that does ``first`` and then this one."""
        return rigid(self.matrix @ first.matrix, self.apply(first.translation_mm))


def rigid(rotation: npt.ArrayLike, translation_mm: npt.ArrayLike) -> Rigid:
    """A Rigid from a 3 x 3 rotation, cleaned of rounding, and a translation of shape (3,)."""
    left, _, right = np.linalg.svd(np.asarray(rotation, dtype=np.float64))
    x, y, z = np.asarray(translation_mm, dtype=np.float64).tolist()
    return Rigid(rotation=tuple((left @ right).ravel().tolist()), translation_mm=(x, y, z))


def _is_rotation(matrix: FloatArray, shift: FloatArray) -> bool:
    if not (np.isfinite(matrix).all() and np.isfinite(shift).all()):
        return False
    orthonormal = np.abs(matrix.T @ matrix - np.eye(3)).max() < ROTATION_TOLERANCE
    return bool(orthonormal and np.linalg.det(matrix) > 0)
