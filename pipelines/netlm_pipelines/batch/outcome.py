"""What came of one study, and the record of a failure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from netlm_imaging.errors import Fault
from netlm_imaging.export.files import sync_folder, write_file, writing

Status = Literal["done", "kept", "failed"]
SCHEMA = "netlm-failure/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One study of a batch after its turn."""

    study: str
    status: Status
    """``kept``: a valid result was there already."""
    faults: tuple[Fault, ...] = ()
    signature: str = ""
    """Of its input files, with the hash of their content."""
    inputs: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0

    @property
    def code(self) -> str:
        """Of its first fault; empty where it did not fail."""
        return self.faults[0].code if self.faults else ""


def write_failure(folder: Path, outcome: Outcome) -> None:
    """One file that names the study and its faults; equal failures have equal bytes."""
    with writing("failures"):
        folder.mkdir(exist_ok=True)
        content = {
            "schema": SCHEMA,
            "study": outcome.study,
            "faults": [asdict(fault) for fault in outcome.faults],
        }
        write_file(folder / f"{outcome.study}.json", (json.dumps(content, indent=1) + "\n").encode())
        sync_folder(folder)


def forget_failure(folder: Path, study: str) -> None:
    """The study has a result now."""
    with writing("failures"):
        (folder / f"{study}.json").unlink(missing_ok=True)


def remove_unfinished(folder: Path) -> None:
    """Records that a killed batch was about to write; their hidden names are those of ``write_file``."""
    for path in folder.glob(".netlm-*.part"):
        path.unlink(missing_ok=True)


def read_failures(folder: Path) -> dict[str, tuple[Fault, ...]]:
    """Faults of all studies that failed when they were last tried; damaged files count as BUG."""
    found: dict[str, tuple[Fault, ...]] = {}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else ():
        try:
            found[path.stem] = tuple(Fault(**fault) for fault in json.loads(path.read_bytes())["faults"])
        except (OSError, ValueError, KeyError, TypeError):
            found[path.stem] = (Fault(code="BUG", expected="a record of a failure", found="a damaged one"),)
    return found
