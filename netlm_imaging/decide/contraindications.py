"""What stands against debulking: it changes the management, never the Type."""

from __future__ import annotations

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.evidence import evidence
from netlm_imaging.decide.findings import Findings, met
from netlm_imaging.decide.records import Statement
from netlm_imaging.decide.wording import MINIMUM_NAMES

_EXTRAHEPATIC = {
    "limited": "Limited disease outside the liver.",
    "peritoneal": "Peritoneal disease.",
    "extensive": "Extensive disease outside the liver.",
}


def contraindications(findings: Findings) -> tuple[Statement, ...]:
    """Every known contraindication to debulking; what is not known is not among them."""
    clinical = findings.clinical
    found = []
    if clinical.fit_for_surgery is False:
        found.append("Poor general health: not fit for surgery.")
    if clinical.carcinoid_heart_disease:
        found.append("Carcinoid heart disease.")
    if clinical.extrahepatic in _EXTRAHEPATIC:
        found.append(_EXTRAHEPATIC[clinical.extrahepatic])
    if clinical.differentiation == "poor":
        found.append("Poorly differentiated histology (NEC).")
    if clinical.rapid_progression:
        found.append("Rapid progression.")
    statements = [Statement(text=text, evidence="contraindications") for text in found]
    return (*statements, *_high_grade(clinical), *_inadequate_remnant(findings))


def high_grade_limit_percent() -> float:
    """Ki-67 above this is grade 3."""
    return evidence()["grade-ki67"].figures["ki67_percent"]


def _high_grade(clinical: Clinical) -> tuple[Statement, ...]:
    if clinical.grade == 3:
        return (Statement(text="High grade (grade 3).", evidence="contraindications"),)
    limit = high_grade_limit_percent()
    if clinical.ki67_percent is None or clinical.ki67_percent <= limit:
        return ()
    against = "" if clinical.grade is None else f", although grade {clinical.grade} is given"
    text = f"High grade: Ki-67 {clinical.ki67_percent:g} % (> {limit:g} %){against}."
    return (Statement(text=text, evidence="grade-ki67"),)


def _inadequate_remnant(findings: Findings) -> tuple[Statement, ...]:
    unmet = [minimum for minimum in findings.plan.minimums if not met(minimum)]
    texts = [
        f"Inadequate remnant: {MINIMUM_NAMES[m.name]} {m.value:.1f} % (< {m.minimum:g} %)." for m in unmet
    ]
    if findings.plan.status == "infeasible" and not unmet:
        texts = ["Inadequate remnant: no plan keeps the minimum remnant."]
    return tuple(Statement(text=text, evidence="contraindications") for text in texts)
