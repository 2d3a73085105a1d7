"""Whether all files are of one patient."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.errors import Fault
from netlm_imaging.ingest.header import Header


def patient_faults(headers: Sequence[Header], *, what: str) -> list[Fault]:
    """PATIENT_MISMATCH when the files name more than one patient; they are named by their hashes."""
    for kind in ("id", "name"):
        known = sorted({h.patient for h in headers if h.patient.startswith(f"{kind} ")})
        if len(known) > 1:
            return [
                Fault(
                    code="PATIENT_MISMATCH",
                    expected=f"one patient in a {what}",
                    found=f"{len(known)} patients (hashes {_listed(known)})",
                    remedy="Separate the files of the patients",
                )
            ]
    return []


def _listed(known: Sequence[str]) -> str:
    shown = ", ".join(patient.split()[1] for patient in known[:4])
    return f"{shown} and {len(known) - 4} more" if len(known) > 4 else shown
