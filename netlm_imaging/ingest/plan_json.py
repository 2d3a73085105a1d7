"""plan.json, read."""

from __future__ import annotations

from pathlib import Path

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.plan.plan_file import PlanFile


def read_plan(path: Path) -> PlanFile:
    """The plan of a file. Raises InputError: UNREADABLE or BAD_PLAN_FILE."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(
            Fault(code="UNREADABLE", expected="a readable file", found=str(error.strerror), where=path.name)
        ) from error
    return PlanFile.from_json(text, where=path.name)
