"""Functional liver that a treatment loses beyond what it removes or destroys.

Liver without inflow (``inflow.py``) and parts of the remnant that are cut off (``parts.py``). Only
resections cut vessels: ablation zones keep those open that are wide enough to carry heat away, and
that smaller ones close is not counted (ours).

Several treatments can together lose more than each alone. All that is lost grows with what is done,
so it is the union of what each loses and of *joint* losses, each of which occurs when all of a certain
few treatments are done.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.volume import BoolArray

NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """A loss that occurs when all of ``candidates`` are done, and is none of a single one's."""

    candidates: frozenset[int]
    voxels: Voxels
    """Functional liver, ascending flat indices."""


def with_loss(space: Workspace, candidate: Candidate) -> Candidate:
    """``candidate`` with what it loses beyond its region when it is done alone."""
    return replace(candidate, devascularized=devascularized(space, [candidate]))


def devascularized(space: Workspace, candidates: Sequence[Candidate]) -> Voxels:
    """Functional voxels that ``candidates`` done together lose beyond their regions, ascending."""
    cut = _union(c.voxels for c in candidates if not c.zones and not c.segments)
    whole = _union(c.region(space) for c in candidates if c.segments)
    removed = _union([cut, whole, *(c.voxels for c in candidates if c.zones)])
    lost = removed[space.functional.ravel()[removed]]
    dead, deprived = None, NONE
    if space.inflow is not None:
        dead = space.inflow.dead(cut, whole)
        deprived = space.inflow.deprived(dead)
        deprived = deprived[~_among(deprived, lost)]
    apart = space.parts.cut_off(np.concatenate([lost, deprived]), dead)
    return np.sort(np.concatenate([deprived, apart]))


def joint_losses(
    space: Workspace, candidates: Sequence[Candidate], chosen: Iterable[int], *, known: Sequence[Joint] = ()
) -> tuple[Joint, ...]:
    """What ``chosen`` of ``candidates`` lose together beyond the sum of their losses and ``known`` ones.

    Each entry names candidates of which none can be left out: without any of them, none of its voxels
    would be lost. All entries and all ``known`` losses of ``chosen`` together make the whole loss exact.
    """
    done = sorted(set(chosen))
    missing = np.setdiff1d(
        devascularized(space, [candidates[c] for c in done]), _counted(space, candidates, done)
    )
    missing = np.setdiff1d(missing, _union(j.voxels for j in known if j.candidates <= set(done)))
    found = []
    while missing.size:
        joint = _smallest(space, candidates, done, missing)
        found.append(joint)
        missing = np.setdiff1d(missing, joint.voxels, assume_unique=True)
    return tuple(found)


def _smallest(
    space: Workspace, candidates: Sequence[Candidate], done: Sequence[int], missing: Voxels
) -> Joint:
    """Candidates are left out one by one as long as any of ``missing`` is lost all the same."""
    kept, voxels = list(done), missing
    for candidate in done:
        fewer = [c for c in kept if c != candidate]
        lost = devascularized(space, [candidates[c] for c in fewer])
        still = np.intersect1d(lost, missing, assume_unique=True)
        if still.size:
            kept, voxels = fewer, still
    return Joint(frozenset(kept), voxels)


def _counted(space: Workspace, candidates: Sequence[Candidate], done: Collection[int]) -> Voxels:
    """What each removes or loses when it is done alone."""
    own = [part for c in done for part in (candidates[c].region(space), candidates[c].devascularized)]
    return _union(own)


def _union(parts: Iterable[Voxels]) -> Voxels:
    held = [part for part in parts if part.size]
    if len(held) < 2:
        return held[0] if held else NONE
    return np.unique(np.concatenate(held))


def _among(voxels: Voxels, others: Voxels) -> BoolArray:
    """Which of ``voxels`` are among ``others``, which ascend."""
    if not others.size:
        return np.zeros(voxels.size, dtype=bool)
    at = np.minimum(np.searchsorted(others, voxels), others.size - 1)
    return np.asarray(others[at] == voxels)
