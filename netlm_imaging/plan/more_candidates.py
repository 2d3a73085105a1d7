"""A problem with one more candidate or joint loss, its voxels not counted again: its atoms are split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from netlm_imaging.plan.atoms import Atoms
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.losses import Joint
from netlm_imaging.plan.outcome import Case
from netlm_imaging.plan.problem import Problem
from netlm_imaging.plan.relaxation import SEGMENTS
from netlm_imaging.plan.workspace import Voxels


def with_candidate(case: Case, candidate: Candidate) -> Case:
    """``case`` with ``candidate`` behind all others: the numbers of these stay.

    ``candidate`` has voxels of its own, no segments.
    """
    problem = case.problem
    voxels = np.concatenate([candidate.voxels, candidate.devascularized])
    atoms = _split(case, voxels, element=len(problem.candidates))
    return _with(case, atoms, candidates=(*problem.candidates, candidate), joint=problem.joint)


def with_joint(case: Case, losses: Iterable[Joint]) -> Case:
    """``case`` that knows more joint losses."""
    for loss in losses:
        problem = case.problem
        element = len(problem.candidates) + SEGMENTS + len(problem.joint)
        atoms = _split(case, loss.voxels, element=element)
        case = _with(case, atoms, candidates=problem.candidates, joint=(*problem.joint, loss))
    return case


def _with(case: Case, atoms: Atoms, *, candidates: tuple[Candidate, ...], joint: tuple[Joint, ...]) -> Case:
    # Not by replace: what the old problem computed from its atoms must not be kept.
    problem = case.problem
    more = Problem(
        candidates=candidates,
        lesions=problem.lesions,
        lesion_voxels=problem.lesion_voxels,
        needed_voxels=problem.needed_voxels,
        functional_voxels=problem.functional_voxels,
        atoms=atoms,
        joint=joint,
    )
    return replace(case, problem=more)


def _split(case: Case, voxels: Voxels, *, element: int) -> Atoms:
    """Each atom of which ``voxels`` hold a part that counts becomes two; ``element`` covers that part.

    Elements from that number on move up by one.
    """
    atoms = case.problem.atoms
    count = len(atoms.covers)
    own = atoms.atom_of[voxels] + 1  # 0: what no element covered so far
    functional = _counts(own[case.space.functional.ravel()[voxels]], count + 1)
    tumor = _tumor(case, voxels, own, count + 1)
    held = np.flatnonzero((functional > 0) | tumor.any(axis=0))
    number = np.full(count + 1, -1, dtype=np.int32)
    number[held] = count + np.arange(held.size)
    atom_of = atoms.atom_of.copy()
    moved = number[own]
    atom_of[voxels[moved >= 0]] = moved[moved >= 0]
    covers = [tuple(e + (e >= element) for e in cover) for cover in atoms.covers]
    split = [tuple(sorted((*(covers[n - 1] if n else ()), element))) for n in held.tolist()]
    return Atoms(
        covers=(*covers, *split),
        functional=np.concatenate([atoms.functional - functional[1:], functional[held]]),
        tumor=np.concatenate([atoms.tumor - tumor[:, 1:], tumor[:, held]], axis=1),
        atom_of=atom_of,
    )


def _tumor(case: Case, voxels: Voxels, own: npt.NDArray[np.int32], size: int) -> npt.NDArray[np.int64]:
    """Voxels of each lesion among ``voxels`` by their atom, shape (lesions, size)."""
    labels = case.anatomy.lesions.array.ravel()[voxels]
    inside = labels > 0
    row = np.searchsorted(case.problem.lesions, labels[inside])
    flat = _counts(row * size + own[inside], len(case.problem.lesions) * size)
    return flat.reshape(len(case.problem.lesions), size)


def _counts(values: npt.NDArray[np.integer], size: int) -> npt.NDArray[np.int64]:
    return np.bincount(values, minlength=size).astype(np.int64)
