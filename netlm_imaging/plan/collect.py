"""Every treatment that could be done, and for each lesion why the others cannot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np

from netlm_imaging.anatomy import segment_name
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.ablation_candidates import ablations, ablations_together
from netlm_imaging.plan.anatomical import anatomical_candidates
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.cluster_wedges import cluster_wedges
from netlm_imaging.plan.devices import Device, chosen_devices
from netlm_imaging.plan.enucleation import enucleation
from netlm_imaging.plan.losses import with_loss
from netlm_imaging.plan.options import Attempt, Attempts
from netlm_imaging.plan.problem import needed_voxels
from netlm_imaging.plan.records import TreatmentKind
from netlm_imaging.plan.side_by_side import side_by_side
from netlm_imaging.plan.wedge import wedge
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import ResectionSettings, Settings

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resections:
    """What can be cut out, whatever the ablation devices."""

    procedures: tuple[Candidate, ...]
    local: Mapping[int, tuple[Candidate | Refusal, Candidate | Refusal]]
    """Enucleation and wedge of each lesion that is a target of its own."""
    together: Mapping[tuple[int, ...], Candidate | Refusal]
    """The wedge of each group of close lesions in one specimen."""


def collect(
    space: Workspace,
    lesions: Sequence[Lesion],
    *,
    settings: Settings,
    devices: Sequence[Device] | None = None,
    resected: Resections | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[Candidate, ...], Attempts]:
    """Candidates in a fixed order (anatomical, by lesion, of close ones), and all that was tried for them.

    ``devices`` default to those of the settings; ``resected`` saves work where it is at hand.
    A candidate that alone loses more liver than the limits allow stays one, for what a wider limit would
    allow is asked too.
    """
    devices = chosen_devices(settings) if devices is None else devices
    resected = resected or resections(space, lesions, settings=settings, progress=progress)
    tried = side_by_side(
        lambda lesion: _attempts(space, lesion, resected, devices, settings=settings),
        lesions,
        tell=_announcing(progress, "Ablations", lesions),
    )
    single = [
        (kind, (lesion.id,), made)
        for lesion, by_kind in zip(lesions, tried, strict=True)
        for kind, made in by_kind.items()
    ]
    own = [c for kind, _, made in single if kind != "anatomical" for c in made if isinstance(c, Candidate)]
    alone = [candidate for candidate in own if candidate.zones]
    if progress is not None:
        progress("Ablations of close lesions together")
    wedged = {group: (made,) for group, made in resected.together.items()}
    ablated = ablations_together(space, lesions, alone, settings=settings, devices=devices)
    shared = [
        c
        for group, made in (*ablated.items(), *wedged.items())
        for c in dict.fromkeys(c for c in made if isinstance(c, Candidate) and c.lesions == group)
    ]
    together = [("wedge", *of) for of in wedged.items()] + [("ablation", *of) for of in ablated.items()]
    attempts = Attempts(
        single=tuple(Attempt.of(space, *one) for one in single),
        together=tuple(Attempt.of(space, *one) for one in together),
        one_zone=frozenset(frozenset(c.lesions) for c in alone if len(c.zones) == 1),
    )
    return (*resected.procedures, *own, *shared), attempts


def resections(
    space: Workspace, lesions: Sequence[Lesion], *, settings: Settings, progress: Progress | None = None
) -> Resections:
    """The anatomical procedures, and the enucleation and the wedge of each lesion or why not."""
    rules = settings.resection
    targets = [lesion for lesion in lesions if lesion.volume_ml >= settings.lesion.smallest_target_ml]
    made = side_by_side(
        lambda lesion: _local(space, lesion, settings=rules),
        targets,
        tell=_announcing(progress, "Resections", targets),
    )
    local = {lesion.id: pair for lesion, pair in zip(targets, made, strict=True)}
    wedges = {n: wedged for n, (_, wedged) in local.items() if isinstance(wedged, Candidate)}
    if progress is not None:
        progress("Wedges of close lesions together")
    clusters = cluster_wedges(space, wedges, settings=rules)
    together = {n: _fed(space, c, rules.max_devascularized_ml) for n, c in clusters.items()}
    procedures = anatomical_candidates(space) if rules.anatomical else ()
    return Resections(
        procedures=tuple(side_by_side(lambda c: with_loss(space, c), procedures)),
        local=local,
        together=together,
    )


def _announcing(
    progress: Progress | None, what: str, lesions: Sequence[Lesion]
) -> Callable[[Lesion], None] | None:
    """Tells which of ``lesions`` is being worked on."""
    if progress is None:
        return None
    number = count(1)
    return lambda lesion: progress(f"{what} of lesion {lesion.id} ({next(number)} of {len(lesions)})")


def _local(
    space: Workspace, lesion: Lesion, *, settings: ResectionSettings
) -> tuple[Candidate | Refusal, Candidate | Refusal]:
    """The enucleation and the wedge of one lesion."""
    # The wedge first: it measures the distances around the lesion farthest.
    wedged = wedge(space, lesion, settings=settings)
    removed = enucleation(space, lesion, settings=settings)
    if isinstance(removed, Candidate):
        removed = with_loss(space, removed)
    most_ml = settings.max_devascularized_ml
    return _fed(space, removed, most_ml), _fed(space, wedged, most_ml)


def _fed(space: Workspace, made: Candidate | Refusal, most_ml: float) -> Candidate | Refusal:
    """``made``, refused where it cuts the branch to more than ``most_ml`` of liver that stays."""
    if isinstance(made, Refusal):
        return made
    lost_ml = made.devascularized.size * space.grid.voxel_ml
    if lost_ml <= most_ml:
        return made
    return Refusal(f"would leave {lost_ml:.0f} mL of other liver without inflow > {most_ml:g} mL")


def _attempts(
    space: Workspace, lesion: Lesion, resected: Resections, devices: Sequence[Device], *, settings: Settings
) -> dict[TreatmentKind, Sequence[Candidate | Refusal]]:
    """Candidates or reasons of every kind for one lesion, in the order of the contract."""
    anatomical = _procedures(space, lesion, resected, settings=settings)
    if lesion.volume_ml < settings.lesion.smallest_target_ml:
        why = f"{lesion.volume_ml:.3f} mL < {settings.lesion.smallest_target_ml:g} mL: no target of its own"
        small = (Refusal(why),)
        return {"enucleation": small, "wedge": small, "anatomical": anatomical, "ablation": small}
    removed, wedged = resected.local[lesion.id]
    zones, no_zone = ablations(space, lesion, settings=settings.ablation, devices=devices)
    return {
        "enucleation": (removed,),
        "wedge": (wedged,),
        "anatomical": anatomical,
        "ablation": tuple(with_loss(space, zone) for zone in zones)
        or (() if no_zone is None else (no_zone,)),
    }


def _procedures(
    space: Workspace, lesion: Lesion, resected: Resections, *, settings: Settings
) -> Sequence[Candidate | Refusal]:
    """Those that take out the whole lesion, or why there is none."""
    if not settings.resection.anatomical:
        return (Refusal("switched off in the settings"),)
    if space.segments is None:
        return (Refusal("the segments are not known"),)
    region = space.lesions[lesion.id]
    counts = np.bincount(space.segments[region.box][region.mask], minlength=9)
    needed = needed_voxels(region.voxels, settings.lesion.cleared_fraction)
    names = ", ".join(segment_name(int(g)) for g in np.flatnonzero(counts[1:]) + 1)
    return [c for c in resected.procedures if sum(counts[g] for g in c.segments) >= needed] or (
        Refusal(f"no named procedure holds the lesion (segments {names or 'unknown'})"),
    )
