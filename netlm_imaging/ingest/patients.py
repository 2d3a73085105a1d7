"""Whether all files are of one patient. Patients are named by their hashes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from netlm_imaging.errors import Fault
from netlm_imaging.ingest.header import Header

MOST_SHOWN = 4


def study_faults(headers: Sequence[Header], series: Mapping[int, Sequence[Header]]) -> list[Fault]:
    """PATIENT_MISMATCH when the files name more than one patient, with the numbers of each one's series."""
    of = {
        patient: [str(number) for number, found in series.items() if any(h.patient == patient for h in found)]
        for patient in _patients(headers)
    }
    return _faults({patient: _series(numbers) for patient, numbers in of.items()}, what="study")


def series_faults(headers: Sequence[Header]) -> list[Fault]:
    """The same for the images of one series, with the number of each one's images."""
    images = Counter(h.patient for h in headers)
    return _faults({patient: f"{images[patient]} images" for patient in _patients(headers)}, what="series")


def _patients(headers: Sequence[Header]) -> list[str]:
    """By ID; by name where there are not two IDs."""
    known: list[str] = []
    for kind in ("id", "name"):
        known = sorted({h.patient for h in headers if h.patient.startswith(f"{kind} ")})
        if len(known) > 1:
            break
    return known


def _series(numbers: Sequence[str]) -> str:
    return f"series {', '.join(numbers)}" if numbers else "files that are no series"


def _faults(whose: Mapping[str, str], *, what: str) -> list[Fault]:
    if len(whose) < 2:
        return []
    shown = [f"{patient.split()[1]}: {theirs}" for patient, theirs in whose.items()]
    more = [f"{len(shown) - MOST_SHOWN} more"] if len(shown) > MOST_SHOWN else []
    return [
        Fault(
            code="PATIENT_MISMATCH",
            expected=f"one patient in a {what}",
            found=f"{len(whose)} patients (hashes {'; '.join((*shown[:MOST_SHOWN], *more))})",
            remedy="Separate the files of the patients",
        )
    ]
