"""The user's word on which series has which role; it wins over every header."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from netlm_imaging.errors import Fault, InputError, UsageError
from netlm_imaging.ingest.study import Series, Study

_FILES = ("NIfTI", "NRRD")
"""These do not say what they show."""
MODALITIES: Mapping[str, tuple[str, ...]] = {
    "hbp": ("MR", *_FILES),
    "arterial": ("MR", "CT", *_FILES),
    "portal": ("MR", "CT", *_FILES),
    "transitional": ("MR", *_FILES),
    "precontrast": ("MR", *_FILES),
    "t2": ("MR", *_FILES),
    "dwi": ("MR", *_FILES),
    "adc": ("MR", *_FILES),
    "ct": ("CT", *_FILES),
    "pet": ("PT", *_FILES),
    "other": ("MR", "CT", "PT", *_FILES),
}
"""What a series must be to be named for a role; ``other`` takes it out of the choice."""
REASON = "named by the user"


def with_named_roles(study: Study, wanted: Mapping[str, str]) -> Study:
    """The study with the roles that a user names: role to number, UID or hash of a series.

    Raises UsageError UNKNOWN_ROLE, SERIES_NAMED_TWICE; InputError NO_SUCH_SERIES, WRONG_MODALITY.
    """
    _require_known(wanted)
    named = {role: study.find(number) for role, number in wanted.items()}
    faults = [fault for role, s in named.items() for fault in _faults(study, role, wanted[role], s)]
    if faults:
        raise InputError(*faults)
    roles = {s.number: role for role, s in named.items() if s is not None}
    if len(roles) < len(named):
        raise UsageError(_twice(named))
    return replace(study, series=tuple(_renamed(s, roles.get(s.number)) for s in study.series))


def _renamed(series: Series, role: str | None) -> Series:
    if role is None:
        return series
    told = series.told_otherwise or (
        f"{series.role}, {100 * series.role_confidence:.0f} %: {series.role_reason}"
    )
    return replace(series, role=role, role_reason=REASON, role_confidence=1.0, told_otherwise=told)


def _require_known(wanted: Mapping[str, str]) -> None:
    unknown = [role for role in wanted if role not in MODALITIES]
    if unknown:
        raise UsageError(
            Fault(
                code="UNKNOWN_ROLE",
                expected=f"one of {', '.join(MODALITIES)}",
                found=", ".join(role[:40] for role in unknown),
                where="--series",
            )
        )


def _faults(study: Study, role: str, wanted: str, series: Series | None) -> list[Fault]:
    remedy = "See the series with: netlm inspect"
    if series is None:
        expected = f"a series number from 1 to {len(study.series)} for {role}, or the UID of a series"
        found = repr(wanted) if wanted.isdigit() else "another value, which no series has"
        return [
            Fault(code="NO_SUCH_SERIES", expected=expected, found=found[:40], where="--series", remedy=remedy)
        ]
    if series.modality in MODALITIES[role]:
        return []
    expected = f"{' or '.join(MODALITIES[role])} for {role}"
    found = f"{series.modality or 'an unknown modality'} ({series.description})"
    return [Fault(code="WRONG_MODALITY", expected=expected, found=found, where=series.where, remedy=remedy)]


def _twice(named: Mapping[str, Series | None]) -> Fault:
    count = Counter(s.number for s in named.values() if s is not None)
    number = next(n for n, times in count.items() if times > 1)
    roles = [role for role, s in named.items() if s is not None and s.number == number]
    return Fault(
        code="SERIES_NAMED_TWICE",
        expected="one role for a series",
        found=f"series {number} named for {' and '.join(roles)}",
        where="--series",
    )
