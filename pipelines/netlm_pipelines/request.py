"""What one run is asked to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, UsageError
from netlm_imaging.read_options import ReadOptions
from netlm_imaging.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenMasks:
    """Masks that the user brings; each is a file or folder as ``ingest.read_mask`` takes it."""

    liver: str | None = None
    lesions: tuple[str, ...] = ()
    segments: str | None = None
    vessels: tuple[str, ...] = ()
    """Portal and hepatic veins often come as one file each."""
    portal_vein: str | None = None
    """The portal vein and its branches alone."""
    cysts: str | None = None
    spleen: str | None = None
    bile_ducts: str | None = None
    gallbladder: str | None = None
    bowel: str | None = None
    body: str | None = None
    """All that lies under the skin."""

    @property
    def complete(self) -> bool:
        """Nothing that a plan cannot do without has to be segmented."""
        return self.liver is not None and bool(self.lesions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(ReadOptions):
    """One study: where it lies, what is known of it, where the result goes."""

    out: Path
    images: Path | None = None
    """Folder or zip of DICOM, NIfTI and NRRD; None plans from masks alone."""
    masks: GivenMasks = field(default_factory=GivenMasks)
    settings: Settings = field(default_factory=Settings)
    clinical: Clinical = field(default_factory=Clinical)
    segmenter: str = "classical"
    overwrite: bool = False


def series_choice(given: Sequence[str] | None) -> dict[str, str]:
    """``--series ROLE=NUMBER``, as often as it was given, by role. Raises UsageError BAD_USAGE."""
    pairs = [item.partition("=") for item in given or ()]
    chosen = {role: number for role, _, number in pairs}
    wrong = [item for item, pair in zip(given or (), pairs, strict=True) if not all(pair)]
    if wrong or len(chosen) < len(pairs):
        found = ", ".join(wrong) or "one role twice"
        raise UsageError(
            Fault(code="BAD_USAGE", expected="--series ROLE=NUMBER", found=found[:80], where="--series")
        )
    return chosen
