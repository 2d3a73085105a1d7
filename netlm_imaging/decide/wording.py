"""Figures and lists as a surgeon reads them."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.decide.rule import reaches
from netlm_imaging.plan.records import Minimum, Plan, Treatment, TreatmentKind
from netlm_imaging.remnant.records import MinimumName
from netlm_imaging.settings import Objective

PLAN_NAMES: dict[Objective, str] = {
    "sparing": "the parenchymal-sparing plan",
    "maximum": "any resection the remnant allows",
    "threshold": "the plan that spends least liver for the threshold",
    "fewest": "the plan of fewest interventions",
    "palliative": "the palliative plan",
}
MINIMUM_NAMES: dict[MinimumName, str] = {
    "flr_percent": "remnant of the functional liver",
    "sflr_percent": "standardized remnant (sFLR)",
    "flr_body_weight_percent": "remnant per body weight",
}
FACT_NAMES = {
    "height_cm": "height",
    "weight_kg": "weight",
    "liver_quality": "quality of the liver",
    "differentiation": "differentiation",
    "grade": "grade or Ki-67",
    "extrahepatic": "disease outside the liver",
    "fit_for_surgery": "fitness for surgery",
    "carcinoid_heart_disease": "carcinoid heart disease",
    "rapid_progression": "rapid progression",
    "mass_effect": "mass effect",
    "hormonal_symptoms": "hormonal symptoms",
    "sstr_positive": "somatostatin-receptor expression",
    "symptomatic_lesions": "symptomatic lesions",
}
"""Clinical facts that a decision may wait for."""
_KIND_NAMES: dict[TreatmentKind, tuple[str, str]] = {
    "enucleation": ("enucleation", "enucleations"),
    "wedge": ("wedge resection", "wedge resections"),
    "anatomical": ("anatomical resection", "anatomical resections"),
    "ablation": ("ablation", "ablations"),
}


def percent(value: float, *, against: float | None = None) -> str:
    """One decimal, or as many as it takes to stand on the right side of ``against``."""
    for digits in range(1, 9):
        text = f"{value:.{digits}f}"
        if against is None or reaches(float(text), against) == reaches(value, against):
            return f"{text} %"
    return f"{value} %"


def compared(value: float, limit: float) -> str:
    """Such as ``83.4 % (>= 70 %)``."""
    sign = ">=" if reaches(value, limit) else "<"
    return f"{percent(value, against=limit)} ({sign} {limit:g} %)"


def lesion_count(count: int) -> str:
    """Such as ``1 lesion``, ``4 lesions``."""
    return "1 lesion" if count == 1 else f"{count} lesions"


def lesion_ids(ids: Sequence[int], *, most: int = 8) -> str:
    """Such as ``lesion 3``, ``lesions 1, 4 and 7``, ``lesions 1, 2, 3 and 9 more``."""
    if len(ids) == 1:
        return f"lesion {ids[0]}"
    if len(ids) > most:
        return f"lesions {', '.join(map(str, ids[:most]))} and {len(ids) - most} more"
    return f"lesions {joined([str(n) for n in ids])}"


def joined(parts: Sequence[str]) -> str:
    """Such as ``a``, ``a and b``, ``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def treatments(plan: Plan) -> str:
    """Such as ``2 wedge resections and 1 ablation``."""
    return counted(plan.treatments)


def counted(done: Sequence[Treatment]) -> str:
    """The same for some treatments alone."""
    counts = {kind: sum(t.kind == kind for t in done) for kind in _KIND_NAMES}
    parts = [f"{n} {_KIND_NAMES[kind][n != 1]}" for kind, n in counts.items() if n]
    return joined(parts) if parts else "no intervention"


def tight_minimums(minimums: Sequence[Minimum], *, plan: Plan) -> str:
    """How minimums limit what is possible: those that it misses, and those that any better plan would.

    Those that limit not ``plan`` but only the one with any resection are told with the remnant of that one.
    """
    missed, kept, major = [], [], []
    for m in minimums:
        name, below = MINIMUM_NAMES[m.name], f"below {m.minimum:g} %"
        if not reaches(m.value, m.minimum):
            missed.append(f"{name} {m.value:.1f} % (minimum {m.minimum:g} %)")
        elif m in plan.minimums:
            kept.append(f"a {name} {below} (this plan {m.value:.1f} %)")
        else:
            major.append(f"a {name} {below} (the plan with any resection {m.value:.1f} %)")
    more = [f"clearing more would leave {joined(kept)}"] if kept else []
    if major:
        more.append(f"clearing more by any resection would leave {joined(major)}")
    return "; ".join([*([joined(missed)] if missed else []), *more])


def capitalized(text: str) -> str:
    """The first letter in upper case, the rest as it is."""
    return text[:1].upper() + text[1:]
