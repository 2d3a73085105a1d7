"""NIfTI and NRRD images as Series: geometry from the header, a role from a clear word of the name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from netlm_imaging.ingest.nifti import is_nifti
from netlm_imaging.ingest.nifti import read_geometry as nifti_geometry
from netlm_imaging.ingest.nrrd import is_nrrd
from netlm_imaging.ingest.nrrd import read_geometry as nrrd_geometry
from netlm_imaging.ingest.roles import Role, Verdict
from netlm_imaging.ingest.study import Series

NAME_CONFIDENCE = 0.4
"""Anyone may name a file anything: less than the words of a DICOM description (0.5)."""
_ROLE_WORDS: Mapping[Role, frozenset[str]] = {
    "hbp": frozenset({"hbp", "hepatobiliary", "gadoxetate", "gadoxetic", "primovist", "eovist"}),
    "precontrast": frozenset({"pre", "precontrast", "native", "unenhanced"}),
    "portal": frozenset({"portal", "portalvenous", "pvp"}),
    "arterial": frozenset({"arterial", "art"}),
    "t2": frozenset({"t2", "t2w"}),
    "dwi": frozenset({"dwi"}),
    "ct": frozenset({"ct"}),
    "pet": frozenset({"pet", "suv"}),
}
_MASK_WORDS = re.compile(
    r"masks?|segs?|segmentation|segments?|couinaud|labels?|labelmap|roi|truth|gt"
    r"|liver|lesions?|tumou?rs?|mets?|cysts?|vessels?|veins?|spleen"
)


def is_raster(file: Path) -> bool:
    """By the name alone."""
    return is_nifti(file) or is_nrrd(file)


def raster_series(file: Path, *, number: int, assume_affine: bool) -> Series:
    """A NIfTI or NRRD file as the series ``number``; what is wrong with its header is in ``faults``."""
    where = f"series {number}"
    nrrd = is_nrrd(file)
    geometry = nrrd_geometry(file) if nrrd else nifti_geometry(file, assume_affine=assume_affine)
    kind = "NRRD" if nrrd else "NIfTI"
    verdict = role_of_name(file.name)
    return Series(
        number=number,
        role=verdict.role,
        role_reason=verdict.reason,
        role_confidence=verdict.confidence,
        modality=kind,
        uid_hash="",
        frame_uid_hash="",
        study_uid_hash="",
        instances=1,
        description=f"{kind} image",
        grid=geometry.grid,
        notices=tuple(replace(notice, where=where) for notice in geometry.notices),
        faults=tuple(replace(fault, where=where) for fault in geometry.faults),
        file=file,
    )


def role_of_name(name: str) -> Verdict:
    """A role where exactly one word of a file name means one; never one for a mask, and never PET.

    Nothing in such a file says what it shows, nor in which unit: a PET counts only when the user
    names it.
    """
    words = set(re.split(r"[^a-z0-9]+", name.lower()))
    if any(_MASK_WORDS.fullmatch(word) for word in words):
        return Verdict(role="other", reason="file name of a mask", confidence=NAME_CONFIDENCE)
    found = [role for role, known in _ROLE_WORDS.items() if words & known]
    if found == ["pet"]:
        reason = (
            "file name of a PET, but the file says no unit: --series pet=NUMBER takes its values as SUVbw"
        )
        return Verdict(role="other", reason=reason, confidence=NAME_CONFIDENCE)
    if len(found) == 1:
        return Verdict(role=found[0], reason="file name", confidence=NAME_CONFIDENCE)
    reason = "no role in the file name" if not found else "several roles in the file name"
    return Verdict(role="other", reason=reason, confidence=NAME_CONFIDENCE)
