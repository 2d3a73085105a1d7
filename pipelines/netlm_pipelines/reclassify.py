"""The Type again from a finished case."""

from __future__ import annotations

from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.records import Classification
from netlm_imaging.errors import Notice
from netlm_imaging.remnant import flr_limits
from netlm_imaging.settings import Settings
from netlm_pipelines.study import classify_plans


def reclassify(
    case: CaseResult, *, clinical: Clinical | None, settings: Settings | None
) -> tuple[Classification, tuple[Notice, ...]]:
    """The Type under other facts or thresholds; the plans stay those of the case.

    A notice says when the new facts would also change the plans, which only a new run can tell.
    """
    facts = case.clinical if clinical is None else clinical
    rules = case.settings if settings is None else settings
    notices = []
    before = flr_limits(case.liver.functional_ml, clinical=case.clinical, settings=case.settings.flr)
    after = flr_limits(case.liver.functional_ml, clinical=facts, settings=rules.flr)
    planning = ("resection", "ablation", "lesion", "plan", "device")
    if before != after or any(getattr(case.settings, s) != getattr(rules, s) for s in planning):
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
    )
    return classification, tuple(notices)
