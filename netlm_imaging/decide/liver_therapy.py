"""Liver-directed therapy, PRRT and transplantation: what is said for Types 3 and 4."""

from __future__ import annotations

from netlm_imaging.decide.evidence import evidence
from netlm_imaging.decide.findings import Findings
from netlm_imaging.decide.liver_directed import resin_activities, transplantation_checklist
from netlm_imaging.decide.records import Statement
from netlm_imaging.decide.wording import joined, lesion_ids
from netlm_imaging.remnant import bsa_dubois_m2


def liver_therapy(findings: Findings) -> list[Statement]:
    """How liver-directed therapy is given, and whether PRRT is possible."""
    steps = [
        Statement(
            text="Liver-directed therapy one lobe a session, repeated every 4 to 6 weeks.",
            evidence="liver-directed-sessions",
        ),
        *_resin(findings),
        *_prrt(findings),
        Statement(text="Hepatic artery infusion is not standard.", evidence="hai-not-standard"),
    ]
    if findings.clinical.extrahepatic == "limited":
        text = "Limited disease outside the liver is no contraindication to liver-directed therapy."
        steps.append(Statement(text=text, evidence="liver-directed-extrahepatic"))
    return steps


def transplantation(findings: Findings) -> list[Statement]:
    """The criteria not met; where there is none, what is met and what is not known."""
    checks = transplantation_checklist(findings.clinical, findings.liver)
    failed = [name for name, met in checks.items() if met is False]
    if failed:
        text = f"Criteria of liver transplantation that are not met: {', '.join(failed)}."
        return [Statement(text=text, evidence="transplantation-milan")]
    fulfilled = [name for name, met in checks.items() if met]
    unknown = [name for name, met in checks.items() if met is None]
    text = (
        "Liver transplantation may be considered in selected patients. "
        f"Met: {', '.join(fulfilled)}; not known: {', '.join(unknown)}."
    )
    return [Statement(text=text, evidence="transplantation")]


def _resin(findings: Findings) -> list[Statement]:
    height_cm, weight_kg = findings.clinical.height_cm, findings.clinical.weight_kg
    if height_cm is None or weight_kg is None:
        return []
    activities = resin_activities(
        bsa_m2=bsa_dubois_m2(height_cm=height_cm, weight_kg=weight_kg),
        liver=findings.liver,
        lesions=tuple(findings.lesions),
    )
    parts = [f"whole liver {activities.whole_gbq:.2f} GBq"]
    if activities.right_gbq is not None and activities.left_gbq is not None:
        parts += [f"right lobe {activities.right_gbq:.2f} GBq", f"left lobe {activities.left_gbq:.2f} GBq"]
    lung = evidence()["tare-lung"].figures
    text = (
        f"TARE with resin microspheres by body surface area: {', '.join(parts)}. An estimate, never an "
        f"order; measure the lung shunt first (above {lung['refuse_above_percent']:g} %: no TARE)."
    )
    return [Statement(text=text, evidence="tare-resin-bsa")]


def _prrt(findings: Findings) -> list[Statement]:
    if findings.clinical.sstr_positive is False:
        text = "No PRRT: the tumor does not express somatostatin receptors."
        return [Statement(text=text, evidence="prrt-receptors")]
    text = "PRRT is possible: somatostatin receptors are expressed."
    if findings.clinical.sstr_positive is None:
        text = "PRRT only if the tumor expresses somatostatin receptors (DOTATATE PET): not known."
    return [Statement(text=text, evidence="prrt-receptors"), *_low_uptake(findings)]


def _low_uptake(findings: Findings) -> list[Statement]:
    """Lesions whose uptake is below what PRRT is given for."""
    figures = evidence()["prrt-uptake"].figures
    scored = [(lesion.id, lesion.krenning) for lesion in findings.lesions if lesion.krenning is not None]
    below = [
        (f"score below {figures[key]:g} ({who})", [n for n, score in scored if score < figures[key]])
        for key, who in (("score_label", "EU label"), ("score_practice", "usual practice"))
    ]
    parts = [f"{lesion_ids(ids)} {name}" for name, ids in below if ids]
    if not parts:
        return []
    text = f"Uptake too low for PRRT by the Krenning-like score: {joined(parts)}."
    return [Statement(text=text, evidence="prrt-uptake")]
