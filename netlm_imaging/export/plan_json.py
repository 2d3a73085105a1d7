"""plan.json, written."""

from __future__ import annotations

from pathlib import Path

from netlm_imaging.export.files import write_file
from netlm_imaging.plan.plan_file import PlanFile

PLAN_FILE = "plan.json"


def write_plan(file: PlanFile, path: Path) -> Path:
    """Write ``file`` to ``path``, whole or not at all; returns the path.

    Raises UsageError: DISK_FULL, NO_PERMISSION or WRITE_FAILED.
    """
    write_file(path, file.to_json().encode())
    return path
