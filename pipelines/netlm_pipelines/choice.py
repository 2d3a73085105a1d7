"""Which series of a study a run uses, and for what: the user's choice first, roles for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netlm_imaging.errors import Fault, InputError, UsageError
from netlm_imaging.ingest import Series, Study

REFERENCE_ROLES = ("hbp", "portal", "arterial", "ct", "precontrast", "t2")
"""What may carry the plan, the best first: lesions are contoured on the hepatobiliary phase."""
_MODALITIES: Mapping[str, tuple[str, ...]] = {
    "hbp": ("MR", "NIfTI", "NRRD"),
    "portal": ("MR", "CT", "NIfTI", "NRRD"),
    "arterial": ("MR", "CT", "NIfTI", "NRRD"),
    "ct": ("CT", "NIfTI", "NRRD"),
    "precontrast": ("MR", "NIfTI", "NRRD"),
    "t2": ("MR", "NIfTI", "NRRD"),
    "pet": ("PT", "NIfTI", "NRRD"),
}
"""What a user may name for a role. NIfTI and NRRD files do not say what they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenSeries:
    """The series to read; what a run does not need is None even where the folder holds it."""

    role: str
    """Of the reference image."""
    reference: Series
    precontrast: Series | None
    pet: Series | None
    pet_ct: Series | None


def choose_series(study: Study, wanted: Mapping[str, str], *, segment: bool) -> ChosenSeries:
    """The series that a run needs; ``wanted`` is the user's choice (role to number or UID).

    ``segment`` says that liver or lesions have to be found, which takes a hepatobiliary phase.
    Raises InputError: the study's own faults, AMBIGUOUS_ROLE, NO_SUCH_SERIES, WRONG_MODALITY,
    NO_REFERENCE_IMAGE; UsageError: UNKNOWN_ROLE, MASKS_NEEDED.
    """
    if study.faults:
        raise InputError(*study.faults)
    _require_known(wanted)
    named = {role: _named(study, role, number) for role, number in wanted.items()}
    there = {s.role for s in study.series} | named.keys()
    role = next((role for role in REFERENCE_ROLES if role in there), None)
    if role is None:
        raise InputError(_no_reference(study))
    if segment and role != "hbp":
        raise UsageError(_masks_needed(study))

    def pick(role: str) -> Series | None:
        return named.get(role) or study.choose(role)

    reference, pet = pick(role), pick("pet")
    assert reference is not None
    return ChosenSeries(
        role=role,
        reference=reference,
        precontrast=pick("precontrast") if segment else None,
        pet=pet,
        pet_ct=_pet_ct(study, pet, reference, None if role == "ct" else named.get("ct")),
    )


def same_frame(first: Series | None, second: Series | None) -> bool:
    """Whether both say that they lie in one frame of reference."""
    if first is None or second is None:
        return False
    return bool(first.frame_uid_hash) and first.frame_uid_hash == second.frame_uid_hash


def _pet_ct(study: Study, pet: Series | None, reference: Series, named: Series | None) -> Series | None:
    """The CT to register in place of PET; None where there is none, or no need of one.

    It shares the frame of reference of the PET, as a CT of another day does not.
    """
    if pet is None or same_frame(pet, reference):
        return None
    if named is not None:
        return named
    if not pet.frame_uid_hash:
        return study.choose("ct") if reference.role != "ct" else None
    beside = [s for s in study.series if s.role == "ct" and same_frame(s, pet)]
    return beside[0] if len(beside) == 1 else study.choose("ct") if beside else None


def _named(study: Study, role: str, wanted: str) -> Series:
    series = study.find(wanted)
    if series is None:
        raise InputError(
            Fault(
                code="NO_SUCH_SERIES",
                expected=f"a series number from 1 to {len(study.series)} for {role}",
                found=repr(wanted)[:40],
                where="--series",
                remedy="See the numbers with: netlm inspect",
            )
        )
    if series.modality not in _MODALITIES[role]:
        raise InputError(
            Fault(
                code="WRONG_MODALITY",
                expected=f"{' or '.join(_MODALITIES[role])} for {role}",
                found=f"{series.modality or 'an unknown modality'} ({series.description})",
                where=series.where,
                remedy="See the series with: netlm inspect",
            )
        )
    return series


def _require_known(wanted: Mapping[str, str]) -> None:
    unknown = [role for role in wanted if role not in _MODALITIES]
    if unknown:
        raise UsageError(
            Fault(
                code="UNKNOWN_ROLE",
                expected=f"one of {', '.join(_MODALITIES)}",
                found=", ".join(role[:40] for role in unknown),
                where="--series",
            )
        )


def _listed(study: Study) -> str:
    return ", ".join(f"series {s.number}: {s.role}" for s in study.series[:12]) or "no image series"


def _no_reference(study: Study) -> Fault:
    return Fault(
        code="NO_REFERENCE_IMAGE",
        expected="a hepatobiliary-phase MRI, or another liver image with --liver and --lesions",
        found=_listed(study),
        remedy="Point to it with --series hbp=NUMBER, or plan from masks alone with: netlm plan",
    )


def _masks_needed(study: Study) -> Fault:
    return Fault(
        code="MASKS_NEEDED",
        expected="a hepatobiliary-phase MRI to segment, or both --liver and --lesions",
        found=_listed(study),
        remedy="Give the masks that are missing, or name the hepatobiliary phase with --series hbp=NUMBER",
    )
