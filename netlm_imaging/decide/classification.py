"""From plans and clinical facts to the Type, with all that stands behind it."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.contraindications import contraindications
from netlm_imaging.decide.counterfactuals import counterfactuals
from netlm_imaging.decide.findings import Findings
from netlm_imaging.decide.management import management
from netlm_imaging.decide.missing import missing_facts
from netlm_imaging.decide.reasons import reasons
from netlm_imaging.decide.records import Classification, Projection
from netlm_imaging.lesions.records import Lesion, LiverVolumes, Pattern
from netlm_imaging.plan.records import Plan
from netlm_imaging.settings import Settings


def classify(
    *,
    lesions: Sequence[Lesion],
    liver: LiverVolumes,
    pattern: Pattern,
    plan: Plan,
    maximum: Plan | None,
    clinical: Clinical,
    settings: Settings,
    palliative: Plan | None = None,
    projections: tuple[Projection, ...] | None = None,
) -> Classification:
    """The Type (Mahuron & Singh, J Clin Med 2023;12:2456, section 6) with reasons and management.

    ``palliative``: the plan that treats symptomatic lesions first, where there is one.
    ``projections`` say what a larger remnant would allow; None: that was not looked for.
    ``plan`` is the parenchymal-sparing plan, whose debulking by lesion decides; ``maximum`` stands
    beside it. The Type is provisional when a fact is missing that could change it or its management,
    when only a major resection gives a better one, when anatomical resections could not be looked at
    and might give one, or when the plan is unproven and its bound would give another one.
    Contraindications change the management, never the Type. Without lesions the
    Type is None.
    """
    findings = Findings(
        lesions=lesions,
        liver=liver,
        pattern=pattern,
        plan=plan,
        maximum=maximum,
        palliative=palliative,
        clinical=clinical,
        settings=settings,
        projections=projections,
    )
    against = () if findings.type is None else contraindications(findings)
    missing = missing_facts(findings, contraindicated=bool(against))
    better = findings.facts_with_major_resection is not None or findings.segments_decide
    open_plan = findings.undecided or better
    return Classification(
        type=findings.type,
        provisional=bool(missing) or open_plan,
        missing=missing,
        reasons=reasons(findings),
        contraindications=against,
        management=management(findings, against=against, missing=missing),
        counterfactuals=counterfactuals(findings),
        gray_band=findings.gray_band,
    )
