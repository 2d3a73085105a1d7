"""A finished case with the plan that was edited in place of its own; no Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from napari_netlm.plan_details import Details
from netlm_imaging.case import CaseLesion, CaseResult
from netlm_imaging.decide import Uncertainty, uncertainty
from netlm_imaging.decide.records import Classification
from netlm_imaging.errors import Notice
from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan import draw, prepare
from netlm_imaging.plan.records import LesionOptions, Plan


def decided_case(
    case: CaseResult, details: Details, classification: Classification, lesions: Sequence[Lesion]
) -> CaseResult:
    """``case`` with the plan that stands, ``lesions`` as it was planned on.

    Uncertainty is drawn anew for this plan. Other plans, frontier and steps of limits are those of the first
    run: they stay while masks, settings and limits are the same, whatever a person fixed or drew. What was
    said about the first plan itself (larger remnants, function, other devices) is left out.
    """
    basis, plan = details.state.basis, details.state.plan
    same = _same_question(case, details, lesions)
    others = tuple(other for other in (case.plan, *case.alternatives) if other.objective != plan.objective)
    return replace(
        case,
        settings=basis.settings,
        clinical=basis.case.clinical,
        warnings=(*case.warnings, *details.state.notices, _edited(details, same=same)),
        lesions=_lesions(case, lesions, plan, basis.options),
        plan=plan,
        alternatives=others if same else (),
        frontier=case.frontier if same else (),
        frontier_complete=case.frontier_complete and same,
        frontier_by_interventions=case.frontier_by_interventions if same else (),
        next_lesions=(),
        limit_steps=case.limit_steps if same else (),
        projections=(),
        function=None,
        device_comparison=None,
        uncertainty=None if case.uncertainty is None else _uncertainty(details, method=case.liver.method),
        classification=classification,
    )


def _same_question(case: CaseResult, details: Details, lesions: Sequence[Lesion]) -> bool:
    """Whether the first run planned on these lesions, under these settings and limits."""

    def known(one: Lesion) -> tuple[object, ...]:
        return one.id, one.volume_ml, one.segments, one.capsule_distance_mm, one.vessel_distance_mm

    def limits(plan: Plan) -> set[tuple[str, float]]:
        return {(limit.name, limit.minimum) for limit in plan.minimums}

    return (
        case.settings == details.state.basis.settings
        and [known(one) for one in case.lesions] == [known(one) for one in lesions]
        and limits(case.plan) == limits(details.state.plan)
    )


def _uncertainty(details: Details, *, method: str) -> Uncertainty | None:
    """Of the plan that stands, which also decides the Type. ``method``: of the liver mask."""
    basis, chosen = details.state.basis, details.state.choice.chosen
    of = basis.settings.uncertainty
    if not basis.case.problem.lesions or of.draws == 0:
        return None
    draws = draw(prepare(basis.case, chosen, settings=of), liver_sd_percent=of.liver_sd_percent(method))
    return uncertainty(draws, deciding=draws, clinical=basis.case.clinical, settings=basis.settings.type)


def _lesions(
    case: CaseResult, lesions: Sequence[Lesion], plan: Plan, options: Sequence[LesionOptions]
) -> tuple[CaseLesion, ...]:
    """Lesions as planned on, with what images told of them before."""
    known = {lesion.id: lesion for lesion in case.lesions}
    coverage = {entry.lesion: entry for entry in plan.coverage}
    possible = {entry.lesion: entry.options for entry in options}
    uptake = ("suv_max", "suv_mean", "suv_liver_ratio", "suv_spleen_ratio", "krenning", "krenning_borderline")
    made = []
    for lesion in lesions:
        before = known.get(lesion.id)
        same = before is not None and before.volume_ml == lesion.volume_ml
        seen = {name: getattr(before, name) for name in uptake} if same else {}
        fields = {name: getattr(lesion, name) for name in Lesion.__dataclass_fields__}
        entry = coverage[lesion.id]
        made.append(
            CaseLesion(
                **{**fields, **seen},
                treatment=entry.treatment,
                cleared=entry.cleared,
                coverage_percent=entry.coverage_percent,
                options=possible.get(lesion.id, ()),
            )
        )
    return tuple(made)


def _edited(details: Details, *, same: bool) -> Notice:
    fixed, drawn = details.state.fixed, len(details.state.basis.drawn)
    choices = sum(map(len, (fixed.must, fixed.must_not, fixed.clear, fixed.leave)))
    others = (
        "Other plans and the frontier are those of the first run, without these choices."
        if same
        else "Other plans and the frontier of the first run are left out: masks or limits have changed since."
    )
    return Notice(
        code="PLAN_EDITED",
        message=f"A person edited this plan: {choices} fixed choices, {drawn} treatments drawn by hand. "
        + others,
    )
