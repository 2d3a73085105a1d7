"""What follows from the Type: the paper's management, changed by contraindications."""

from __future__ import annotations

from netlm_imaging.decide.findings import Findings, met
from netlm_imaging.decide.liver_therapy import liver_therapy, transplantation
from netlm_imaging.decide.outlook import briefly
from netlm_imaging.decide.records import NetlmType, Statement
from netlm_imaging.decide.wording import FACT_NAMES, joined, lesion_ids, percent, tight_minimums, treatments
from netlm_imaging.plan.records import Minimum
from netlm_imaging.remnant.growth import MOST_POINTS, NEVER_REACH_SURGERY_PERCENT, project_growth

PVE_WEEKS = 4.0
"""When the remnant is measured again after PVE (ours)."""


def managed_as(findings: Findings, *, contraindicated: bool) -> NetlmType | None:
    """The Type whose management applies: 3 for a Type 1 or 2 with a contraindication."""
    return 3 if contraindicated and findings.type in (1, 2) else findings.type


def management(
    findings: Findings, *, against: tuple[Statement, ...], missing: tuple[str, ...]
) -> tuple[Statement, ...]:
    """The management in the order of its steps.

    ``against`` are the contraindications, ``missing`` the facts to be known first.
    """
    course = {1: _type_1, 2: _type_2, 3: _type_3, 4: _type_4}
    steps: list[Statement] = []
    if findings.type is not None:
        steps += _to_settle(missing)
        steps += _changed(findings, against)
        steps += course[managed_as(findings, contraindicated=bool(against)) or 3](findings)
    caveat = "Expect disease that no scan shows: thin-slice pathology finds far more lesions than imaging."
    return (*steps, Statement(text=caveat, evidence="unseen-disease"))


def _to_settle(missing: tuple[str, ...]) -> list[Statement]:
    if not missing:
        return []
    text = f"Not known, to be settled first: {', '.join(FACT_NAMES[name] for name in missing)}."
    return [Statement(text=text, evidence="imaging-alone")]


def _changed(findings: Findings, against: tuple[Statement, ...]) -> list[Statement]:
    if not against:
        return []
    why = joined([_clause(statement.text) for statement in against])
    if findings.type == 1:
        text = (
            f"Debulking is contraindicated as things stand ({why}). The paper names no other course for "
            "Type 1; the tumor board decides, with the options of Type 3 below."
        )
        return [Statement(text=text, evidence="type-1-contraindicated")]
    if findings.type == 2:
        return [Statement(text=f"Managed as Type 3: {why}.", evidence="type-2-as-type-3")]
    return [Statement(text=f"Against any operation stand: {why}.", evidence="contraindications")]


def _clause(text: str) -> str:
    """A sentence as part of another one; abbreviations keep their capitals."""
    return text[:1].lower() + text[1:].rstrip(".")


def _type_1(findings: Findings) -> list[Statement]:
    text = f"Debulk completely: {treatments(findings.plan)}."
    primary = "Resect the primary in the same operation, at the surgeon's discretion."
    return [
        Statement(text=text, evidence="type-1"),
        *_primary(findings, primary, "type-1"),
        *_at_debulking(findings),
    ]


def _type_2(findings: Findings) -> list[Statement]:
    plan = findings.plan
    text = f"Debulk {percent(plan.debulking_percent)} of the tumor: {treatments(plan)}."
    return [
        Statement(text=text, evidence="type-2"),
        *_primary(findings, "Resect the primary in the same operation or staged.", "type-2"),
        *_at_debulking(findings),
    ]


def _type_3(findings: Findings) -> list[Statement]:
    text = "No cytoreduction; liver-directed therapy (TAE, TACE or TARE with Y-90) or PRRT."
    if findings.type == 3 and findings.facts_with_major_resection is not None:
        text = (
            "No parenchymal-sparing cytoreduction. Decide on the major resection first; "
            "without it liver-directed therapy (TAE, TACE or TARE with Y-90) or PRRT."
        )
    steps = [Statement(text=text, evidence="type-3")]
    steps += _primary(findings, "Still evaluate resection of the primary.", "type-3")
    steps += liver_therapy(findings)
    if findings.type == 3:
        steps += [*_pve(findings), *transplantation(findings)]
    return steps


def _type_4(findings: Findings) -> list[Statement]:
    named = findings.clinical.symptomatic_lesions
    known = {lesion.id for lesion in findings.lesions}
    which = f": {lesion_ids(named)}" if named else "; which ones they are is not known"
    text = f"Selected palliative debulking of the symptomatic lesions{which}."
    unknown = [n for n in named if n not in known]
    if unknown:
        text += f" Not in the lesion table: {lesion_ids(unknown)}."
    plan = findings.palliative
    open_ones = [] if plan is None else [n for n in named if n in known and n not in plan.cleared]
    if open_ones:
        text += f" The palliative plan does not clear {lesion_ids(open_ones)}."
    return [
        Statement(text=text, evidence="type-4"),
        *_at_debulking(findings),
        *liver_therapy(findings),
        *transplantation(findings),
    ]


def _primary(findings: Findings, text: str, evidence: str) -> list[Statement]:
    if findings.clinical.primary_resected:
        return []
    if findings.clinical.primary_resected is None:
        text = f"If the primary is still in place: {text[:1].lower()}{text[1:]}"
    return [Statement(text=text, evidence=evidence)]


def _at_debulking(findings: Findings) -> list[Statement]:
    return [
        Statement(
            text="Cholecystectomy at debulking (long-term somatostatin analogs).", evidence="cholecystectomy"
        ),
        Statement(
            text=f"Keep an adequate remnant with preserved function: {_remnant(findings)}.",
            evidence="adequate-remnant",
        ),
        *_pve(findings),
        Statement(
            text="Pancreaticoduodenectomy only in selected patients.", evidence="pancreaticoduodenectomy"
        ),
    ]


def _remnant(findings: Findings) -> str:
    plan = findings.plan
    text = f"the plan leaves {plan.flr_ml:.0f} mL, {percent(plan.flr_percent)} of the functional liver"
    return text if plan.sflr_percent is None else f"{text}, sFLR {percent(plan.sflr_percent)}"


def _pve(findings: Findings) -> list[Statement]:
    tight = findings.tight_minimums
    if not tight:
        return []
    named = tight_minimums(tight, plan=findings.plan)
    if findings.projections == () and all(met(minimum) for minimum in tight):
        text = (
            f"The remnant limits what can be cleared: {named}. Portal vein embolization is not expected to "
            f"change that: with {MOST_POINTS:g} points of growth no plan was found that clears more."
        )
        return [Statement(text=text, evidence="pve-growth")]
    considered = f"Consider portal vein embolization: {named}."
    low, high = NEVER_REACH_SURGERY_PERCENT
    drop_out = f"{low:.0f} to {high:.0f} % of patients never reach the resection after PVE."
    return [
        Statement(text=considered, evidence="pve-small-remnant"),
        *_after_growth(findings),
        Statement(text=drop_out, evidence="pve-drop-out"),
    ]


def _after_growth(findings: Findings) -> list[Statement]:
    """What was projected; without a projection, how this plan's own remnant may grow."""
    if findings.projections:
        said = (
            f"{briefly(of)}: Type {of.type}. A projection that rests on its range and assumptions."
            for of in findings.projections
        )
        return [Statement(text=text, evidence="pve-growth") for text in said]
    own = [m for m in findings.tight_minimums if m in findings.plan.minimums]
    near = [m for m in own if m.name == "sflr_percent" and m.value < m.minimum + MOST_POINTS]
    return [_projected(minimum) for minimum in near]


def _projected(minimum: Minimum) -> Statement:
    after = project_growth(minimum.value, weeks=PVE_WEEKS)
    text = (
        f"After PVE the sFLR may be {after.low_percent:.0f} to {after.high_percent:.0f} % "
        f"at {after.weeks:.0f} weeks (now {minimum.value:.1f} %)."
    )
    return Statement(text=text, evidence="pve-growth")
