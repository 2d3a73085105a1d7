"""Two plans side by side: of finished cases or of plan files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Notice
from netlm_imaging.export import read_case
from netlm_imaging.export.plan_json import PLAN_FILE
from netlm_imaging.ingest import read_plan
from netlm_imaging.plan.figures import Difference, Figures, difference, figures_of_plan
from netlm_imaging.plan.plan_file import NamedMask
from netlm_imaging.plan.records import Plan
from netlm_imaging.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One side."""

    plan: Plan
    type: int | None
    """None for a plan file: the Type stands in the case."""
    masks: tuple[NamedMask, ...] | None
    """None where no plan file says which they were."""
    settings: Settings
    clinical: Clinical

    @property
    def figures(self) -> Figures:
        """What the plan does."""
        return figures_of_plan(self.plan)

    @property
    def names(self) -> tuple[str, ...]:
        """Of its treatments."""
        return tuple(treatment.name for treatment in self.plan.treatments)


def read_compared(path: Path) -> Compared:
    """The plan of a finished case's folder, or of a plan file.

    Raises InputError: NO_CASE, BAD_CASE, UNREADABLE, BAD_PLAN_FILE.
    """
    if not path.is_dir():
        file = read_plan(path)
        return Compared(
            plan=file.plan, type=None, masks=file.masks, settings=file.settings, clinical=file.clinical
        )
    case: CaseResult = read_case(path)
    saved = path / PLAN_FILE
    masks = read_plan(saved).masks if saved.exists() else None
    return Compared(
        plan=case.plan,
        type=case.classification.type,
        masks=masks,
        settings=case.settings,
        clinical=case.clinical,
    )


def compared(before: Compared, after: Compared) -> tuple[Difference, tuple[Notice, ...]]:
    """What ``after`` has more than ``before``; a notice where masks, settings or facts are not the same."""
    found = difference(
        before.figures,
        after.figures,
        names_before=before.names,
        names_after=after.names,
        types=(before.type, after.type),
    )
    return found, (*_other_masks(before, after), *_other_demands(before, after))


def _other_masks(before: Compared, after: Compared) -> Iterator[Notice]:
    if before.masks is not None and after.masks is not None and before.masks != after.masks:
        theirs = {mask.name: mask.sha256 for mask in after.masks}
        differ = [mask.name for mask in before.masks if theirs.pop(mask.name, None) != mask.sha256]
        named = ", ".join(name.replace("_", " ") for name in sorted([*differ, *theirs]))
        message = (
            f"The plans were made on different masks ({named}): lesions of one number need not be the same, "
            "and figures differ for that reason too."
        )
        yield Notice(code="OTHER_MASKS", message=message)


def _other_demands(before: Compared, after: Compared) -> Iterator[Notice]:
    """Settings with both values; facts of the patient by their names alone."""
    old, new = (_flat(side.settings.model_dump(mode="json")) for side in (before, after))
    settings = [f"{key} ({_word(old[key])}, {_word(new[key])})" for key in old if old[key] != new[key]]
    if settings:
        message = f"The plans were made under different settings: {', '.join(settings)}."
        yield Notice(code="OTHER_SETTINGS", message=message)
    known, told = (side.clinical.model_dump() for side in (before, after))
    facts = [name for name in known if known[name] != told[name]]
    if facts:
        message = f"The plans were made with different clinical facts: {', '.join(facts)}."
        yield Notice(code="OTHER_FACTS", message=message)


def _flat(tables: dict[str, Any], above: str = "") -> dict[str, Any]:
    """Values by their keys as in a settings file: ``flr.minimum_percent``."""
    found: dict[str, Any] = {}
    for name, value in tables.items():
        inner = _flat(value, f"{above}{name}.") if isinstance(value, dict) else {f"{above}{name}": value}
        found |= inner
    return found


def _word(value: Any) -> str:
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return f"{len(value)} given"
    return "none" if value in (None, []) else str(value)
