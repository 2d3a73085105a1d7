"""What other ablation devices would change, in words."""

from __future__ import annotations

from netlm_imaging.case import CaseResult, DeviceComparison
from netlm_imaging.export.wording import listed, percentage


def comparison_sentences(case: CaseResult) -> tuple[str, ...]:
    """What the comparison devices change: debulking, lesions, Type; nothing where there is none to tell."""
    other = case.device_comparison
    if other is None or not case.lesions or case.plan.status == "infeasible":
        return ()
    return (_debulking(case, other), *_lesions(other), _type(case, other))


def _debulking(case: CaseResult, other: DeviceComparison) -> str:
    series = all(device.evidence == "patient series" for device in other.devices)
    with_what = "With zones as measured in patients" if series else "With the comparison devices"
    names = "; ".join(device.name for device in other.devices)
    if other.plan.status == "infeasible":
        return f"{with_what} ({names}) no plan reaches the objective."
    threshold = case.settings.type.debulking_threshold_percent
    now, then = (percentage(plan.debulking_percent, threshold) for plan in (case.plan, other.plan))
    if not other.debulking_change_percent:
        return f"{with_what} ({names}) debulking by lesion stays {now}."
    return f"{with_what} ({names}) debulking by lesion is {then} instead of {now}."


def _lesions(other: DeviceComparison) -> tuple[str, ...]:
    said = []
    if other.no_longer_cleared:
        said.append(f"No longer cleared: {_named(other.no_longer_cleared)}.")
    if other.only_larger_zone:
        said.append(f"Only the larger zone covers {_named(other.only_larger_zone)} with its margin.")
    return tuple(said)


def _type(case: CaseResult, other: DeviceComparison) -> str:
    if other.type == case.classification.type:
        return f"The Type stays {other.type}."
    return f"The Type would be {other.type} instead of {case.classification.type}."


def _named(ids: tuple[int, ...]) -> str:
    return f"lesion{'s' if len(ids) > 1 else ''} {listed(ids)}"
