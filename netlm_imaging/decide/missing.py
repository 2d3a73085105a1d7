"""Facts that are not known and could change the Type or its management."""

from __future__ import annotations

from netlm_imaging.clinical import Clinical
from netlm_imaging.decide.findings import Findings
from netlm_imaging.remnant import flr_limits
from netlm_imaging.remnant.records import MinimumName

SURGICAL = (
    "fit_for_surgery",
    "carcinoid_heart_disease",
    "extrahepatic",
    "differentiation",
    "grade",
    "rapid_progression",
)
"""Each may be a contraindication to debulking."""
LIVER_DIRECTED = ("extrahepatic", "differentiation", "sstr_positive")
"""They steer between liver-directed therapy, PRRT and systemic therapy."""
SYMPTOMS = ("mass_effect", "hormonal_symptoms")
REMNANT: dict[MinimumName, tuple[str, ...]] = {
    "sflr_percent": ("height_cm", "weight_kg", "liver_quality"),
    "flr_percent": ("liver_quality",),
    "flr_body_weight_percent": ("weight_kg",),
}
"""What each minimum of the remnant depends on."""
MOST_DEMANDING = {"height_cm": 200.0, "weight_kg": 150.0, "liver_quality": "cirrhosis"}
"""The patient who needs the largest remnant: a very large adult with cirrhosis (ours)."""


def missing_facts(findings: Findings, *, contraindicated: bool) -> tuple[str, ...]:
    """Names of Clinical fields, in their order there; empty without measurable disease."""
    wanted: set[str] = set()
    if findings.type in (1, 2):
        wanted.update(LIVER_DIRECTED if contraindicated else SURGICAL)
    elif findings.type == 3:
        wanted.update(SYMPTOMS, LIVER_DIRECTED)
        if findings.facts_with_major_resection is not None:
            wanted.update(SURGICAL)
    elif findings.type == 4:
        wanted.update(SURGICAL, ("symptomatic_lesions",))
    if findings.type is not None:
        wanted.update(_remnant_facts(findings))
    return tuple(n for n in Clinical.model_fields if n in wanted and _unknown(n, findings.clinical))


def _unknown(name: str, clinical: Clinical) -> bool:
    if name == "grade" and clinical.ki67_percent is not None:
        return False
    return getattr(clinical, name) in (None, ())


def _remnant_facts(findings: Findings) -> set[str]:
    """Facts that could demand a larger remnant than the plan leaves."""
    clinical = findings.clinical
    worst = {name: value for name, value in MOST_DEMANDING.items() if getattr(clinical, name) is None}
    limits = flr_limits(
        findings.liver.functional_ml,
        clinical=clinical.model_copy(update=worst),
        settings=findings.settings.flr,
    )
    short = [limit for limit in limits if limit.minimum_ml > findings.plan.flr_ml]
    facts = {fact for limit in short for fact in REMNANT[limit.name]}
    if all(limit.source == "settings" for limit in short if "liver_quality" in REMNANT[limit.name]):
        facts.discard("liver_quality")
    return facts
