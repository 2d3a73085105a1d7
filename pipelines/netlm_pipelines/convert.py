"""One series to NIfTI."""

from __future__ import annotations

from pathlib import Path

from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.export import write_nifti
from netlm_imaging.ingest import Image, Series, Study, read_image


def convert(study: Study, out: Path, *, series: str | None, raw: bool, resample_uneven: bool) -> Image:
    """Read one series of ``study`` and write it to ``out``; its geometry exact, PET as SUVbw unless raw.

    Raises UsageError (SERIES_NEEDED) when several volumes could be meant.
    """
    if not out.name.endswith((".nii", ".nii.gz")):
        raise UsageError(
            Fault(code="BAD_USAGE", expected="--out ending in .nii.gz", found=out.name, where="--out")
        )
    image = read_image(_pick(study, series), raw=raw, resample_uneven=resample_uneven)
    write_nifti(image.volume, out)
    return image


def _pick(study: Study, wanted: str | None) -> Series:
    volumes = [s for s in study.series if s.role not in ("seg", "rtstruct")]
    matching = volumes
    if wanted is not None:
        named = study.find(wanted)
        matching = [s for s in volumes if s is named or s.role == wanted]
    if len(matching) == 1:
        return matching[0]
    listed = ", ".join(f"{s.number} ({s.role})" for s in matching or volumes) or "no volume"
    raise UsageError(
        Fault(
            code="SERIES_NEEDED",
            expected="exactly one series to convert",
            found=f"{len(matching)}: {listed}" if matching else f"none that fits; there are {listed}",
            remedy="Choose one with --series NUMBER or --series ROLE",
        )
    )
