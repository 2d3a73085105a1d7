"""Every treatment that could be done, and for each lesion why the others cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from netlm_imaging.anatomy import segment_name
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.ablation import ablations
from netlm_imaging.plan.anatomical import anatomical_candidates
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.enucleation import enucleation
from netlm_imaging.plan.problem import needed_voxels
from netlm_imaging.plan.records import LesionOptions, Option, TreatmentKind
from netlm_imaging.plan.wedge import wedge
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import Settings


def collect(
    space: Workspace,
    lesions: Sequence[Lesion],
    *,
    settings: Settings,
    budget_voxels: int,
    progress: Callable[[str], None] | None = None,
) -> tuple[tuple[Candidate, ...], tuple[LesionOptions, ...]]:
    """Candidates in a fixed order (anatomical ones, then by lesion) and the options of every lesion.

    A candidate that alone loses more than ``budget_voxels`` of functional liver is no option; it stays
    a candidate, for what a wider limit would allow is asked too.
    """
    procedures = anatomical_candidates(space) if settings.resection.anatomical else ()
    candidates = list(procedures)
    affordable = [c for c in procedures if _lost(space, c) <= budget_voxels]
    options = []
    for number, lesion in enumerate(lesions, start=1):
        if progress is not None:
            progress(f"Treatments of lesion {lesion.id} ({number} of {len(lesions)})")
        own, single = _of_lesion(space, lesion, settings=settings, budget_voxels=budget_voxels)
        candidates.extend(own)
        whole = _anatomical_option(space, lesion, procedures, affordable, settings=settings)
        options.append(LesionOptions(lesion=lesion.id, options=(*single[:2], whole, *single[2:])))
    return tuple(candidates), tuple(options)


def _of_lesion(
    space: Workspace, lesion: Lesion, *, settings: Settings, budget_voxels: int
) -> tuple[list[Candidate], tuple[Option, ...]]:
    """Enucleation, wedge and ablation of one lesion."""
    if lesion.volume_ml < settings.lesion.smallest_target_ml:
        why = f"{lesion.volume_ml:.3f} mL < {settings.lesion.smallest_target_ml:g} mL: no target of its own"
        kinds: tuple[TreatmentKind, ...] = ("enucleation", "wedge", "ablation")
        return [], tuple(Option(kind=kind, feasible=False, why_not=why) for kind in kinds)
    removed = enucleation(space, lesion, settings=settings.resection)
    wedged = wedge(space, lesion, settings=settings.resection)
    zones, no_zone = ablations(space, lesion, settings=settings.ablation)
    found: list[Candidate] = []
    options = []
    attempts: tuple[tuple[TreatmentKind, tuple[Candidate | Refusal | None, ...]], ...] = (
        ("enucleation", (removed,)),
        ("wedge", (wedged,)),
        ("ablation", zones or (no_zone,)),
    )
    for kind, tried in attempts:
        made = [c for c in tried if isinstance(c, Candidate)]
        fitting = [c for c in made if _lost(space, c) <= budget_voxels]
        refusals = [r.why_not for r in tried if isinstance(r, Refusal)]
        why_not = "; ".join(refusals) or "leaves less functional liver than the minimum remnant"
        options.append(_option(kind, fitting, why_not))
        found.extend(made)
    return found, tuple(options)


def _option(kind: TreatmentKind, found: Sequence[Candidate], why_not: str) -> Option:
    feasible = bool(found)
    return Option(kind=kind, feasible=feasible, why_not=None if feasible else why_not)


def _anatomical_option(
    space: Workspace,
    lesion: Lesion,
    procedures: Sequence[Candidate],
    affordable: Sequence[Candidate],
    *,
    settings: Settings,
) -> Option:
    """Whether one procedure takes out the whole lesion."""
    if not settings.resection.anatomical:
        return _option("anatomical", (), "switched off in the settings")
    if space.segments is None:
        return _option("anatomical", (), "the segments are not known")
    region = space.lesions[lesion.id]
    counts = np.bincount(space.segments[region.box][region.mask], minlength=9)
    needed = needed_voxels(region.voxels, settings.lesion.cleared_fraction)
    clearing = [c for c in procedures if sum(counts[g] for g in c.segments) >= needed]
    if not clearing:
        names = ", ".join(segment_name(int(g)) for g in np.flatnonzero(counts[1:]) + 1)
        return _option(
            "anatomical", (), f"no named procedure holds the lesion (segments {names or 'unknown'})"
        )
    fitting = [c for c in clearing if c in affordable]
    return _option(
        "anatomical", fitting, "every procedure that holds it leaves less liver than the minimum remnant"
    )


def _lost(space: Workspace, candidate: Candidate) -> int:
    return int(np.count_nonzero(space.functional.ravel()[candidate.region(space)]))
