"""The planning problem in a few columns, made exact row by row where a solution needs it.

    x_c in {0,1}  candidate c is done             s_g in [0,1]  segment g is removed
    z_l in {0,1}  lesion l is cleared             j_i in [0,1]  joint loss i occurs
    h_k >= 0      liver lost of the shared atoms of group k
    e = x_c, s_g or j_i: element e is lost

    x_c <= s_g <= sum of x_c over the candidates that remove g
    j_i >= 1 - sum of (1 - x_c) over its candidates
    lost = sum of e times the voxels that only e covers, and of all h_k

Atoms have no columns of their own: of the tens of thousands of rows that they would make, a solution
breaks a few hundred, and these are added (``loss_rows``, ``cover_rows``). The rows hold under any limits
and for any objective, so every later solve of the same problem starts from all that were ever found.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.cover_rows import covers_of, lesion_atoms
from netlm_imaging.plan.loss_rows import loss_groups, loss_rows
from netlm_imaging.plan.rows import Row

SEGMENTS = 8


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Known:
    """What of a relaxation is worth keeping when its problem changes."""

    elements: int
    z: npt.NDArray[np.int64]
    group: npt.NDArray[np.int64]
    rows: Sequence[Row]
    """Those that solves asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """What solves of a problem with fewer elements found out.

    More elements only add to what plans lose, so every row still holds, as long as every group still
    holds all its voxels, and a new candidate counts as one that clears every lesion it treats and loses
    nothing that others lose for it.
    """

    before: Known
    parents: tuple[int, ...]
    """For each atom that has come since, the one that it was split from; -1 for none."""
    first: int
    """The first new element; what was there from it on has moved up."""
    treats: tuple[int, ...] = ()
    """Places of the lesions of which the new element, a candidate, holds a part."""

    def groups(self, holds: sparse.csr_array, functional: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The group of each atom: that of its parent, and a new one for all that are shared since."""
        group = [*self.before.group.tolist(), *([-1] * len(self.parents))]
        for atom, parent in enumerate(self.parents, len(self.before.group)):
            group[atom] = -1 if parent < 0 else group[parent]
        groups = np.array(group, dtype=np.int64)
        shared = (np.diff(holds.indptr) > 1) & (functional > 0)
        groups[(groups < 0) & shared] = groups.max(initial=-1) + 1
        return groups

    def rows(self, elements: int) -> list[Row]:
        """Every row that was known, for ``elements`` in all."""
        more = elements - self.before.elements
        treated = self.before.z[list(self.treats)].tolist()
        rows = []
        for row in self.before.rows:
            entries = {c + more * (c >= self.first): value for c, value in row.entries.items()}
            if clears := sum(row.entries.get(z, 0.0) for z in treated):
                entries[self.first] = -clears
            rows.append(Row(entries, row.upper))
        return rows


class Relaxation:
    """Columns and rows of one problem. ``rows`` only grows."""

    def __init__(
        self,
        candidates: Sequence[Candidate],
        *,
        holds: sparse.csr_array,
        functional: npt.NDArray[np.int64],
        tumor: sparse.csr_array,
        lesion_voxels: npt.NDArray[np.int64],
        needed_voxels: npt.NDArray[np.int64],
        joint: Sequence[Collection[int]],
        learned: Learned | None = None,
    ) -> None:
        """``holds``: which elements (columns) cover each atom (rows); the rest as in ``Problem``.

        ``joint``: the candidates of each joint loss. ``learned``: what is known of the same problem with
        fewer elements.
        """
        count = len(candidates)
        self.elements = elements = int(holds.shape[1])
        self.x = np.arange(count)
        self.s = count + np.arange(SEGMENTS)
        self.z = elements + np.arange(len(lesion_voxels))
        self.interventions = np.array([c.interventions for c in candidates], dtype=np.float64)
        self.ablation = np.array([c.kind == "ablation" for c in candidates], dtype=bool)
        keys = [c.lesions[0] if c.lesions else 0 for c in candidates] + [0] * (elements - count)
        first = elements + len(lesion_voxels)
        self._lesions = lesion_atoms(
            holds, tumor, rest=lesion_voxels - needed_voxels, sizes=lesion_voxels, first_column=elements
        )
        covers = covers_of(self._lesions, elements=elements)
        self.group = (
            loss_groups(holds, functional, keys=keys)
            if learned is None
            else learned.groups(holds, functional)
        )
        self._losses = loss_rows(
            holds, functional, group=self.group, covers=covers, cleared=self.z, first_column=first
        )
        self.h = self._losses.columns
        self.width = first + self.h.size
        self.loss = self._loss(holds, functional)
        self.segment_voxels = (holds.T @ functional)[self.s]
        """Functional voxels that each segment holds."""
        self.impossible = np.array([a.column for a in self._lesions if a.missable < 0], dtype=np.int64)
        """Columns of lesions that no plan clears."""
        self.rows = [*self._segment_rows(candidates), *_joint_rows(joint, first=count + SEGMENTS)]
        self.first_learned = len(self.rows)
        """Rows from here on are those that solves asked for."""
        if learned is not None:
            self.rows.extend(learned.rows(elements))
        self._hint: FloatArray | None = None

    @property
    def known(self) -> Known:
        """So far."""
        rows = self.rows[self.first_learned :]
        return Known(elements=self.elements, z=self.z, group=self.group, rows=rows)

    def tighten(self, values: FloatArray, *, whole: bool) -> int:
        """Add the rows that ``values`` of all columns break; how many. ``whole``: x and s are whole numbers.

        0 for whole numbers means that what ``values`` says of lesions cleared and liver lost is true.
        """
        before = len(self.rows)
        self.rows.extend(self._losses.rows(values, whole=whole, hint=self._hint if whole else None))
        if not whole:
            self._hint = values
        for lesion in self._lesions:
            self.rows.extend(lesion.rows(values))
        return len(self.rows) - before

    def values_of(self, removed: Sequence[int], chosen: Sequence[int], cleared: FloatArray) -> FloatArray:
        """All columns for ``chosen`` candidates, which remove the elements ``removed``."""
        values = np.zeros(self.width)
        values[list(removed)] = 1.0
        values[list(chosen)] = 1.0
        values[self.z] = cleared
        values[self.h] = self._losses.lost(values)
        return values

    def _loss(self, holds: sparse.csr_array, functional: npt.NDArray[np.int64]) -> FloatArray:
        """Voxels lost for one of each column."""
        alone = np.diff(holds.indptr) == 1
        loss = np.zeros(self.width)
        loss[: holds.shape[1]] = np.bincount(
            holds.indices[np.repeat(alone, np.diff(holds.indptr))],
            weights=functional[alone],
            minlength=holds.shape[1],
        )
        loss[self.h] = 1.0
        return loss

    def _segment_rows(self, candidates: Sequence[Candidate]) -> list[Row]:
        rows: list[Row] = []
        for label, column in enumerate(self.s.tolist(), start=1):
            with_it = [c for c, candidate in enumerate(candidates) if label in candidate.segments]
            rows.extend(Row({c: 1.0, column: -1.0}, 0.0) for c in with_it)
            rows.append(Row({column: 1.0, **dict.fromkeys(with_it, -1.0)}, 0.0))
        return rows


def _joint_rows(joint: Sequence[Collection[int]], *, first: int) -> list[Row]:
    """A loss occurs when all of its candidates are done; ``first``: the column of the first one."""
    return [
        Row({**dict.fromkeys(sorted(candidates), 1.0), first + n: -1.0}, len(candidates) - 1.0)
        for n, candidates in enumerate(joint)
    ]
