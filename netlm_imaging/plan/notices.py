"""What the reader of a plan must know beside its figures."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from netlm_imaging.anatomy import Anatomy
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Notice
from netlm_imaging.plan.devices import Device
from netlm_imaging.plan.distances import TOLERANCE_MM
from netlm_imaging.plan.optimize import PALLIATIVE_LARGEST
from netlm_imaging.plan.paths import Access
from netlm_imaging.plan.records import Plan
from netlm_imaging.plan.shaft import shaft_words
from netlm_imaging.settings import FixedChoice


def plan_notices(anatomy: Anatomy, plans: Sequence[Plan], *, clinical: Clinical) -> tuple[Notice, ...]:
    """Every assumption that this patient's masks and facts made the planner take."""
    return (*_about_masks(anatomy), *_about_lesions(anatomy, clinical), *_about_status(plans))


def fixed_notices(choices: Sequence[FixedChoice]) -> tuple[Notice, ...]:
    """That the plans are not free: they obey choices of the user."""
    if not choices:
        return ()
    message = (
        f"All plans obey {len(choices)} fixed {'choices' if len(choices) > 1 else 'choice'} of the settings "
        "(plan.fix); without them more might be achieved, and the Type might be another."
    )
    return (Notice(code="FIXED_CHOICES", message=message, where="plan"),)


def device_notices(devices: Sequence[Device], compared: Sequence[Device]) -> tuple[Notice, ...]:
    """Which modalities rest on zones that were not measured in patients, with nothing to compare."""
    measured = {d.modality for d in (*devices, *compared) if d.evidence == "patient series"}
    names = [d.name for d in devices if d.modality not in measured]
    if not names:
        return ()
    message = (
        f"No zone measured in patients stands beside {', '.join(names)}: whether patients' zones are as "
        "large is not known."
    )
    return (Notice(code="NO_PATIENT_SERIES", message=message, where="plan"),)


def structure_notices(plan: Plan, anatomy: Anatomy, *, warning_mm: float) -> tuple[Notice, ...]:
    """Structures that heat can hurt: which ablations of ``plan`` come near, and which were not given."""
    return (*_near_structures(plan, warning_mm=warning_mm), *_unknown_structures(plan, anatomy))


def margin_notices(plan: Plan) -> tuple[Notice, ...]:
    """Ablations of ``plan`` that clear a lesion without its margin: one that another lesion's zone covers."""
    short = [
        f"{t.id} ({t.achieved_margin_mm:.1f} mm of {t.margin_mm:g} mm)"
        for t in plan.treatments
        if t.achieved_margin_mm is not None and t.margin_mm is not None
        if t.achieved_margin_mm < t.margin_mm - TOLERANCE_MM
    ]
    if not short:
        return ()
    message = (
        f"The zone covers every lesion that counts as cleared, but not the whole margin of each: "
        f"{', '.join(short)}."
    )
    return (Notice(code="MARGIN_NOT_REACHED", message=message, where="plan"),)


def access_notices(plan: Plan) -> tuple[Notice, ...]:
    """Ablations of ``plan`` that no safe straight path from the skin reaches."""
    operative = [t.id for t in plan.treatments if t.open_only]
    if not operative:
        return ()
    message = f"No safe straight path from the skin was found: open surgery for {', '.join(operative)}."
    return (Notice(code="ABLATION_OPEN_ONLY", message=message, where="plan"),)


def drawn_shaft_notices(drawn: Iterable[tuple[str, Access]]) -> tuple[Notice, ...]:
    """Probes drawn by hand, by their names, whose shaft meets something on its way."""
    return tuple(
        Notice(
            code="DRAWN_SHAFT_UNSAFE",
            message=f"{name}: {' '.join(shaft_words(access.shafts))}",
            where="plan",
        )
        for name, access in drawn
        if access.unsafe_as_drawn
    )


def _unknown_structures(plan: Plan, anatomy: Anatomy) -> tuple[Notice, ...]:
    absent = [n for n in ("bile ducts", "gallbladder", "bowel") if n not in anatomy.protected]
    if not absent or all(t.modality in (None, "ire") for t in plan.treatments):
        return ()
    message = f"No masks of {', '.join(absent)} are given: whether ablations come near could not be seen."
    return (Notice(code="PLAN_WITHOUT_STRUCTURES", message=message, where="plan"),)


def _near_structures(plan: Plan, *, warning_mm: float) -> tuple[Notice, ...]:
    near = [
        f"{t.id} comes to {s.distance_mm:.1f} mm from the {s.structure}"
        for t in plan.treatments
        if t.modality != "ire"
        for s in t.structures
        if s.distance_mm < warning_mm
    ]
    if not near:
        return ()
    message = f"Heat near a structure that it can hurt (< {warning_mm:g} mm): {'; '.join(near)}."
    return (Notice(code="ABLATION_NEAR_STRUCTURE", message=message, where="plan"),)


def _about_masks(anatomy: Anatomy) -> list[Notice]:
    notices = []
    if anatomy.vessels is None and anatomy.portal_vein is None:
        message = (
            "No vessels are given: heat sinks, vessels in the way of a resection, and liver that loses its "
            "inflow could not be considered. Wedges, enucleations and ablations may look possible where they "
            "are not, and the remnant larger than it is."
        )
        notices.append(Notice(code="PLAN_WITHOUT_VESSELS", message=message, where="plan"))
    if anatomy.segments is None:
        message = "No Couinaud segments are given: anatomical resections could not be considered."
        notices.append(Notice(code="PLAN_WITHOUT_SEGMENTS", message=message, where="plan"))
    return notices


def _about_lesions(anatomy: Anatomy, clinical: Clinical) -> list[Notice]:
    known = anatomy.lesions.labels
    if not known:
        message = "No measurable disease: there is nothing to debulk, and the debulking figures are 0."
        return [Notice(code="NO_LESIONS", message=message, where="plan")]
    notices = symptomatic_notices(known, clinical)
    if _has_symptoms(clinical) and not set(known).intersection(clinical.symptomatic_lesions):
        message = (
            "The patient has symptoms, but which lesions cause them is not known: the palliative plan "
            f"treats the largest lesions first (up to {PALLIATIVE_LARGEST})."
        )
        notices.append(Notice(code="SYMPTOMATIC_LESIONS_UNKNOWN", message=message, where="plan"))
    return notices


def symptomatic_notices(lesions: Collection[int], clinical: Clinical) -> list[Notice]:
    """Whether the facts name a symptomatic lesion that is none of ``lesions``."""
    unknown = [str(n) for n in clinical.symptomatic_lesions if n not in lesions]
    if not unknown:
        return []
    message = f"symptomatic_lesions names {', '.join(unknown)}: there is no such lesion."
    return [Notice(code="UNKNOWN_SYMPTOMATIC_LESION", message=message, where="clinical facts")]


def _has_symptoms(clinical: Clinical) -> bool:
    return clinical.mass_effect == "profound" or clinical.hormonal_symptoms == "uncontrolled"


def _about_status(plans: Sequence[Plan]) -> list[Notice]:
    notices = []
    for plan in plans:
        if plan.status == "feasible":
            message = (
                f"The {plan.objective} plan is the best found in the time given, not proven to be the best."
            )
            notices.append(Notice(code="PLAN_NOT_PROVEN", message=message, where="plan"))
    missed = [m.name for m in plans[0].minimums if m.value < m.minimum]
    if all(plan.status == "infeasible" for plan in plans) and missed:
        message = (
            f"The untouched liver does not meet its minimum ({', '.join(missed)}): no treatment is planned."
        )
        notices.append(Notice(code="LIVER_BELOW_MINIMUM", message=message, where="plan"))
    return notices
