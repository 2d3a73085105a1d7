"""Rows that bound the liver lost from below, found where a solution needs them.

An atom that several elements cover is lost as soon as one of them is removed: max(e). The sum of these
maxima over a group of atoms is a convex function of the elements, so its tangent at any point is a valid
row. Sorted by value, the first element that covers an atom takes its weight (the Lovasz extension of a
coverage function): at whole numbers the tangent is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.rows import Row

SLACK_SHARE = 1e-4
"""A row is added where the loss is understated by more than this part of it ..."""
SLACK_VOXELS = 0.2
"""... and by more than this; at whole numbers by anything."""


ALONE = 100
"""So many of the largest shared atoms are groups of their own."""


@dataclass(frozen=True, slots=True, eq=False)
class LossGroup:
    """Atoms that several elements cover, with one column for all that is lost of them."""

    column: int
    elements: npt.NDArray[np.int64]
    """Every element that covers one of the atoms."""
    starts: npt.NDArray[np.int64]
    places: npt.NDArray[np.int64]
    """For each atom, from its start on, the places in ``elements`` of those that cover it."""
    voxels: npt.NDArray[np.int64]

    def tangent(self, values: FloatArray, hint: FloatArray) -> tuple[float, FloatArray]:
        """What is lost at ``values`` of the elements, and the coefficients of a tangent there.

        Between equal values ``hint`` says which come first: whole numbers have many tangents, and one
        that is also near to the loss at the last solution with fractions bounds it best.
        """
        order = np.lexsort((-hint, -values))
        rank = np.empty(order.size, dtype=np.int64)
        rank[order] = np.arange(order.size)
        first = order[np.minimum.reduceat(rank[self.places], self.starts)]
        weights = np.asarray(np.bincount(first, self.voxels, order.size), dtype=np.float64)
        return float(weights @ values), weights

    def rows(self, values: FloatArray, *, whole: bool, hint: FloatArray) -> list[Row]:
        """Rows of which ``values`` of all columns break at least one; none where they break none."""
        lost, weights = self.tangent(values[self.elements], hint[self.elements])
        slack = 1e-6 if whole else max(SLACK_VOXELS, SLACK_SHARE * lost)
        if lost <= values[self.column] + slack:
            return []
        if self.voxels.size == 1:
            voxels = float(self.voxels[0])
            return [Row({int(element): voxels, self.column: -1.0}, 0.0) for element in self.elements]
        used = np.flatnonzero(weights)
        entries = dict(zip(self.elements[used].tolist(), weights[used].tolist(), strict=True))
        return [Row({**entries, self.column: -1.0}, 0.0)]


def loss_groups(
    holds: sparse.csr_array, voxels: npt.NDArray[np.int64], *, keys: Sequence[int], first_column: int
) -> tuple[LossGroup, ...]:
    """Groups of the atoms (rows of ``holds``) that several elements cover, by the key of the first of these.

    The largest atoms are groups of their own: all their rows are few. Small groups of near elements make
    rows with few entries.
    """
    shared = np.flatnonzero((np.diff(holds.indptr) > 1) & (voxels > 0))
    key = np.asarray(keys, dtype=np.int64)[holds.indices[holds.indptr[shared]]]
    largest = np.argsort(-voxels[shared], kind="stable")[:ALONE]
    key[largest] = key.max(initial=0) + 1 + np.arange(largest.size)
    groups = []
    for number, value in enumerate(np.unique(key)):
        atoms = shared[key == value]
        part = holds[atoms]
        elements, places = np.unique(part.indices, return_inverse=True)
        groups.append(
            LossGroup(
                column=first_column + number,
                elements=elements.astype(np.int64),
                starts=part.indptr[:-1].astype(np.int64),
                places=places.astype(np.int64),
                voxels=voxels[atoms],
            )
        )
    return tuple(groups)
