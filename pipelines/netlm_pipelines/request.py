"""What one run is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from netlm_imaging.clinical import Clinical
from netlm_imaging.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenMasks:
    """Masks that the user brings; each is a file or folder as ``ingest.read_mask`` takes it."""

    liver: str | None = None
    lesions: tuple[str, ...] = ()
    segments: str | None = None
    vessels: tuple[str, ...] = ()
    """Portal and hepatic veins often come as one file each."""
    cysts: str | None = None
    spleen: str | None = None

    @property
    def complete(self) -> bool:
        """Nothing that a plan cannot do without has to be segmented."""
        return self.liver is not None and bool(self.lesions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One study: where it lies, what is known of it, where the result goes."""

    out: Path
    images: Path | None = None
    """Folder or zip of DICOM, NIfTI and NRRD; None plans from masks alone."""
    masks: GivenMasks = field(default_factory=GivenMasks)
    settings: Settings = field(default_factory=Settings)
    clinical: Clinical = field(default_factory=Clinical)
    segmenter: str = "classical"
    series: Mapping[str, str] = field(default_factory=dict)
    """Role to series number, where the user decides (``--series hbp=3``)."""
    overwrite: bool = False
    keep_identifiers: bool = False
    """Series UIDs in case.json as they are, not as hashes."""
    resample_uneven: bool = False
    assume_affine: bool = False
    """NIfTI files that do not declare where their voxels lie are taken by their stored axes."""
    force: bool = False
