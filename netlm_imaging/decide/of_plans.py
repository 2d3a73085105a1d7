"""The Type from all plans of one patient."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.classification import classify
from netlm_imaging.decide.records import Classification, Projection
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern
from netlm_imaging.plan.records import Plan
from netlm_imaging.settings import Objective, Settings


def classify_plans(
    plans: Sequence[Plan],
    *,
    lesions: Sequence[Lesion],
    liver: LiverVolumes,
    spread: Pattern,
    clinical: Clinical,
    settings: Settings,
    projected: tuple[Projection, ...] | None = None,
    deciding: Objective = "sparing",
) -> Classification:
    """The Type from finished plans: the one for ``deciding`` decides, the maximum stands beside it.

    ``projected``: what a larger remnant would allow; None where that was not looked for.
    """
    by_objective: dict[Objective, Plan] = {plan.objective: plan for plan in plans}
    return classify(
        lesions=lesions,
        liver=liver,
        pattern=spread,
        plan=by_objective[deciding],
        maximum=by_objective.get("maximum"),
        palliative=by_objective.get("palliative"),
        clinical=clinical,
        settings=settings,
        projections=projected if liver.segments and settings.resection.anatomical else None,
    )
