"""How a folder of images is read where the user decides. Light: each study of a batch begins by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a folder of images is read where the user decides."""

    series: Mapping[str, str] = field(default_factory=dict)
    """Role to series number (``--series hbp=3``)."""
    keep_identifiers: bool = False
    """Series UIDs in case.json as they are, not as hashes."""
    resample_uneven: bool = False
    assume_affine: bool = False
    """NIfTI files that do not declare where their voxels lie are taken by their stored axes."""
    force: bool = False
