"""What each candidate would still lose and treat beside those that are done."""

from __future__ import annotations

from copy import copy

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray


class Left:
    """What each candidate would lose and treat of the atoms that are left."""

    def __init__(self, removes: sparse.csr_array, *, functional: FloatArray, tumor: sparse.csc_array) -> None:
        self._removes, self._functional, self._tumor = removes, functional, tumor
        self._gone = np.zeros(functional.size, dtype=bool)
        self.loses = removes.T @ functional
        self.treats = (tumor @ removes).toarray()
        """Voxels of each lesion (rows) by each candidate (columns)."""

    def without(self, covered: npt.NDArray[np.bool_]) -> Left:
        """The same when the atoms ``covered`` are gone; only what is gone now is counted again."""
        now = np.flatnonzero(covered & ~self._gone)
        rest = copy(self)
        removed = self._removes[now]
        rest.loses = self.loses - removed.T @ self._functional[now]
        rest.treats = self.treats - (self._tumor[:, now] @ removed).toarray()
        rest._gone = self._gone | covered
        return rest
