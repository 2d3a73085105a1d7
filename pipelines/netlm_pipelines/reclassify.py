"""The Type again from a finished case."""

from __future__ import annotations

from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide import classify_plans, projections, under_other_symptoms
from netlm_imaging.decide.records import Classification, TypeName
from netlm_imaging.errors import Notice
from netlm_imaging.plan.notices import symptomatic_notices
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Settings


def reclassify(
    case: CaseResult, *, clinical: Clinical | None, settings: Settings | None
) -> tuple[Classification, dict[TypeName, float] | None, tuple[Notice, ...]]:
    """The Type and its probabilities under other facts or thresholds; the plans stay those of the case.

    The probabilities follow other symptoms; other thresholds take new draws, so they are then None.

    A notice says when the new facts would also change the plans, which only a new run can tell.
    """
    facts = case.clinical if clinical is None else clinical
    rules = case.settings if settings is None else settings
    notices = symptomatic_notices([lesion.id for lesion in case.lesions], facts)
    before = flr_limits(case.liver.functional_ml, clinical=case.clinical, settings=case.settings.flr)
    after = flr_limits(case.liver.functional_ml, clinical=facts, settings=rules.flr)
    planning = ("resection", "ablation", "lesion", "plan", "device")
    rates = {of.flr.growth_percent_per_week for of in (case.settings, rules)}
    if (
        before != after
        or len(rates) > 1
        or any(getattr(case.settings, s) != getattr(rules, s) for s in planning)
    ):
        notices.append(
            Notice(
                code="PLAN_OUTDATED",
                message="The new facts or settings also change what may be planned (remnant minimums, "
                "margins or limits). The plans here are those of the finished case; run the study again.",
            )
        )
    classification = classify_plans(
        (case.plan, *case.alternatives),
        lesions=case.lesions,
        liver=case.liver,
        spread=case.pattern,
        clinical=facts,
        settings=rules,
        projected=projections(
            case.projections,
            (case.plan, *case.alternatives),
            lesions=case.lesions,
            clinical=facts,
            settings=rules,
        ),
    )
    probabilities = _probabilities(case, facts, rules)
    if probabilities is None and case.uncertainty is not None:
        notices.append(
            Notice(
                code="UNCERTAINTY_OUTDATED",
                message="The probabilities of the Types take new draws under these settings; "
                "run the study again.",
            )
        )
    return classification, probabilities, tuple(notices)


def _probabilities(case: CaseResult, facts: Clinical, rules: Settings) -> dict[TypeName, float] | None:
    known = ("debulking_threshold_percent", "limited_max_lesions")
    if case.uncertainty is None or case.settings.uncertainty != rules.uncertainty:
        return None
    if any(getattr(case.settings.type, name) != getattr(rules.type, name) for name in known):
        return None
    return under_other_symptoms(case.uncertainty.type_probabilities, facts, rules.type)
