"""What a folder holds: Series (one volume each), what was skipped, and how to choose one by its role."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.prefer import Pick, pick
from netlm_imaging.ingest.privacy import hashed
from netlm_imaging.ingest.real_world import StudyMap
from netlm_imaging.ingest.stack import Stack
from netlm_imaging.ingest.verdict import Facts
from netlm_imaging.ingest.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """Files that are no volume, with the reason."""

    reason: str
    count: int
    files: tuple[str, ...]
    """Their paths inside the input."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One volume of images (or one SEG or RTSTRUCT object), with all its faults."""

    number: int
    """Its place in the list, from 1: how messages and options name it."""
    role: str
    role_reason: str
    role_confidence: float
    """0 to 1; 1 when coded facts alone decide."""
    modality: str
    uid_hash: str
    frame_uid_hash: str
    """Hash of the frame of reference; empty where the files name none."""
    study_uid_hash: str
    instances: int
    description: str
    """Made from coded facts, never the free text of the file."""
    facts: Facts = field(default_factory=Facts)
    """What tells it from others of its role."""
    told_otherwise: str = ""
    """Where the user named its role: what the headers tell."""
    split_by: tuple[str, ...] = ()
    """What tells it from other volumes of the same SeriesInstanceUID."""
    grid: Grid | None = None
    notices: tuple[Notice, ...] = ()
    faults: tuple[Fault, ...] = ()
    headers: tuple[Header, ...] = field(default=(), repr=False)
    """In the order of ``stack``."""
    stack: Stack | None = field(default=None, repr=False)
    file: Path | None = field(default=None, repr=False)
    """Of a NIfTI or NRRD series."""
    first_acquired: datetime | None = field(default=None, repr=False)
    """Of PET: the earliest acquisition under its SeriesInstanceUID, of which this may be one part."""
    maps: tuple[StudyMap, ...] = field(default=(), repr=False)
    """Of PET: the Real World Value maps beside it."""
    workspace: Workspace | None = field(default=None, repr=False, compare=False)
    """Where the files of a zip lie: they are there as long as this series is."""

    @property
    def by_user(self) -> bool:
        """The user named its role."""
        return bool(self.told_otherwise)

    @property
    def where(self) -> str:
        """How messages name it."""
        return f"series {self.number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """Everything found under one path."""

    series: tuple[Series, ...]
    skipped: tuple[Skipped, ...]
    notices: tuple[Notice, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Wrong with the folder as a whole, such as two patients in it."""

    def find(self, wanted: str) -> Series | None:
        """The series that a user names: by its number, its UID or the hash of that."""
        if not wanted:
            return None
        names = (wanted, hashed(wanted))
        return next((s for s in self.series if str(s.number) == wanted or s.uid_hash in names), None)

    def pick(self, role: str, *, beside: Series | None = None) -> Pick:
        """The one series with a role, and the notices of what was passed over for it.

        ``beside`` is the image that it will be compared with voxel by voxel. Raises InputError: the study's
        own faults, or AMBIGUOUS_ROLE naming the candidates by number.
        """
        if self.faults:
            raise InputError(*self.faults)
        return pick(self.series, role, beside=beside)

    def choose(self, role: str) -> Series | None:
        """The one series with a role; None when there is none. Raises as ``pick`` does."""
        return self.pick(role).series
