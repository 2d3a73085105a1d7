"""Which series of a study a run uses, and for what: the user's choice first, roles for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from netlm_imaging.errors import Fault, InputError, Notice, UsageError
from netlm_imaging.ingest import Series, Study, with_named_roles

REFERENCE_ROLES = ("hbp", "portal", "transitional", "arterial", "ct", "precontrast", "t2")
"""What may carry the plan, the best first: lesions are contoured on the hepatobiliary phase."""
UNSURE_BELOW = 0.7
"""A role less sure than this is used, but said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenSeries:
    """The series to read; what a run does not need is None even where the folder holds it."""

    role: str
    """Of the reference image."""
    reference: Series
    precontrast: Series | None
    pet: Series | None
    pet_ct: Series | None
    notices: tuple[Notice, ...] = ()
    """What was passed over, what is not sure, what the user decided."""


@dataclass(slots=True)
class _Picking:
    """A study with the user's roles, and what has to be said of the picks."""

    study: Study
    notices: list[Notice] = field(default_factory=list)
    used: list[Series] = field(default_factory=list)

    def pick(self, role: str, *, beside: Series | None = None, among: Study | None = None) -> Series | None:
        found = (among or self.study).pick(role, beside=beside)
        self.notices += found.notices
        if found.series is not None:
            self.use(found.series)
        return found.series

    def use(self, series: Series) -> None:
        if series in self.used:
            return
        self.used.append(series)
        if series.by_user:
            self.notices.append(_named(series))
        elif series.role_confidence < UNSURE_BELOW:
            self.notices.append(_unsure(series))


def choose_series(study: Study, wanted: Mapping[str, str], *, segment: bool) -> ChosenSeries:
    """The series that a run needs; ``wanted`` is the user's choice (role to number, UID or hash).

    ``segment`` says that liver or lesions have to be found, which takes a hepatobiliary phase.
    Raises InputError: the study's own faults, AMBIGUOUS_ROLE, NO_SUCH_SERIES, WRONG_MODALITY,
    NO_REFERENCE_IMAGE; UsageError: UNKNOWN_ROLE, SERIES_NAMED_TWICE, MASKS_NEEDED.
    """
    if study.faults:
        raise InputError(*study.faults)
    named = with_named_roles(study, wanted)
    picking = _Picking(study=named)
    there = {s.role for s in named.series}
    role = next((role for role in REFERENCE_ROLES if role in there), None)
    if role is None:
        raise InputError(_no_reference(named))
    if segment and role != "hbp":
        raise UsageError(_masks_needed(named))
    reference = picking.pick(role)
    assert reference is not None
    # Without segmentation it serves the enhancement alone: no reason to ask which one, or to fail.
    wants_it = segment or (role == "hbp" and any(s.role == "precontrast" and s.by_user for s in named.series))
    precontrast = _precontrast(picking, reference) if wants_it else None
    pet = _receptor_pet(picking)
    pet_ct = _pet_ct(picking, pet, reference)
    return ChosenSeries(
        role=role,
        reference=reference,
        precontrast=precontrast,
        pet=pet,
        pet_ct=pet_ct,
        notices=(*picking.notices, *_not_used(picking)),
    )


def same_frame(first: Series | None, second: Series | None) -> bool:
    """Whether both say that they lie in one frame of reference."""
    if first is None or second is None:
        return False
    return bool(first.frame_uid_hash) and first.frame_uid_hash == second.frame_uid_hash


def _precontrast(picking: _Picking, reference: Series) -> Series | None:
    """The precontrast image, which is compared with the reference as both lie: in one frame of reference."""
    apart = [s for s in picking.study.series if s.role == "precontrast" and _frames_differ(s, reference)]
    among = replace(picking.study, series=tuple(s for s in picking.study.series if s not in apart))
    found = picking.pick("precontrast", beside=reference, among=among)
    if found is None and apart:
        message = (
            f"The precontrast image is not used: its frame of reference is not that of {reference.where}"
        )
        picking.notices.append(Notice(code="PRECONTRAST_ELSEWHERE", message=message, where=apart[0].where))
    return found


def _frames_differ(first: Series, second: Series) -> bool:
    frames = {first.frame_uid_hash, second.frame_uid_hash}
    return "" not in frames and len(frames) > 1


def _receptor_pet(picking: _Picking) -> Series | None:
    """The PET, unless its tracer is known not to show receptors and the user did not name it."""
    pets = [s for s in picking.study.series if s.role == "pet"]
    usable = [s for s in pets if s.by_user or s.facts.receptor is not False]
    if pets and not usable:
        # Said here, for a series that is not read brings none of its notices.
        picking.notices += [n for s in pets for n in s.notices if n.code == "NOT_RECEPTOR_TRACER"]
        return None
    return picking.pick("pet")


def _pet_ct(picking: _Picking, pet: Series | None, reference: Series) -> Series | None:
    """The CT to register in place of PET; None where there is none, or no need of one.

    It shares the frame of reference of the PET, as a CT of another day does not.
    """
    if pet is None or same_frame(pet, reference):
        return None
    study = picking.study
    cts = [s for s in study.series if s.role == "ct" and s is not reference]
    named = next((s for s in cts if s.by_user), None)
    if named is not None:
        picking.use(named)
        return named
    if not pet.frame_uid_hash:
        return picking.pick("ct", among=replace(study, series=tuple(cts))) if reference.role != "ct" else None
    beside = [s for s in cts if same_frame(s, pet)]
    # Breathed as the PET was; a diagnostic CT of the same session is held in inspiration.
    made_for_it = [s for s in beside if s.facts.attenuation_ct] or beside
    return picking.pick("ct", among=replace(study, series=tuple(made_for_it)))


def _named(series: Series) -> Notice:
    return Notice(
        code="ROLE_BY_USER",
        message=f"Taken as {series.role} because --series names it (confidence 1); "
        f"without that: {series.told_otherwise}",
        where=series.where,
    )


def _unsure(series: Series) -> Notice:
    return Notice(
        code="ROLE_UNSURE",
        message=f"Taken as {series.role} with a confidence of {100 * series.role_confidence:.0f} % "
        f"({series.role_reason}). Check it; --series {series.role}=NUMBER takes another",
        where=series.where,
    )


def _not_used(picking: _Picking) -> list[Notice]:
    """What the user named although this run has no use for it."""
    spare = [s for s in picking.study.series if s.by_user and s.role != "other" and s not in picking.used]
    return [
        Notice(
            code="SERIES_NOT_NEEDED",
            message=f"Named as {s.role} by --series, but this run needs no series for that",
            where=s.where,
        )
        for s in spare
    ]


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
