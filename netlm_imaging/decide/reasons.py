"""Why this Type: each sentence with its figures and its evidence."""

from __future__ import annotations

from netlm_imaging.decide.findings import Findings
from netlm_imaging.decide.misfit import misfits
from netlm_imaging.decide.records import Statement
from netlm_imaging.decide.rule import Facts, type_of
from netlm_imaging.decide.wording import (
    PLAN_NAMES,
    capitalized,
    compared,
    joined,
    lesion_count,
    percent,
    treatments,
)


def reasons(findings: Findings) -> tuple[Statement, ...]:
    """The reasons for the Type, the deciding ones first."""
    if findings.type is None:
        text = "No measurable disease in the liver: no Type applies."
        return (Statement(text=text, evidence="no-measurable-disease"),)
    return (
        *_debulking(findings),
        _number(findings),
        *_symptoms(findings),
        *_maximum(findings),
        *_gray_band(findings),
        *_proof(findings),
        *misfits(findings),
        _burden(findings),
        *_spread(findings),
    )


def _debulking(findings: Findings) -> tuple[Statement, ...]:
    plan, facts = findings.plan, findings.facts
    if plan.status == "infeasible":
        text = "No plan keeps the minimum remnant: nothing can be debulked."
        return (Statement(text=text, evidence="adequate-remnant"),)
    headline = (
        f"Achievable debulking {compared(facts.debulking_percent, facts.threshold_percent)} of tumor volume "
        f"with {PLAN_NAMES[plan.objective]}: {treatments(plan)}."
    )
    by_volume = (
        "By volume, part-treated lesions included: "
        f"{percent(plan.debulking_percent_by_volume, against=100.0)}; it does not decide."
    )
    return (
        Statement(text=headline, evidence="debulking-threshold"),
        Statement(text=by_volume, evidence="cleared-lesion"),
    )


def _number(findings: Findings) -> Statement:
    facts = findings.facts
    count, most = lesion_count(facts.count), facts.limited_max_lesions
    which = "all" if facts.count > 1 else "it"
    if facts.limited and facts.complete:
        text = f"{count}, a limited number (at most {most}), and {which} can be cleared."
        return Statement(text=text, evidence="type-1")
    if facts.complete:
        text = f"{count}, more than a limited number ({most}): complete clearance achievable, Type 2."
        return Statement(text=text, evidence="more-than-limited")
    residual = findings.residual()
    rest_ml = sum(lesion.volume_ml for lesion in residual)
    number = "a limited number" if facts.limited else "more than a limited number"
    text = f"{count}, {number} (limit {most}); {len(residual)} not cleared ({rest_ml:.1f} mL)."
    return Statement(text=text, evidence="limited-number")


def _symptoms(findings: Findings) -> tuple[Statement, ...]:
    if findings.type not in (3, 4):
        return ()
    facts = findings.facts
    if facts.profound_symptoms:
        kinds = ["mass effect"] if facts.mass_effect == "profound" else []
        kinds += ["hormonal, not controlled medically"] if facts.hormonal_symptoms == "uncontrolled" else []
        return (Statement(text=f"Profound symptoms: {joined(kinds)}.", evidence="type-4"),)
    if facts.profound_symptoms is False:
        return (Statement(text="No profound symptoms.", evidence="type-3"),)
    known = {"mass effect": facts.mass_effect, "hormonal symptoms": facts.hormonal_symptoms}
    unknown = joined([name for name, value in known.items() if value is None])
    text = f"Type 3 or 4: not known ({unknown}). Profound symptoms would make it Type 4."
    return (Statement(text=text, evidence="imaging-alone"),)


def _maximum(findings: Findings) -> tuple[Statement, ...]:
    plan = findings.maximum
    if plan is None or plan.status == "infeasible":
        return ()
    if findings.segments_wanted:
        return _without_segments() if findings.segments_decide else ()
    beside = (
        f"{compared(plan.debulking_percent, findings.facts.threshold_percent)} with {PLAN_NAMES['maximum']}"
    )
    facts = findings.facts_with_major_resection
    if facts is None:
        text = f"{capitalized(beside)} ({treatments(plan)})."
        return (Statement(text=text, evidence="sparing-decides"),)
    reached = "Complete clearance" if facts.complete and facts.limited else "The threshold"
    text = (
        f"{reached} only with a major resection: {beside} ({treatments(plan)}). "
        f"With it the case is Type {type_of(facts)}; the Type is provisional."
    )
    return (Statement(text=text, evidence="only-major-resection"),)


def _without_segments() -> tuple[Statement, ...]:
    text = (
        "No segments are known: anatomical resections, which might clear more, could not be considered. "
        "The Type is provisional; a segment map (--segments) tells."
    )
    return (Statement(text=text, evidence="segments-unknown"),)


def _gray_band(findings: Findings) -> tuple[Statement, ...]:
    if not findings.gray_band:
        return ()
    low, high = findings.settings.type.gray_band_percent
    text = (
        f"The debulking figure lies in the gray band ({low:g} to {high:g} %): "
        "within the error of contours, either side of the threshold is possible."
    )
    return (Statement(text=text, evidence="gray-band"),)


def _proof(findings: Findings) -> tuple[Statement, ...]:
    if findings.plan.status != "feasible":
        return ()
    bound = findings.facts_at_bound
    if bound is None:
        text = "The plan is not proven to be the best possible, and how much better one may be is not known."
    else:
        text = (
            "The plan is not proven to be the best possible: "
            f"no plan clears more than {percent(bound.debulking_percent)}."
        )
    if findings.undecided:
        text += f" {_open_type(bound)} The Type is provisional."
    return (Statement(text=text, evidence="not-proven-optimal"),)


def _open_type(bound: Facts | None) -> str:
    if bound is None:
        return "A better plan could give another Type."
    return f"A better plan could make it Type {type_of(bound)}."


def _burden(findings: Findings) -> Statement:
    liver = findings.liver
    text = (
        f"Tumor {liver.tumor_ml:.1f} mL, {percent(liver.burden_percent)} of the liver "
        f"(class {liver.burden_class} %)."
    )
    return Statement(text=text, evidence="burden-classes")


def _spread(findings: Findings) -> tuple[Statement, ...]:
    pattern = findings.pattern
    parts = []
    if pattern.bilobar is not None:
        parts.append("in both lobes" if pattern.bilobar else "in one lobe")
    if pattern.segments_involved:
        plural = "s" if len(pattern.segments_involved) > 1 else ""
        parts.append(f"segment{plural} {', '.join(pattern.segments_involved)}")
    if pattern.frilling is not None:
        parts.append(f"Frilling pattern {pattern.frilling}")
    if not parts:
        return ()
    return (Statement(text=f"Disease {'; '.join(parts)}.", evidence="frilling"),)
