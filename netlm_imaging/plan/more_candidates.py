"""A problem with one more candidate or joint loss, its voxels not counted again: its atoms are split."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from netlm_imaging.plan.atoms import Atoms, tumor_counts
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.losses import Joint
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.relaxation import SEGMENTS, Learned
from netlm_imaging.plan.workspace import Voxels


def with_candidate(case: Case, candidate: Candidate) -> Case:
    """``case`` with ``candidate`` behind all others, the numbers of these stay, and all rows known so far.

    ``candidate`` has voxels of its own, no segments.
    """
    problem, element = case.problem, len(case.problem.candidates)
    voxels = np.concatenate([candidate.voxels, candidate.devascularized])
    atoms, parents = _split(case, problem.atoms, voxels, element=element)
    treated = atoms.tumor[:, len(problem.atoms.covers) :].sum(axis=1)
    # Not by replace: what the old problem computed from its atoms must not be kept.
    more = Problem(
        candidates=(*problem.candidates, candidate),
        lesions=problem.lesions,
        lesion_voxels=problem.lesion_voxels,
        needed_voxels=problem.needed_voxels,
        functional_voxels=problem.functional_voxels,
        atoms=atoms,
        joint=problem.joint,
        learned=Learned(
            before=problem.relaxation.known,
            parents=tuple(parents),
            first=element,
            treats=tuple(np.flatnonzero(treated).tolist()),
        ),
    )
    return replace(case, problem=more)


def with_joint(case: Case, losses: Iterable[Joint]) -> Case:
    """``case`` that knows more joint losses, and all rows that solves of it have found."""
    problem, atoms, joint = case.problem, case.problem.atoms, list(case.problem.joint)
    parents: list[int] = []
    for loss in losses:
        element = len(problem.candidates) + SEGMENTS + len(joint)
        atoms, split = _split(case, atoms, loss.voxels, element=element)
        joint.append(loss)
        parents.extend(split)
    if len(joint) == len(problem.joint):
        return case
    more = Problem(
        candidates=problem.candidates,
        lesions=problem.lesions,
        lesion_voxels=problem.lesion_voxels,
        needed_voxels=problem.needed_voxels,
        functional_voxels=problem.functional_voxels,
        atoms=atoms,
        joint=tuple(joint),
        learned=Learned(
            before=problem.relaxation.known, parents=tuple(parents), first=problem.relaxation.elements
        ),
    )
    return replace(case, problem=more)


def _split(case: Case, atoms: Atoms, voxels: Voxels, *, element: int) -> tuple[Atoms, list[int]]:
    """Each atom of which ``voxels`` hold a part that counts becomes two; ``element`` covers that part.

    Elements from that number on move up by one. The parts are the last atoms; also returned is the atom
    that each of them was split from, -1 for what no element covered so far.
    """
    count = len(atoms.covers)
    own = atoms.atom_of[voxels] + 1  # 0: what no element covered so far
    functional = _counts(own[case.space.functional.ravel()[voxels]], count + 1)
    tumor = _tumor(case, voxels, own, count + 1)
    held = np.flatnonzero((functional > 0) | (tumor.sum(axis=0) > 0))
    number = np.full(count + 1, -1, dtype=np.int32)
    number[held] = count + np.arange(held.size)
    atom_of = atoms.atom_of.copy()
    moved = number[own]
    atom_of[voxels[moved >= 0]] = moved[moved >= 0]
    covers = _with_room(atoms.covers, element)
    split = [tuple(sorted((*(covers[n - 1] if n else ()), element))) for n in held.tolist()]
    rest = sparse.csr_array(atoms.tumor - tumor[:, 1:])
    rest.eliminate_zeros()
    more = Atoms(
        covers=(*covers, *split),
        functional=np.concatenate([atoms.functional - functional[1:], functional[held]]),
        tumor=sparse.csr_array(sparse.hstack([rest, tumor[:, held]], format="csr")),
        atom_of=atom_of,
    )
    return more, (held - 1).tolist()


def _with_room(covers: Sequence[tuple[int, ...]], element: int) -> list[tuple[int, ...]]:
    """Numbers from ``element`` on move up by one. Few ends of covers differ: each is made once."""
    ends: dict[tuple[int, ...], tuple[int, ...]] = {}
    moved = []
    for cover in covers:
        at = bisect_left(cover, element)
        if at < len(cover):
            end = cover[at:]
            if end not in ends:
                ends[end] = tuple(number + 1 for number in end)
            cover = cover[:at] + ends[end]
        moved.append(cover)
    return moved


def _tumor(case: Case, voxels: Voxels, own: npt.NDArray[np.int32], size: int) -> sparse.csr_array:
    """Voxels of each lesion among ``voxels`` by their atom, shape (lesions, size)."""
    labels = case.anatomy.lesions.array.ravel()[voxels]
    inside = labels > 0
    row = np.searchsorted(case.problem.lesions, labels[inside])
    return tumor_counts(row, own[inside], shape=(len(case.problem.lesions), size))


def _counts(values: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.int64]:
    return np.bincount(values, minlength=size).astype(np.int64)
