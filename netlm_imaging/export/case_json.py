"""case.json of a finished folder, read again."""

from __future__ import annotations

from pathlib import Path

from netlm_imaging.case import CaseResult
from netlm_imaging.errors import Fault, InputError

CASE_FILE = "case.json"


def read_case(folder: Path) -> CaseResult:
    """The case of a finished folder. Raises InputError: NO_CASE or BAD_CASE."""
    try:
        text = (folder / CASE_FILE).read_bytes()
    except OSError as error:
        raise InputError(
            Fault(
                code="NO_CASE",
                expected="the folder of a finished case",
                found=f"{CASE_FILE}: {error.strerror}",
                where=folder.name,
                remedy="Give the folder that --out named",
            )
        ) from error
    return CaseResult.from_json(text)
