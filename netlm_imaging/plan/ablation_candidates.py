"""The ablations of each lesion, one candidate for each device that can make one."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.ablation import target_of, zone_of
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import AblationSettings


def ablations(
    space: Workspace, lesion: Lesion, *, settings: AblationSettings, devices: Sequence[Device]
) -> tuple[tuple[Candidate, ...], Refusal | None]:
    """One candidate for each of ``devices`` that can ablate the lesion; where none can, why not."""
    refusal = why_no_target(lesion, settings=settings, devices=devices)
    if refusal is not None:
        return (), refusal
    target = target_of(space, lesion.id, margin_mm=settings.margin_mm)
    tried = [zone_of(space, target, device, settings=settings) for device in devices]
    found = tuple(t for t in tried if isinstance(t, Candidate))
    if found:
        return found, None
    reasons = dict.fromkeys(t.why_not for t in tried if isinstance(t, Refusal))
    return (), Refusal("; ".join(reasons))


def why_no_target(lesion: Lesion, *, settings: AblationSettings, devices: Sequence[Device]) -> Refusal | None:
    """Why the lesion is not ablated, whatever the zone; None where it may be."""
    if not devices:
        return Refusal("no ablation device is allowed in the settings")
    if lesion.longest_diameter_mm > settings.max_lesion_mm:
        return Refusal(
            f"longest diameter {lesion.longest_diameter_mm:.1f} mm > {settings.max_lesion_mm:g} mm"
        )
    return None
