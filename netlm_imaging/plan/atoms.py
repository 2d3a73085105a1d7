"""Voxels that the same elements cover are one atom: a few thousand stand for millions, exactly.

An element is what is removed as one piece: the region of an enucleation, a wedge or an ablation, or a
whole segment. Each element gets a random 64-bit key that is XORed into the voxels it covers; equal
codes are one atom. That no two cover sets shared a code by chance is verified, not hoped for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.plan.workspace import Voxels

SEED = 20230401


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """All voxels that some element covers, grouped by the elements that cover them."""

    covers: tuple[tuple[int, ...], ...]
    """For each atom the elements that cover it, ascending."""
    functional: npt.NDArray[np.int64]
    """Voxels of functional liver in each atom."""
    tumor: sparse.csr_array
    """Voxels of each lesion in each atom, shape (lesions, atoms); no explicit zeros."""
    atom_of: npt.NDArray[np.int32]
    """The atom of each voxel, -1 where no element covers it; flat."""


def make_atoms(
    elements: Sequence[Voxels], *, functional: npt.NDArray[np.bool_], lesions: Sequence[Voxels]
) -> Atoms:
    """Group the voxels of ``elements`` (flat indices, each once). ``functional`` is the flat mask."""
    keys = np.random.default_rng(SEED).integers(1, 2**64, size=len(elements), dtype=np.uint64)
    codes = np.zeros(functional.size, dtype=np.uint64)
    for key, voxels in zip(keys, elements, strict=True):
        codes[voxels] ^= key
    covered = np.flatnonzero(codes)
    atom = np.searchsorted(np.unique(codes[covered]), codes[covered])
    atom_of = np.full(functional.size, -1, dtype=np.int32)
    atom_of[covered] = atom
    sizes = np.bincount(atom)
    covers = _covers(elements, atom_of, sizes)
    return Atoms(
        covers=covers,
        functional=np.bincount(atom, weights=functional[covered], minlength=sizes.size).astype(np.int64),
        tumor=tumor_counts(
            np.repeat(np.arange(len(lesions)), [voxels.size for voxels in lesions]),
            atom_of[np.concatenate([*lesions, np.empty(0, dtype=np.int64)])],
            shape=(len(lesions), sizes.size),
        ),
        atom_of=atom_of,
    )


def tumor_counts(
    lesion: npt.NDArray[np.integer], atom: npt.NDArray[np.integer], *, shape: tuple[int, int]
) -> sparse.csr_array:
    """How often each pair of a place of a lesion and an atom occurs; a negative atom is none."""
    some = atom >= 0
    ones = np.ones(np.count_nonzero(some), dtype=np.int64)
    counts = sparse.csr_array((ones, (lesion[some], atom[some])), shape=shape)
    counts.sum_duplicates()
    return counts


def _counts(atoms: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int64]:
    return np.bincount(atoms[atoms >= 0], minlength=size).astype(np.int64)


def _covers(
    elements: Sequence[Voxels], atom_of: npt.NDArray[np.int32], sizes: npt.NDArray[np.int64]
) -> tuple[tuple[int, ...], ...]:
    """The cover set of each atom, read back from the voxels: an element holds an atom whole or not at all."""
    held: list[npt.NDArray[np.int64]] = []
    for voxels in elements:
        counts = _counts(atom_of[voxels], sizes.size)
        held.append(np.flatnonzero(counts))
        if counts.sum() != voxels.size or (counts[held[-1]] != sizes[held[-1]]).any():
            raise ArithmeticError("two cover sets share one code; another seed is needed")
    atoms = np.concatenate([*held, np.empty(0, dtype=np.int64)])
    owners = np.repeat(np.arange(len(held)), [atoms_of.size for atoms_of in held])
    by_atom = owners[np.argsort(atoms, kind="stable")].tolist()
    ends = np.cumsum(np.bincount(atoms, minlength=sizes.size)).tolist()
    return tuple(tuple(by_atom[start:end]) for start, end in pairwise([0, *ends]))
