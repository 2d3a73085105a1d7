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
from netlm_imaging.plan.options import group_options, option, option_of, telling
from netlm_imaging.plan.problem import needed_voxels
from netlm_imaging.plan.records import GroupOption, LesionOptions, Option, TreatmentKind
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
    budget_voxels: int,
    devices: Sequence[Device] | None = None,
    resected: Resections | None = None,
    progress: Progress | None = None,
) -> tuple[tuple[Candidate, ...], tuple[LesionOptions, ...], tuple[GroupOption, ...]]:
    """Candidates in a fixed order (anatomical, by lesion, of close ones); options of lesions and groups.

    ``devices`` default to those of the settings; ``resected`` saves work where it is at hand.
    A candidate that alone loses more than ``budget_voxels`` of functional liver is no option; it stays
    a candidate, for what a wider limit would allow is asked too.
    """
    devices = chosen_devices(settings) if devices is None else devices
    resected = resected or resections(space, lesions, settings=settings, progress=progress)
    candidates = list(resected.procedures)
    affordable = [c for c in resected.procedures if c.lost_voxels(space) <= budget_voxels]
    options = []
    tried = side_by_side(
        lambda lesion: _attempts(space, lesion, resected, devices, settings=settings),
        lesions,
        tell=_announcing(progress, "Ablations", lesions),
    )
    for lesion, attempts in zip(lesions, tried, strict=True):
        candidates.extend(c for made in attempts.values() for c in made if isinstance(c, Candidate))
        single = {kind: option_of(space, kind, t, budget_voxels) for kind, t in attempts.items()}
        single["anatomical"] = _anatomical_option(space, lesion, resected, affordable, settings=settings)
        kinds: tuple[TreatmentKind, ...] = ("enucleation", "wedge", "anatomical", "ablation")
        options.append(LesionOptions(lesion=lesion.id, options=tuple(single[kind] for kind in kinds)))
    if progress is not None:
        progress("Ablations of close lesions together")
    alone = [candidate for candidate in candidates if candidate.zones]
    ablated = ablations_together(space, lesions, alone, settings=settings, devices=devices)
    wedged = {group: (made,) for group, made in resected.together.items()}
    for group, together in (*ablated.items(), *wedged.items()):
        own = (made for made in together if isinstance(made, Candidate) and made.lesions == group)
        candidates.extend(dict.fromkeys(own))
    groups = (
        *group_options(space, "wedge", wedged, budget_voxels),
        *telling(group_options(space, "ablation", ablated, budget_voxels), alone=alone),
    )
    return tuple(candidates), tuple(options), groups


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
) -> dict[TreatmentKind, tuple[Candidate | Refusal, ...]]:
    """Candidates or reasons for enucleation, wedge and ablation of one lesion."""
    if lesion.volume_ml < settings.lesion.smallest_target_ml:
        why = f"{lesion.volume_ml:.3f} mL < {settings.lesion.smallest_target_ml:g} mL: no target of its own"
        return {"enucleation": (Refusal(why),), "wedge": (Refusal(why),), "ablation": (Refusal(why),)}
    removed, wedged = resected.local[lesion.id]
    zones, no_zone = ablations(space, lesion, settings=settings.ablation, devices=devices)
    return {
        "enucleation": (removed,),
        "wedge": (wedged,),
        "ablation": tuple(with_loss(space, zone) for zone in zones)
        or (() if no_zone is None else (no_zone,)),
    }


def _anatomical_option(
    space: Workspace,
    lesion: Lesion,
    resected: Resections,
    affordable: Sequence[Candidate],
    *,
    settings: Settings,
) -> Option:
    """Whether one procedure takes out the whole lesion."""
    if not settings.resection.anatomical:
        return option("anatomical", (), "switched off in the settings")
    if space.segments is None:
        return option("anatomical", (), "the segments are not known")
    region = space.lesions[lesion.id]
    counts = np.bincount(space.segments[region.box][region.mask], minlength=9)
    needed = needed_voxels(region.voxels, settings.lesion.cleared_fraction)
    clearing = [c for c in resected.procedures if sum(counts[g] for g in c.segments) >= needed]
    if not clearing:
        names = ", ".join(segment_name(int(g)) for g in np.flatnonzero(counts[1:]) + 1)
        return option(
            "anatomical", (), f"no named procedure holds the lesion (segments {names or 'unknown'})"
        )
    fitting = [c for c in clearing if c in affordable]
    return option(
        "anatomical", fitting, "every procedure that holds it leaves less liver than the minimum remnant"
    )
