"""Two plans side by side: of finished cases or of plan files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import Notice
from netlm_imaging.export import read_case
from netlm_imaging.export.plan_json import PLAN_FILE
from netlm_imaging.ingest import read_plan
from netlm_imaging.plan.figures import Difference, Figures, difference, figures_of_plan
from netlm_imaging.plan.plan_file import NamedMask
from netlm_imaging.plan.records import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One side."""

    plan: Plan
    type: int | None
    """None for a plan file: the Type stands in the case."""
    masks: tuple[NamedMask, ...] | None
    """None where no plan file says which they were."""

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
        return Compared(plan=file.plan, type=None, masks=file.masks)
    case: CaseResult = read_case(path)
    saved = path / PLAN_FILE
    masks = read_plan(saved).masks if saved.exists() else None
    return Compared(plan=case.plan, type=case.classification.type, masks=masks)


def compared(before: Compared, after: Compared) -> tuple[Difference, tuple[Notice, ...]]:
    """What ``after`` has more than ``before``; a notice where their masks are not the same."""
    notices = []
    if before.masks is not None and after.masks is not None and before.masks != after.masks:
        theirs = {mask.name: mask.sha256 for mask in after.masks}
        differ = [mask.name for mask in before.masks if theirs.pop(mask.name, None) != mask.sha256]
        named = ", ".join(name.replace("_", " ") for name in sorted([*differ, *theirs]))
        message = (
            f"The plans were made on different masks ({named}): lesions of one number need not be the same, "
            "and figures differ for that reason too."
        )
        notices.append(Notice(code="OTHER_MASKS", message=message))
    found = difference(
        before.figures,
        after.figures,
        names_before=before.names,
        names_after=after.names,
        types=(before.type, after.type),
    )
    return found, tuple(notices)
