"""Enucleation: the lesion with a thin rim (clinical-rules 3)."""

from __future__ import annotations

from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.candidates import Candidate, Refusal
from netlm_imaging.plan.distances import TOLERANCE_MM
from netlm_imaging.plan.workspace import Workspace
from netlm_imaging.settings import ResectionSettings


def enucleation(space: Workspace, lesion: Lesion, *, settings: ResectionSettings) -> Candidate | Refusal:
    """Lesion and rim inside the liver; the rim is liver lost to the dissection.

    Refused when the near surface lies deeper than ``enucleation_max_depth_mm`` or when a major vessel
    runs through what would be removed.
    """
    if not settings.enucleation:
        return Refusal("switched off in the settings")
    depth, limit = lesion.capsule_distance_mm, settings.enucleation_max_depth_mm
    if depth > limit:
        return Refusal(f"near surface {depth:.1f} mm below the capsule > {limit:g} mm")
    box = space.grown_box(space.lesions[lesion.id].box, margin_mm=settings.enucleation_rim_mm)
    tumor = space.lesion_in(box, lesion.id)
    removed = space.distance_mm(box, lesion.id) <= settings.enucleation_rim_mm + TOLERANCE_MM
    if space.major_vessels is not None and (removed & ~tumor & space.major_vessels[box]).any():
        return Refusal(f"a vessel wider than {settings.major_vessel_mm:g} mm lies in the rim")
    return Candidate(
        kind="enucleation",
        name=f"Enucleation of lesion {lesion.id}",
        lesions=(lesion.id,),
        margin_mm=settings.enucleation_rim_mm,
        voxels=space.voxels(removed & space.liver[box], box),
    )
