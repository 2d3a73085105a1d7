"""Functional liver that a treatment loses beyond what it removes or destroys.

Liver without inflow (``inflow.py``) and parts of the remnant that are cut off (``parts.py``). Only
resections cut vessels: ablation zones keep those open that are wide enough to carry heat away, and
that smaller ones close is not counted (ours).

Several treatments can together lose more than each alone. All that is lost grows with what is done,
so it is the union of what each loses and of *joint* losses, each of which occurs when all of a certain
few treatments are done.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.workspace import Voxels, Workspace

NONE = np.empty(0, dtype=np.int64)
SPARSE = 16
"""One voxel of so many tells about where a region is."""


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
    size = space.functional.size
    removed = _union((c.region(space) for c in candidates), size)
    lost, dead, deprived = removed[space.functional.ravel()[removed]], None, NONE
    if space.inflow is not None:
        cut = _union((c.voxels for c in candidates if not c.zones and not c.segments), size)
        whole = _union((c.region(space) for c in candidates if c.segments), size)
        dead = space.inflow.dead(cut, whole)
        gone = np.zeros(size, dtype=bool)
        gone[lost] = True
        deprived = space.inflow.deprived(dead)
        deprived = np.sort(deprived[~gone[deprived]])
        lost = _union((lost, deprived), size)
    apart = space.parts.cut_off(lost, dead)
    return np.sort(np.concatenate([deprived, apart])) if apart.size else deprived


def joint_losses(
    space: Workspace, candidates: Sequence[Candidate], chosen: Iterable[int], *, known: Sequence[Joint] = ()
) -> tuple[Joint, ...]:
    """What ``chosen`` of ``candidates`` lose together beyond the sum of their losses and ``known`` ones.

    Each entry names candidates of which none can be left out: without any of them, none of its voxels
    would be lost. All entries and all ``known`` losses of ``chosen`` together make the whole loss exact.
    """
    done = sorted(set(chosen))
    missing, found = unknown_loss(space, candidates, done, known=known), list[Joint]()
    while missing.size:
        joint = _smallest(space, candidates, done, missing)
        found.append(joint)
        missing = np.setdiff1d(missing, joint.voxels, assume_unique=True)
    return tuple(found)


def unknown_loss(
    space: Workspace, candidates: Sequence[Candidate], chosen: Iterable[int], *, known: Sequence[Joint] = ()
) -> Voxels:
    """Functional voxels that ``chosen`` lose together beyond the sum of their losses and ``known`` ones."""
    done, size = sorted(set(chosen)), space.functional.size
    own = [part for c in done for part in (candidates[c].region(space), candidates[c].devascularized)]
    counted = _union([*own, *(j.voxels for j in known if j.candidates <= set(done))], size)
    return np.setdiff1d(devascularized(space, [candidates[c] for c in done]), counted, assume_unique=True)


def _smallest(
    space: Workspace, candidates: Sequence[Candidate], done: Sequence[int], missing: Voxels
) -> Joint:
    """Candidates are left out, many at once and then fewer, as long as any of ``missing`` is still lost.

    Those nearest to it are most likely to do it alone.
    """

    def still_lost(some: Sequence[int]) -> Voxels:
        lost = devascularized(space, [candidates[c] for c in some]) if some else NONE
        return np.intersect1d(lost, missing, assume_unique=True)

    kept, voxels = list(done), missing
    by_distance = sorted(done, key=lambda c: _distance(space, candidates[c], int(missing[0])))
    for count in (2**n for n in range(1, len(done).bit_length() - 1)):
        if (still := still_lost(by_distance[:count])).size:
            kept, voxels = by_distance[:count], still
            break
    together = len(kept) // 2
    while together:
        start = 0
        while start < len(kept):
            fewer = kept[:start] + kept[start + together :]
            if (still := still_lost(fewer)).size:
                kept, voxels = fewer, still
            else:
                start += together
        together //= 2
    return Joint(frozenset(kept), voxels)


def _distance(space: Workspace, candidate: Candidate, voxel: int) -> float:
    """About how far ``candidate`` is from ``voxel``, in voxels."""
    shape = space.functional.shape
    some = np.stack(np.unravel_index(candidate.region(space)[::SPARSE], shape), axis=-1)
    return float(np.linalg.norm(some - np.unravel_index(voxel, shape), axis=-1).min(initial=np.inf))


def _union(parts: Iterable[Voxels], size: int) -> Voxels:
    """All voxels of ``parts``, ascending; ``size`` of the array that they index."""
    held = [part for part in parts if part.size]
    if len(held) < 2:
        return held[0] if held else NONE
    mask = np.zeros(size, dtype=bool)
    for part in held:
        mask[part] = True
    return np.flatnonzero(mask)
