"""What a series is for, told from coded facts first and from words only where these are silent."""

from __future__ import annotations

from dataclasses import replace

from netlm_imaging.ingest.describe import describe
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.mr_sequence import plane_of
from netlm_imaging.ingest.roles_ct import ct_verdict
from netlm_imaging.ingest.roles_mr import is_contrast_phase, mr_verdict
from netlm_imaging.ingest.roles_pet import pet_verdict
from netlm_imaging.ingest.verdict import Facts, Role, Verdict

__all__ = ["Facts", "Role", "Verdict", "describe", "is_phase", "role_of"]

_DERIVED = frozenset(
    {"MIP", "SUB", "SUBTRACT", "SUBTRACTION", "MINIP", "MIN IP", "MAX IP", "PROJECTION IMAGE", "LOCALIZER"}
)
_OBJECTS: dict[str, Role] = {"SEG": "seg", "RTSTRUCT": "rtstruct"}
_VERDICTS = {"CT": ct_verdict, "PT": pet_verdict, "MR": mr_verdict}


def role_of(header: Header) -> Verdict:
    """The role of a series by itself, from one of its headers; ``exam.py`` looks at its neighbors."""
    modality = header.modality
    if modality in _OBJECTS:
        return Verdict(role=_OBJECTS[modality], reason=f"modality {modality}")
    derived = _derived(header)
    if derived:
        verdict = Verdict(role="other", reason=f"image type {derived}")
    elif modality in _VERDICTS:
        verdict = _VERDICTS[modality](header)
    else:
        return Verdict(role="other", reason=f"modality {modality or 'unknown'}")
    return replace(verdict, facts=replace(verdict.facts, plane=plane_of(header)))


def is_phase(header: Header) -> bool:
    """A T1-weighted MR image, whose role depends on the contrast agent and so on the rest of the exam."""
    return header.modality == "MR" and not _derived(header) and is_contrast_phase(header)


def _derived(header: Header) -> str:
    return next((word for word in header.image_type if word in _DERIVED), "")
