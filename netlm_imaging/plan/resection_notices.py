"""What the reader of a plan must know of its resections: vessels and tumor that are cut, large wedges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cc3d
import numpy as np

from netlm_imaging.errors import Notice
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.problem import needed_voxels
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.volume import BoolArray

LARGE_SHARE = 0.25
"""Of the liver, tumor included: two of eight segments; a major resection takes more (Brisbane 2000; ours)."""
WHOLE_SHARE = 0.95
"""Of a segment: where so much of it is removed by hand, it counts as removed whole (ours)."""


def resection_notices(
    space: Workspace,
    done: Sequence[Candidate],
    *,
    major_vessel_mm: float,
    cleared_fraction: float,
    beside: Sequence[Candidate] = (),
) -> tuple[Notice, ...]:
    """Resections among ``done`` that cut major vessels (only one drawn by hand may), are large, or cut tumor.

    ``beside``: what else the plan does.
    """
    cut = [c for c in done if not c.zones and not c.segments]
    return (
        *_vessels([c for c in cut if c.drawn], space, major_vessel_mm),
        *_large(cut, space),
        *_through_lesions(space, done, beside, cleared_fraction=cleared_fraction),
    )


def parenchymal_sparing(space: Workspace, done: Sequence[Candidate], *, most_segments: int) -> bool:
    """Whether ``done`` together are no major resection: only such a plan decides a Type (clinical-rules 1).

    Named and drawn resections take at most ``most_segments`` whole segments; no drawn one is large.
    """
    drawn = [c for c in done if c.drawn and not c.zones]
    gone = _together(space, (*drawn, *(c for c in done if c.segments))).ravel()
    whole = sum(voxels.size > 0 and gone[voxels].mean() >= WHOLE_SHARE for voxels in space.segment_voxels)
    return whole <= most_segments and not any(_share(c, space) > LARGE_SHARE for c in drawn)


def cut_places(space: Workspace, removed: Voxels) -> int | None:
    """At how many places the border of ``removed`` runs through a major vessel; None where none are given."""
    major = space.major_vessels
    if major is None:
        return None
    gone = np.zeros(space.liver.shape, dtype=bool)
    gone.ravel()[removed[major.ravel()[removed]]] = True
    return int(cc3d.connected_components(_beside(gone, major & ~gone), connectivity=26, return_N=True)[1])


def _beside(inner: BoolArray, outer: BoolArray) -> BoolArray:
    """The voxels of ``inner`` that share a face with one of ``outer``."""
    touching = np.zeros_like(inner)
    for axis in range(inner.ndim):
        ahead, behind = [slice(None)] * 3, [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        for here, there in ((tuple(ahead), tuple(behind)), (tuple(behind), tuple(ahead))):
            touching[here] |= inner[here] & outer[there]
    return touching


def _vessels(drawn: Sequence[Candidate], space: Workspace, width_mm: float) -> Iterator[Notice]:
    for candidate in drawn:
        places = cut_places(space, candidate.voxels)
        if places is None:
            message = f"{candidate.name}: no vessels are given, so which of them it cuts is not known."
            yield Notice(code="DRAWN_VESSELS_UNKNOWN", message=message, where="plan")
        elif places:
            where = "one place" if places == 1 else f"{places} places"
            message = (
                f"{candidate.name} cuts through vessels wider than {width_mm:g} mm at {where}. No wedge of "
                "the planner does: check that each may be divided, and which liver it feeds or drains."
            )
            yield Notice(code="DRAWN_CUTS_MAJOR_VESSEL", message=message, where="plan")


def _share(candidate: Candidate, space: Workspace) -> float:
    return float(candidate.voxels.size / np.count_nonzero(space.liver))


def _large(cut: Sequence[Candidate], space: Workspace) -> Iterator[Notice]:
    for candidate in cut:
        share = _share(candidate, space)
        if share > LARGE_SHARE:
            counts = "though it counts as parenchymal-sparing"
            message = (
                f"{candidate.name} takes out {candidate.voxels.size * space.grid.voxel_ml:.0f} mL, "
                f"{100.0 * share:.0f} % of the liver: as much as a major resection, "
                f"{'and no Type follows from a plan with it' if candidate.drawn else counts}."
            )
            yield Notice(code="LARGE_LOCAL_RESECTION", message=message, where="plan")


def _through_lesions(
    space: Workspace, done: Sequence[Candidate], beside: Sequence[Candidate], *, cleared_fraction: float
) -> Iterator[Notice]:
    """Resections that take a part of a lesion and leave the rest."""
    resections = [c for c in done if not c.zones]
    if not resections:  # as while a probe is moved
        return
    treated = _together(space, (*done, *beside))
    stay = {
        number: lesion
        for number, lesion in space.lesions.items()
        if np.count_nonzero(treated[lesion.box] & lesion.mask)
        < needed_voxels(lesion.voxels, cleared_fraction)
    }
    cuts = []
    for candidate in resections:
        removed = _together(space, [candidate])
        for number, lesion in stay.items():
            share = np.count_nonzero(removed[lesion.box] & lesion.mask) / lesion.voxels
            if share:
                cuts.append(f"{candidate.name} takes {100.0 * share:.1f} % of lesion {number}")
    if cuts:
        message = (
            f"Resections run through tumor that stays: {', '.join(cuts)}. Check whether each can pass "
            "beside the lesion; what is taken of it counts by volume alone."
        )
        yield Notice(code="RESECTION_THROUGH_LESION", message=message, where="plan")


def _together(space: Workspace, candidates: Sequence[Candidate]) -> BoolArray:
    """All that ``candidates`` remove or destroy [k, j, i]."""
    gone = np.zeros(space.liver.shape, dtype=bool)
    for candidate in candidates:
        gone.ravel()[candidate.region(space)] = True
    return gone
