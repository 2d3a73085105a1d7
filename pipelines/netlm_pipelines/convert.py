"""One series to NIfTI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export import write_nifti
from netlm_imaging.ingest import Image, Pick, Series, Study, read_image, with_named_roles


def check_file_target(out: Path, *, overwrite: bool) -> None:
    """Whether a NIfTI file may be written to ``out``, to be asked before the long work.

    Raises UsageError: BAD_USAGE for another suffix, FILE_EXISTS, NO_FOLDER.
    """
    if not out.name.endswith((".nii", ".nii.gz")):
        raise _refused("BAD_USAGE", "--out ending in .nii.gz", out.name)
    if out.exists() and not overwrite:
        raise _refused("FILE_EXISTS", "a new file", "one that is there", "Pass --overwrite to replace it")
    if not out.absolute().parent.is_dir():
        raise _refused("NO_FOLDER", "a folder to write to", "none of this name", "Make the folder first")


def _refused(code: str, expected: str, found: str, remedy: str = "") -> UsageError:
    return UsageError(Fault(code=code, expected=expected, found=found, where="--out", remedy=remedy))


def convert(study: Study, out: Path, *, series: str | None, raw: bool, resample_uneven: bool) -> Image:
    """Read one series of ``study`` and write it to ``out``; its geometry exact, PET as SUVbw unless raw.

    ``series`` is a role, a number, a UID or its hash, or ``ROLE=`` one of the last three. Raises UsageError
    SERIES_NEEDED when several volumes could be meant; InputError AMBIGUOUS_ROLE when a role is not enough.
    """
    picked = _pick(study, series or "")
    assert picked.series is not None
    image = read_image(picked.series, raw=raw, resample_uneven=resample_uneven)
    write_nifti(image.volume, out)
    return replace(image, notices=(*picked.notices, *image.notices))


def _pick(study: Study, wanted: str) -> Pick:
    role, named, number = wanted.partition("=")
    if named:
        return Pick(series=with_named_roles(study, {role: number}).find(number))
    volumes = tuple(s for s in study.series if s.role not in ("seg", "rtstruct"))
    found = study.find(wanted)
    if found in volumes:
        return Pick(series=found)
    # Two patients in the folder do not matter here: one series is read.
    if any(s.role == wanted for s in volumes):
        return replace(study, series=volumes, faults=()).pick(wanted)
    if not wanted and len(volumes) == 1:
        return Pick(series=volumes[0])
    raise UsageError(_which(volumes, wanted))


def _which(volumes: Sequence[Series], wanted: str) -> Fault:
    listed = ", ".join(f"{s.number} ({s.role})" for s in volumes) or "no volume"
    return Fault(
        code="SERIES_NEEDED",
        expected="exactly one series to convert",
        found=f"none that fits; there are {listed}" if wanted else f"{len(volumes)}: {listed}",
        remedy="Choose one with --series NUMBER or --series ROLE",
    )
