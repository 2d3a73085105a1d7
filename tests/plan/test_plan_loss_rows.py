"""Rows that bound the liver lost, on a patient small enough to do by hand.

Elements 0, 1 and 2 are columns 0 to 2, column 3 says whether the only lesion is cleared, and what is lost
of the shared atoms stands in the columns from 4 on.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import sparse

from netlm_imaging.plan.cover_rows import LesionAtoms, covers_of, lesion_atoms
from netlm_imaging.plan.loss_rows import LossRows, loss_groups, loss_rows
from netlm_imaging.plan.rows import Row

ELEMENTS, CLEARED = 3, 3
LIVER = {(0, 1): 40, (0, 2): 25, (1, 2): 10, (0, 1, 2): 8, (0,): 30, (2,): 12}
"""Voxels of functional liver by the elements that cover them."""


def holds(covers: list[tuple[int, ...]]) -> sparse.csr_array:
    return sparse.csr_array([[float(e in cover) for e in range(ELEMENTS)] for cover in covers])


def lesion(*, may_stay: int, atoms: dict[tuple[int, ...], int], size: int = 100) -> LesionAtoms:
    (made,) = lesion_atoms(
        holds(list(atoms)),
        sparse.csr_array([list(atoms.values())]),
        rest=np.array([may_stay]),
        sizes=np.array([size]),
        first_column=CLEARED,
    )
    return made


def rows_of(cover: tuple[int, ...], liver: dict[tuple[int, ...], int], *, together: bool = False) -> LossRows:
    """Of the shared atoms of ``liver``, where one of ``cover`` is needed to clear the lesion.

    Each is a group of its own, or all are one group, ``together``.
    """
    atoms, voxels = holds(list(liver)), np.array(list(liver.values()))
    group = loss_groups(atoms, voxels, keys=[0] * ELEMENTS)
    return loss_rows(
        atoms,
        voxels,
        group=np.minimum(group, 0) if together else group,
        covers=sparse.csr_array([[float(e in cover)] for e in range(ELEMENTS)]),
        cleared=np.array([CLEARED]),
        first_column=CLEARED + 1,
    )


def columns(removed: tuple[float, ...], cleared: float, lost: LossRows) -> np.ndarray:
    values = np.zeros(CLEARED + 1 + lost.columns.size)
    values[:ELEMENTS], values[CLEARED] = removed, cleared
    return values


def excess(row: Row, values: np.ndarray) -> float:
    """How far ``values`` break the row."""
    return float(row.values @ values[row.columns]) - row.upper


@pytest.mark.parametrize(
    ("atoms", "may_stay", "cover"),
    [
        ({(0, 1, 2): 80, (0, 1): 20}, 5, {0, 1}),  # the atom of fewest elements
        ({(0, 1, 2): 80, (0, 1): 4, (2,): 16}, 5, {2}),
        # No atom alone: 33 voxels may stay, twice as many may not.
        ({(1, 2): 33, (0, 1): 34, (2,): 33}, 40, {1, 2}),
        ({(0, 1): 50}, 5, set()),  # half of it is out of reach: it is never cleared
    ],
)
def test_the_cover_of_a_lesion(atoms: dict, may_stay: int, cover: set[int]) -> None:
    found = covers_of([lesion(may_stay=may_stay, atoms=atoms)], elements=ELEMENTS)
    assert set(np.flatnonzero(found.toarray()[:, 0]).tolist()) == cover


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("cover", [(0, 1), (0, 2), (0, 1, 2), (2,), ()])
def test_no_plan_breaks_a_row_whatever_point_it_was_made_at(cover: tuple[int, ...], together: bool) -> None:
    lost = rows_of(cover, LIVER, together=together)
    assert lost.columns.size == (1 if together else 4)
    rng = np.random.default_rng(0)
    made = [
        row
        for _ in range(200)
        for values in [columns(tuple(rng.random(ELEMENTS)), float(rng.random()), lost)]
        for row in lost.rows(values, whole=False)
    ]
    assert made
    for removed in product((0.0, 1.0), repeat=ELEMENTS):
        gone = {e for e in range(ELEMENTS) if removed[e]}
        shared = sum(n for atom, n in LIVER.items() if len(atom) > 1 and gone & set(atom))
        for cleared in (0.0, 1.0) if gone & set(cover) else (0.0,):
            values = columns(removed, cleared, lost)
            values[lost.columns] = lost.lost(values)
            assert values[lost.columns].sum() == shared
            assert max(excess(row, values) for row in made) <= 1e-9


@pytest.mark.parametrize(
    ("cover", "removed", "cleared", "part"),
    [
        # Half of 0 and half of 1 clear the lesion: whichever is whole in the end, what both cover is lost.
        ((0, 1), (0.5, 0.5, 0.0), 1.0, 1.0),
        ((0, 1), (0.5, 0.5, 0.0), 0.8, 0.8),
        # 2 spares the atom: as far as it may be the one that clears the lesion, nothing is said.
        ((0, 1, 2), (0.3, 0.3, 0.4), 1.0, 0.6),
        ((0, 1, 2), (0.1, 0.1, 0.8), 1.0, 0.2),
        # The cover has one element on the atom: the largest element says it all.
        ((0, 2), (0.5, 0.2, 0.5), 1.0, 0.5),
        ((), (0.5, 0.4, 0.0), 1.0, 0.5),
    ],
)
def test_the_part_of_an_atom_of_two_that_is_lost(cover, removed, cleared: float, part: float) -> None:
    lost = rows_of(cover, {(0, 1): 40})
    values = columns(removed, cleared, lost)
    assert lost.lost(values).tolist() == pytest.approx([40.0 * part])
    found = lost.rows(values, whole=False)
    assert max(excess(row, values) for row in found) == pytest.approx(40.0 * part)
    values[lost.columns] = 40.0 * part
    assert lost.rows(values, whole=False) == []
