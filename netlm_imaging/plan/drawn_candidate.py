"""From what a surgeon draws to a candidate like the others: the one place where that is done.

An ablation destroys what a planned one of the same device at the same place would: heat sinks, the
capsule and protected structures count alike; its middle may lie outside the liver, where the planner puts
none. A resection takes out all liver beyond its surface, vessels too: ``resection_notices.py`` says which.
"""

from __future__ import annotations

from dataclasses import replace

import cc3d
import numpy as np

from netlm_imaging.errors import Fault, PlanError
from netlm_imaging.geometry import FloatArray
from netlm_imaging.plan.ablation import forbidden_to, in_reach_of_heat, zone_at
from netlm_imaging.plan.candidates import Candidate
from netlm_imaging.plan.cutting import bad_treatment, beyond_plane, beyond_surface, finite, unit
from netlm_imaging.plan.devices import Device, devices_named
from netlm_imaging.plan.drawn import Drawn, DrawnAblation, DrawnPlane, Point
from netlm_imaging.plan.outcome import Case, tumor_voxels
from netlm_imaging.plan.records import best_of
from netlm_imaging.plan.workspace import Voxels, Workspace
from netlm_imaging.plan.zones import Placement, comes_near, zone_box, zone_in
from netlm_imaging.settings import Settings
from netlm_imaging.volume import BoolArray

NO_VOXELS: Voxels = np.empty(0, dtype=np.int64)


def drawn_candidate(case: Case, drawn: Drawn, *, number: int, settings: Settings) -> Candidate:
    """``drawn`` as a candidate; ``number`` tells those drawn by hand apart in their names.

    What it loses beyond its region is left to ``losses.with_loss``.

    Raises UsageError: BAD_TREATMENT (not a plane, a surface, a direction, a lesion), BAD_SETTINGS (no such
    device); PlanError: TREATMENT_REFUSED (too near to a structure, no liver removed or destroyed).
    """
    if isinstance(drawn, DrawnAblation):
        return _ablation(case, drawn, number=number, settings=settings)
    space = case.space
    voxels = beyond_plane(space, drawn) if isinstance(drawn, DrawnPlane) else beyond_surface(space, drawn)
    if not voxels.size:
        raise _refused("liver on the side that is removed", "none")
    return Candidate(
        kind="wedge",
        name=f"Resection {number} drawn by hand",
        lesions=_meant(case, voxels, ()),
        voxels=voxels,
        drawn=True,
    )


def at_tip(
    device: Device, *, tip_lps_mm: Point, axis_lps: Point, lesions: tuple[int, ...] = ()
) -> DrawnAblation:
    """The ablation whose probe ends at ``tip_lps_mm``; ``axis_lps`` leads from the skin towards it.

    The zone reaches beyond the tip as published (the middle of the range), shrunk like the zone itself.
    Raises UsageError (BAD_TREATMENT) where that is not known.
    """
    if device.beyond_tip_mm is None:
        raise bad_treatment(
            f"the middle of the zone: how far that of {device.id} reaches beyond its tip is not known",
            "a tip",
        )
    beyond = device.shrink * sum(device.beyond_tip_mm) / 2.0
    along = unit(axis_lps, what="a direction of the probe")
    center = finite([tip_lps_mm], what="a tip")[0] + (beyond - device.zone_mm[0] / 2.0) * along
    x, y, z = center.tolist()
    return DrawnAblation(device=device.id, center_lps_mm=(x, y, z), axis_lps=axis_lps, lesions=lesions)


def in_lesion(
    case: Case, *, lesion: int, middle_lps_mm: Point, device: Device, axis_lps: Point
) -> DrawnAblation:
    """An ablation with its zone in the middle of a lesion, along the best path that the planner finds.

    Along ``axis_lps`` where it finds none, or where what lies in the way is not known.
    """
    drawn = DrawnAblation(device=device.id, center_lps_mm=middle_lps_mm, axis_lps=axis_lps, lesions=(lesion,))
    if case.ways is None:
        return drawn
    zone = zone_at(case.space, device, _placement(case.space, drawn, device))
    return replace(drawn, axis_lps=case.ways.axis_to(zone, (lesion,)) or axis_lps)


def along_path(case: Case, planned: Candidate) -> DrawnAblation:
    """A planned ablation of one zone as if drawn by hand: its probe comes in along its best path.

    Without a path, along the zone's axis.
    """
    zone = planned.zones[0]
    drawn = DrawnAblation(
        device=zone.device.id,
        center_lps_mm=zone.center_lps_mm,
        axis_lps=zone.axis_lps,
        across_lps=zone.across_lps,
        lesions=planned.lesions,
    )
    path = best_of(case.facts_of(planned).access.paths)
    if path is None:
        return drawn
    x, y, z = np.subtract(path.tip_lps_mm, path.entry_lps_mm).tolist()
    return replace(drawn, axis_lps=(x, y, z), across_lps=None if zone.device.spherical else drawn.across_lps)


def _ablation(case: Case, drawn: DrawnAblation, *, number: int, settings: Settings) -> Candidate:
    (device,) = devices_named((drawn.device,), settings, key="device")
    known = case.problem.lesions
    for lesion in sorted(set(drawn.lesions) - set(known)):
        raise bad_treatment(f"lesions of {', '.join(map(str, known)) or '(none)'}", f"lesion {lesion}")
    space = case.space
    placement = _placement(space, drawn, device)
    _require_room(space, placement, device)
    voxels = _destroyed(case, placement, device, drawn.lesions)
    if not voxels.size:
        raise _refused(
            "liver that the zone destroys", "none: it lies outside, or vessels carry all heat away"
        )
    return Candidate(
        kind="ablation",
        name=f"Ablation {number} drawn by hand: {device.name}",
        lesions=_meant(case, voxels, drawn.lesions),
        voxels=voxels,
        margin_mm=settings.ablation.margin_mm,
        zones=(zone_at(space, device, placement),),
        drawn=True,
    )


def _placement(space: Workspace, drawn: DrawnAblation, device: Device) -> Placement:
    along = unit(drawn.axis_lps, what="a direction of the probe")
    center = finite([drawn.center_lps_mm], what="a middle of the zone")[0]
    across = _across(along, drawn.across_lps)
    frame = np.stack([along, across, np.cross(along, across)])
    axes_kji = (frame @ space.grid.axes)[:, ::-1]
    return Placement(
        center_mm=np.asarray(space.grid.to_index(center) * space.spacing),
        axis_kji=axes_kji[0],
        to_unit=axes_kji / (np.asarray(device.zone_mm) / 2.0)[:, None],
    )


def _across(along: FloatArray, wanted: Point | None) -> FloatArray:
    """A unit vector across ``along``: as near to the wanted one as can be, else any fixed one."""
    given = np.eye(3)[np.argmin(np.abs(along))] if wanted is None else unit(wanted, what="a second axis")
    return unit(given - (given @ along) * along, what="a second axis that is not the probe's direction")


def _require_room(space: Workspace, placement: Placement, device: Device) -> None:
    forbidden = forbidden_to(space, device)
    if forbidden is not None and comes_near(space, placement, forbidden):
        box = zone_box(space, placement)
        start = [s.start for s in box]
        points = (np.argwhere(zone_in(space, placement, box)) + start) * space.spacing
        apart = forbidden.distances_mm(points)
        name = min(apart, key=lambda structure: apart[structure])
        raise _refused(
            f"a zone at least {forbidden.clearance_mm:g} mm away from the {name}", f"{apart[name]:.1f} mm"
        )


def _destroyed(case: Case, placement: Placement, device: Device, lesions: tuple[int, ...]) -> Voxels:
    space = case.space
    box = zone_box(space, placement)
    destroyed = zone_in(space, placement, box) & space.liver[box] & in_reach_of_heat(space, device, box)
    if not destroyed.any():
        return NO_VOXELS
    parts, count = cc3d.connected_components(destroyed, connectivity=6, return_N=True)
    if count <= 1:
        return space.voxels(destroyed, box)
    start = np.array([s.start for s in box])
    seeds = destroyed & np.isin(case.anatomy.lesions.array[box], lesions)
    if not seeds.any():
        seeds = _nearest(destroyed, placement.center_mm / space.spacing - start, space.spacing)
    return space.voxels(np.isin(parts, np.unique(parts[seeds])) & destroyed, box)


def _nearest(region: BoolArray, index_kji: FloatArray, spacing: FloatArray) -> BoolArray:
    """The voxel of ``region`` nearest to a place."""
    found = np.argwhere(region)
    first = found[np.argmin(np.linalg.norm((found - index_kji) * spacing, axis=1))]
    only = np.zeros_like(region)
    only[tuple(first)] = True
    return only


def _meant(case: Case, voxels: Voxels, wanted: tuple[int, ...]) -> tuple[int, ...]:
    """Of those that it was drawn for, the lesions that it touches, and all that it clears alone.

    Where that is none: the one of which it holds most.
    """
    held = tumor_voxels(case, voxels)
    needed = dict(zip(case.problem.lesions, case.problem.needed_voxels.tolist(), strict=True))
    meant = {n for n, count in held.items() if n in wanted or count >= needed[n]}
    if not meant and held:
        meant = {max(held, key=lambda n: held[n])}
    return tuple(sorted(meant))


def _refused(expected: str, found: str) -> PlanError:
    return PlanError(
        Fault(
            code="TREATMENT_REFUSED",
            expected=expected,
            found=found,
            where="treatment drawn by hand",
            remedy="Move it, or choose another treatment",
        )
    )
