"""A finished case with the plan that was edited in place of its own; no Qt."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from napari_netlm.opened import OpenedStudy
from napari_netlm.plan_start import Started
from netlm_imaging.case import CaseResult
from netlm_imaging.decide import Uncertainty, classify_plans, projections, uncertainty
from netlm_imaging.errors import Notice
from netlm_imaging.plan import Planned, draw, prepare
from netlm_imaging.plan.session_state import State
from netlm_imaging.remnant import LiverFunction, liver_function
from netlm_imaging.study import device_comparison, planned_fields, planned_lesions, remnant_warnings

RENEWED_WHERE = ("plan", "clinical facts")
RENEWED_CODES = ("INFLOW_UNKNOWN", "INFLOW_NOT_TOLD_APART", "REMNANT_FUNCTION_LOW")
"""Warnings of the first run about its plan: those of the plan that stands take their place."""


def decided_case(
    case: CaseResult, study: OpenedStudy, started: Started, state: State, planned: Planned
) -> CaseResult:
    """``case`` with the plan of ``state``, and all that a run says beside a plan, as ``planned`` found it."""
    clinical, settings = state.basis.case.clinical, state.basis.settings
    of: dict[str, Any] = {"lesions": started.lesions, "clinical": clinical, "settings": settings}
    plans = (planned.plan, *planned.alternatives)
    grown = projections(planned.growth, plans, **of)
    judged = {**of, "liver": started.liver, "spread": started.pattern, "deciding": state.objective}
    function, function_notices = _function(study, started, planned)
    return replace(
        case,
        settings=settings,
        clinical=clinical,
        warnings=(
            *(w for w in case.warnings if w.where not in RENEWED_WHERE and w.code not in RENEWED_CODES),
            *remnant_warnings(planned.plan, started.liver, clinical, settings),
            *planned.notices,
            *(n for n in function_notices if n not in case.warnings),
            _edited(state),
        ),
        liver=started.liver,
        lesions=planned_lesions(started.lesions, planned),
        pattern=started.pattern,
        **planned_fields(planned),
        projections=grown,
        function=function,
        device_comparison=device_comparison(planned, **judged),
        uncertainty=None if case.uncertainty is None else _uncertainty(state, method=case.liver.method),
        classification=classify_plans(plans, projected=grown, **judged),
    )


def _function(
    study: OpenedStudy, started: Started, planned: Planned
) -> tuple[LiverFunction | None, tuple[Notice, ...]]:
    """As a run reads it: where the case was opened with its hepatobiliary phase."""
    if not study.images or study.images[0].role != "hbp":
        return None, ()
    volumes = {image.role: image.volume for image in study.images}
    return liver_function(
        volumes["hbp"],
        anatomy=started.anatomy,
        remnant=planned.remnant,
        precontrast=volumes.get("precontrast"),
    )


def _uncertainty(state: State, *, method: str) -> Uncertainty | None:
    """Of the plan that stands, which also decides the Type. ``method``: of the liver mask."""
    basis, of = state.basis, state.basis.settings.uncertainty
    if not basis.case.problem.lesions or of.draws == 0:
        return None
    prepared = prepare(basis.case, state.choice.chosen, settings=of)
    draws = draw(prepared, liver_sd_percent=of.liver_sd_percent(method))
    return uncertainty(draws, deciding=draws, clinical=basis.case.clinical, settings=basis.settings.type)


def _edited(state: State) -> Notice:
    fixed, drawn = state.fixed, len(state.basis.drawn)
    choices = sum(map(len, (fixed.must, fixed.must_not, fixed.clear, fixed.leave)))
    return Notice(
        code="PLAN_EDITED",
        message=f"A person edited this plan: {choices} fixed choices, {drawn} treatments drawn by hand. "
        "Other plans, the frontier, larger remnants and other devices obey these choices too.",
        where="plan",
    )
