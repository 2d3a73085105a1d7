"""Cases that fit no row of the Types cleanly: which feature does not fit, what would change it."""

from __future__ import annotations

from netlm_imaging.decide.findings import Findings
from netlm_imaging.decide.records import Statement
from netlm_imaging.decide.wording import tight_minimums

HUGE_SHARE = 0.5
"""A lesion left alone that holds at least half of the tumor volume decides the case alone (ours)."""


def misfits(findings: Findings) -> tuple[Statement, ...]:
    """One statement for each feature that the row of this Type does not describe."""
    if findings.type == 2:
        found = _few_but_not_all(findings)
    elif findings.type in (3, 4):
        found = [*_one_huge(findings), *_few(findings), *_one_lobe(findings), *_remnant_limited(findings)]
    else:
        found = []
    return tuple(Statement(text=text, evidence="nearest-type") for text in found)


def _few_but_not_all(findings: Findings) -> list[str]:
    if findings.facts.complete or not findings.facts.limited:
        return []
    return [
        "Does not fit the row of Type 2 cleanly: few lesions, but not all can be cleared. "
        "A treatment that reaches the rest would make it Type 1."
    ]


def _one_huge(findings: Findings) -> list[str]:
    residual = findings.residual()
    if not residual or residual[0].volume_ml < HUGE_SHARE * findings.liver.tumor_ml:
        return []
    lesion = residual[0]
    share = 100.0 * lesion.volume_ml / findings.liver.tumor_ml
    return [
        f"Does not fit the row of Type {findings.type} cleanly: lesion {lesion.id} "
        f"({lesion.longest_diameter_mm:.0f} mm, {share:.0f} % of the tumor) alone decides. "
        "Neoadjuvant PRRT or TARE may shrink it; a major or two-stage resection may reach it."
    ]


def _few(findings: Findings) -> list[str]:
    if not findings.facts.limited or findings.facts.count == 1:
        return []
    return [
        f"Does not fit the row of Type {findings.type} cleanly: {findings.facts.count} lesions are not "
        "extensive disease, but too little of them can be cleared. A two-stage resection or neoadjuvant "
        "PRRT or TARE may change it."
    ]


def _one_lobe(findings: Findings) -> list[str]:
    if findings.pattern.bilobar is not False:
        return []
    return [
        f"Does not fit the row of Type {findings.type} cleanly: disease in one lobe. A major resection, "
        "after PVE where the remnant is small, may change it."
    ]


def _remnant_limited(findings: Findings) -> list[str]:
    tight = findings.tight_minimums
    if not tight:
        return []
    named = tight_minimums(tight, plan=findings.plan)
    return [
        f"Does not fit the row of Type {findings.type} cleanly: the remnant limits what can be cleared: "
        f"{named}. PVE or a two-stage resection may change it."
    ]
