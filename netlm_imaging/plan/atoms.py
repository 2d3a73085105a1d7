"""Voxels that the same elements cover are one atom: a few thousand stand for millions, exactly.

An element is what is removed as one piece: the region of an enucleation, a wedge or an ablation, or a
whole segment. Each element gets a random 64-bit key that is XORed into the voxels it covers; equal
codes are one atom. That no two cover sets shared a code by chance is verified, not hoped for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.plan.workspace import Voxels

SEED = 20230401


@dataclass(frozen=True, slots=True, eq=False)
class Atoms:
    """All voxels that some element covers, grouped by the elements that cover them."""

    covers: tuple[tuple[int, ...], ...]
    """For each atom the elements that cover it, ascending."""
    functional: npt.NDArray[np.int64]
    """Voxels of functional liver in each atom."""
    tumor: npt.NDArray[np.int64]
    """Voxels of each lesion in each atom, shape (lesions, atoms)."""
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
        tumor=np.stack([_counts(atom_of[voxels], sizes.size) for voxels in lesions])
        if lesions
        else np.zeros((0, sizes.size), dtype=np.int64),
        atom_of=atom_of,
    )


def _counts(atoms: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int64]:
    return np.bincount(atoms[atoms >= 0], minlength=size).astype(np.int64)


def _covers(
    elements: Sequence[Voxels], atom_of: npt.NDArray[np.int32], sizes: npt.NDArray[np.int64]
) -> tuple[tuple[int, ...], ...]:
    """The cover set of each atom, read back from the voxels: an element holds an atom whole or not at all."""
    covers: list[list[int]] = [[] for _ in sizes]
    for element, voxels in enumerate(elements):
        counts = _counts(atom_of[voxels], sizes.size)
        held = np.flatnonzero(counts)
        if counts.sum() != voxels.size or (counts[held] != sizes[held]).any():
            raise ArithmeticError("two cover sets share one code; another seed is needed")
        for atom in held:
            covers[atom].append(element)
    return tuple(tuple(cover) for cover in covers)
