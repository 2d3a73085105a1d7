"""The same plan counted over all lesions (the union) and over those seen on MR (clinical-rules 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from netlm_imaging.lesions.records import Lesion
from netlm_imaging.plan.records import Plan


def seen_on_mr(lesions: Sequence[Lesion]) -> tuple[Lesion, ...] | None:
    """The MR-only set: lesions that MR shows, whether PET does or not.

    None where the two sets are the same, and where nothing was seen on MR: no lesion was seen on PET
    alone, or there is no MR to count.
    """
    on_mr = tuple(lesion for lesion in lesions if "mr" in lesion.seen_on)
    return on_mr if on_mr and any(pet_only(lesion.seen_on) for lesion in lesions) else None


def pet_only(seen_on: Sequence[str]) -> bool:
    """Seen on PET and on nothing else."""
    return tuple(seen_on) == ("pet",)


def with_mr_only(plan: Plan, lesions: Sequence[Lesion]) -> Plan:
    """``plan`` with its debulking over the MR-only set; nothing is planned again."""
    counted = seen_on_mr(lesions)
    if counted is None:
        return plan
    treated = {entry.lesion: entry for entry in plan.coverage}
    total_ml = sum(lesion.volume_ml for lesion in counted)
    cleared_ml = sum(lesion.volume_ml for lesion in counted if treated[lesion.id].cleared)
    treated_ml = sum(lesion.volume_ml * treated[lesion.id].coverage_percent / 100.0 for lesion in counted)
    return replace(
        plan,
        debulking_percent_mr_only=min(100.0, 100.0 * cleared_ml / total_ml),
        debulking_percent_by_volume_mr_only=min(100.0, 100.0 * treated_ml / total_ml),
    )
