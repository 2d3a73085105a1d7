"""Every ablation that could be made: of one lesion, of close ones together, by several zones."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.ablation import target_of, zone_of
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.clusters import cluster_ablations
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.sequences import sequence_of
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import AblationSettings, Settings


def ablations(
    space: Workspace, lesion: Lesion, *, settings: AblationSettings, devices: Sequence[Device]
) -> tuple[tuple[Candidate, ...], Refusal | None]:
    """One candidate for each of ``devices`` that can ablate the lesion; where none can, why not.

    By one zone; where no device can do that, by the fewest overlapping ones, up to
    ``settings.max_zones``.
    """
    refusal = why_no_target(lesion, settings=settings, devices=devices)
    if refusal is not None:
        return (), refusal
    target = target_of(space, lesion.id, margin_mm=settings.margin_mm)
    tried = [zone_of(space, target, device, settings=settings) for device in devices]
    if settings.max_zones > 1 and not any(isinstance(t, Candidate) for t in tried):
        tried += [
            sequence_of(space, target, device, settings=settings)
            for device, alone in zip(devices, tried, strict=True)
            if isinstance(alone, Refusal) and alone.too_small
        ]
    found = tuple(t for t in tried if isinstance(t, Candidate))
    if found:
        return found, None
    reasons = dict.fromkeys(t.why_not for t in tried if isinstance(t, Refusal))
    return (), Refusal("; ".join(reasons))


def ablations_together(
    space: Workspace,
    lesions: Sequence[Lesion],
    single: Sequence[Candidate],
    *,
    settings: Settings,
    devices: Sequence[Device],
) -> dict[tuple[int, ...], tuple[Candidate | Refusal, ...]]:
    """One zone for two or three close lesions, or why not; ``single``: the ablations of one lesion."""
    rules = settings.ablation
    if not rules.clusters:
        return {}
    allowed = [n for n in lesions if why_no_target(n, settings=rules, devices=devices) is None]
    allowed = [n for n in allowed if n.volume_ml >= settings.lesion.smallest_target_ml]
    targets = [target_of(space, lesion.id, margin_mm=rules.margin_mm) for lesion in allowed]
    return cluster_ablations(
        space,
        targets,
        single,
        settings=rules,
        devices=devices,
        cleared_fraction=settings.lesion.cleared_fraction,
    )


def why_no_target(lesion: Lesion, *, settings: AblationSettings, devices: Sequence[Device]) -> Refusal | None:
    """Why the lesion is not ablated, whatever the zone; None where it may be."""
    if not devices:
        return Refusal("no ablation device is allowed in the settings")
    if lesion.longest_diameter_mm > settings.max_lesion_mm:
        return Refusal(
            f"longest diameter {lesion.longest_diameter_mm:.1f} mm > {settings.max_lesion_mm:g} mm"
        )
    return None
