"""What a finished case says and holds beside its plan: of a run, and of a plan that was edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.case import CaseLesion, DeviceComparison
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import classify_plans
from netlm_imaging.errors import Notice
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern
from netlm_imaging.plan import Planned
from netlm_imaging.plan.records import Plan
from netlm_imaging.remnant import body_size_notices, flr_notices, remnant, remnant_notices
from netlm_imaging.settings import Objective, Settings
from netlm_imaging.volume import LabelMap, Mask, Volume


def device_comparison(
    planned: Planned,
    *,
    lesions: Sequence[Lesion],
    liver: LiverVolumes,
    spread: Pattern,
    clinical: Clinical,
    settings: Settings,
    deciding: Objective = "sparing",
) -> DeviceComparison | None:
    """What the comparison devices would change, the Type included. ``deciding``: as ``classify_plans``."""
    other = planned.comparison
    if other is None:
        return None
    verdict = classify_plans(
        other.plans,
        lesions=lesions,
        liver=liver,
        spread=spread,
        clinical=clinical,
        settings=settings,
        deciding=deciding,
    )
    plan, *alternatives = other.plans
    return DeviceComparison(
        devices=other.devices,
        plan=plan,
        alternatives=tuple(alternatives),
        debulking_change_percent=plan.debulking_percent - planned.plan.debulking_percent,
        no_longer_cleared=tuple(n for n in planned.plan.cleared if n not in plan.cleared),
        only_larger_zone=other.only_larger_zone,
        type=verdict.type,
    )


def remnant_warnings(
    plan: Plan, liver: LiverVolumes, clinical: Clinical, settings: Settings
) -> tuple[Notice, ...]:
    """Of the remnant of ``plan``, its minimums, and the body size that they rest on."""
    left = remnant(plan.flr_ml, functional_ml=liver.functional_ml, clinical=clinical)
    return (
        *body_size_notices(clinical),
        *flr_notices(clinical=clinical, settings=settings.flr),
        *remnant_notices(left),
    )


def planned_fields(planned: Planned) -> dict[str, Any]:
    """The fields of a CaseResult that hold what the planner found, as it found it."""
    return {
        "groups": planned.groups,
        "plan": planned.plan,
        "alternatives": planned.alternatives,
        "frontier": planned.more.frontier,
        "frontier_complete": planned.more.frontier_complete,
        "frontier_by_interventions": planned.more.frontier_by_interventions,
        "next_lesions": planned.more.next_lesions,
        "limit_steps": planned.more.limit_steps,
        "devices": planned.devices,
    }


def planned_lesions(lesions: Sequence[Lesion], planned: Planned) -> tuple[CaseLesion, ...]:
    """Each of ``lesions`` with what the plan does to it and what else could be done."""
    coverage = {entry.lesion: entry for entry in planned.plan.coverage}
    options = {entry.lesion: entry.options for entry in planned.options}
    return tuple(
        CaseLesion(
            **{name: getattr(lesion, name) for name in Lesion.__dataclass_fields__},
            treatment=coverage[lesion.id].treatment,
            cleared=coverage[lesion.id].cleared,
            coverage_percent=coverage[lesion.id].coverage_percent,
            options=options.get(lesion.id, ()),
        )
        for lesion in lesions
    )


def case_masks(anatomy: Anatomy, planned: Planned) -> dict[str, Volume | Mask | LabelMap]:
    """Masks and maps of a case by their names, those of the plan among them."""
    named = {
        "liver": anatomy.liver,
        "lesions": anatomy.lesions,
        "segments": anatomy.segments,
        "vessels": anatomy.vessels,
        "portal_vein": anatomy.portal_vein,
        "cysts": anatomy.cysts,
        "spleen": anatomy.spleen,
        "bile_ducts": anatomy.bile_ducts,
        "gallbladder": anatomy.gallbladder,
        "bowel": anatomy.bowel,
        "treated": planned.treated,
        "remnant": planned.remnant,
        "devascularized": planned.devascularized,
        "ablation_margin_mm": planned.ablation_margin,
    }
    return {name: item for name, item in named.items() if item is not None}
