"""Identifiers become short hashes before they can reach a message, a log or a result."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import numpy as np

from netlm_imaging.volume import LabelMap, Mask, Volume

HASH_LENGTH = 12


def hashed(identifier: str) -> str:
    """The first hexadecimal digits of the SHA-256 of an identifier; empty stays empty."""
    text = identifier.strip()
    return hashlib.sha256(text.encode()).hexdigest()[:HASH_LENGTH] if text else ""


def identifier(uid: str, *, keep: bool) -> str | None:
    """How a record names a series: by the hash of its UID, or by the UID itself where that is asked for."""
    return (uid.strip() if keep else hashed(uid)) or None


def without_identity(where: str, identifiers: Sequence[str]) -> str:
    """A path inside the input, each part that holds a word of ``identifiers`` replaced by its hash.

    People name folders after patients. Words of fewer than 3 letters or digits are too common to tell.
    """
    words = {word for text in identifiers for word in re.split(r"[\W_]+", text.casefold()) if len(word) > 2}
    parts = where.split("/")
    return "/".join(
        hashed(part) if any(word in part.casefold() for word in words) else part for part in parts
    )


def fingerprint(content: Volume | LabelMap | Mask) -> str:
    """SHA-256 over voxels and geometry: equal input gives an equal value on every machine."""
    digest = hashlib.sha256()
    grid = content.grid
    digest.update(repr((grid.shape_kji, str(content.array.dtype))).encode())
    digest.update(np.round([*grid.spacing_mm, *grid.origin_mm, *grid.direction], 6).astype("<f8").tobytes())
    for plane in content.array:
        digest.update(np.ascontiguousarray(plane).data)
    return digest.hexdigest()
