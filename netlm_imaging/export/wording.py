"""The words of the report: how names of records read for a surgeon, and how numbers are rounded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from netlm_imaging.decide.records import TypeName, Uncertainty
from netlm_imaging.decide.wording import FACT_NAMES, percent
from netlm_imaging.export.figure_slices import CT_WINDOW_HU, SUV_WINDOW
from netlm_imaging.lesions.records import SegmentShare
from netlm_imaging.plan.growth_records import GrowthPlan, Stage
from netlm_imaging.plan.path_choice import GRAZING_DEGREES, TRANSHEPATIC_MM
from netlm_imaging.plan.records import Driver, LimitStep, ProbePath, Treatment, best_of

__all__ = [
    "FACT_NAMES",
    "best_path",
    "decimals",
    "driver",
    "figure_caption",
    "limit_step",
    "listed",
    "path_remarks",
    "percentage",
    "probability",
    "readable",
    "shares",
    "spread",
    "stage_names",
    "type_shares",
    "way_in",
]

TYPE_TITLES = {
    1: "Limited disease that can be cleared completely",
    2: "Multiple lesions; the debulking threshold is reached with parenchymal-sparing treatment",
    3: "Extensive disease; the debulking threshold is out of reach",
    4: "Extensive disease with profound symptoms; the debulking threshold is out of reach",
}
"""Mahuron & Singh, J Clin Med 2023;12:2456, section 6, in short."""

OBJECTIVES = {
    "sparing": "Parenchymal-sparing",
    "maximum": "Maximum clearance",
    "threshold": "Least liver for the threshold",
    "fewest": "Fewest interventions for the threshold",
    "palliative": "Palliative",
}
STATUSES = {
    "optimal": "proven optimal",
    "feasible": "best found, not proven",
    "infeasible": "no plan possible",
}
KINDS = {
    "enucleation": "Enucleation",
    "wedge": "Wedge resection",
    "anatomical": "Anatomical resection",
    "ablation": "Ablation",
    "none": "none",
}
GROWTH_KINDS = {"pve": "PVE, then one operation", "two_stage": "Two stages"}
NOT_KNOWN = "\N{EN DASH}"
MINIMUMS = {
    "flr_percent": ("FLR", "of the measured functional liver"),
    "sflr_percent": ("sFLR", "of the standard liver volume (from body size)"),
    "flr_body_weight_percent": ("FLR / body weight", "1 mL taken as 1 g"),
}
LIMITS = {
    "flr": "the future liver remnant",
    "interventions": "the number of interventions",
    "resections": "the number of resections",
    "ablations": "the number of ablations",
    "segments": "the number of whole segments",
}
SIDES = {"right": "patient's right", "left": "patient's left", "both": "both lobes", None: "not known"}
MODALITIES = {"mwa": "microwave", "rfa": "radiofrequency", "laser": "laser", "ire": "IRE"}
EVIDENCE_STATUSES = {
    "read": "read at the source",
    "abstract": "abstract read",
    "recalled": "recalled, not re-read",
    "derived": "derived from values read",
    "ours": "assumption of this project",
}
DRIVERS = {
    "ablation": "whether its ablation covers it",
    "margin": "whether its resection clears it",
    "contour": "how large it is",
}
APPROACHES = {"percutaneous": "from the skin", "operative": "from the capsule"}
SEEN = {"mr": "MRI", "ct": "CT", "pet": "PET"}

WAY_IN_SHARE = 0.35
"""A direction is named when the path goes so far along it (20 degrees)."""

_IMAGES = {
    "hbp": "Hepatobiliary-phase MRI",
    "ct": f"CT, window {CT_WINDOW_HU[0]:.0f} to {CT_WINDOW_HU[1]:.0f} HU",
    "pet": f"PET, SUV {SUV_WINDOW[0]:.0f} to {SUV_WINDOW[1]:.0f} g/mL, dark is high",
    "masks": "The masks (no image was given)",
}
_COLORS = (
    "Yellow: lesion that the plan clears. Vermillion, named “stays”: lesion that it leaves or clears in "
    "part. Green: liver that is resected or ablated. R and L are the patient's right and left."
)


def figure_caption(name: str) -> str:
    """What a figure of draw_figures shows, from its file name."""
    stem = name.removesuffix(".png")
    if stem == "plan_3d":
        return f"The plan in 3D, seen from the front and from the feet. Blue: vessels. {_COLORS}"
    kind = stem.removeprefix("lesions_")
    return f"{_IMAGES.get(kind, f'{kind} image')}, three planes through the lesion named. {_COLORS}"


def limit_step(step: LimitStep) -> str:
    """Which limit is wider, and how far."""
    if step.limit == "flr":
        return f"with a remnant down to {percent(step.value)} of the functional liver"
    one = step.limit.removesuffix("s") if step.value == 1 else step.limit
    return f"with up to {step.value:g} {'whole ' if step.limit == 'segments' else ''}{one}"


def readable(name: str) -> str:
    """``fit_for_surgery`` as ``fit for surgery``."""
    return name.replace("_", " ")


def percentage(value: float, *limits: float) -> str:
    """One decimal, or more where one would round onto a limit (or onto 100) that the value misses."""
    near = [limit for limit in (*limits, 100.0) if abs(value - limit) < 0.1]
    return percent(value, against=near[0] if near else None)


def shares(segments: Sequence[SegmentShare]) -> str:
    """``VIII``, ``V 60 %, VI 40 %``; shares below half a percent are left to case.json."""
    shown = [share for share in segments if share.percent >= 0.5]
    if len(shown) == 1:
        return shown[0].segment
    return listed(
        f"{share.segment}\N{NO-BREAK SPACE}{share.percent:.0f}\N{NO-BREAK SPACE}%" for share in shown
    )


def probability(share: float) -> str:
    """``97 %``; what is neither never nor always is not rounded to it."""
    if 0.0 < share < 0.005:
        return "< 1 %"
    return "> 99 %" if 0.995 <= share < 1.0 else f"{100.0 * share:.0f} %"


def type_shares(probabilities: Mapping[TypeName, float]) -> str:
    """``Type 2 in 96 %, Type 3 in 4 %``, the most probable first."""
    ordered = sorted(probabilities.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"Type {name} in {probability(share)}" for name, share in ordered if share > 0.0)


def spread(uncertainty: Uncertainty, threshold_percent: float) -> str:
    """The draws in one sentence."""
    of = uncertainty
    low, high = (percentage(value, threshold_percent) for value in (of.debulking_p05, of.debulking_p95))
    return (
        f"90 % of draws: debulking {low} to {high} by lesion; "
        f">= {threshold_percent:g} % in {probability(of.probability_threshold_met)}; "
        f"{type_shares(of.type_probabilities)}"
    )


def driver(of: Driver) -> str:
    """``lesion 3: whether its ablation covers it``."""
    if of.lesion is None:
        return "lesions that the images do not show"
    return f"lesion {of.lesion}: {DRIVERS[of.source]}"


def best_path(treatment: Treatment, zone: int) -> ProbePath | None:
    """The first safe path to a zone, from the skin where there is one; else the first."""
    return best_of([path for path in treatment.paths if path.zone == zone])


def way_in(path: ProbePath) -> str:
    """``from the patient's right, front``: where the probe comes from, the main direction first."""
    names = (("patient's right", "patient's left"), ("front", "back"), ("feet", "head"))
    apart = [e - t for e, t in zip(path.entry_lps_mm, path.tip_lps_mm, strict=True)]
    length = sum(d * d for d in apart) ** 0.5
    parts = sorted(((abs(d), pair[int(d > 0)]) for d, pair in zip(apart, names, strict=True)), reverse=True)
    return f"from the {', '.join(name for size, name in parts if size >= WAY_IN_SHARE * length)}"


def path_remarks(path: ProbePath | None) -> list[str]:
    """What speaks against a path."""
    if path is None:
        return []
    remarks = []
    if path.crosses_lesions:
        remarks.append(f"crosses lesion {listed(path.crosses_lesions)} (seeding)")
    if path.enters_liver_twice:
        remarks.append("enters the liver twice")
    if path.liver_before_lesion_mm < TRANSHEPATIC_MM:
        remarks.append(f"less than {TRANSHEPATIC_MM:g} mm of normal liver before the lesion (bleeding)")
    if path.capsule_angle_deg < GRAZING_DEGREES:
        remarks.append("grazes the capsule")
    return remarks


def stage_names(of: GrowthPlan, stage: Stage) -> list[tuple[str, int]]:
    """What one operation of a projection does: an anatomical resection by its name, the others counted."""
    done = sorted(
        (t for t in of.plan.treatments if t.id in stage.treatments), key=lambda t: t.kind != "anatomical"
    )
    return list(Counter(t.name if t.kind == "anatomical" else KINDS[t.kind] for t in done).items())


def decimals(value: float | None, digits: int = 1, *, missing: str = NOT_KNOWN) -> str:
    """A fixed number of decimals; a dash for what is not known."""
    return missing if value is None else f"{value:.{digits}f}"


def listed(items: Iterable[object]) -> str:
    """``1, 2, 3``, a dash for none."""
    return ", ".join(str(item) for item in items) or NOT_KNOWN
