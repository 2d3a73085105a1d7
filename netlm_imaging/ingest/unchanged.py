"""Files between the scan of a folder and the reading of its pixels: gone or written to, they are refused."""

from __future__ import annotations

from collections.abc import Sequence

from netlm_imaging.errors import Fault, InputError
from netlm_imaging.ingest.header import Header


def require_unchanged(headers: Sequence[Header]) -> None:
    """Raise InputError (FILE_CHANGED) unless the files are those that were scanned."""
    files = {h.path: h for h in headers}
    gone = [h for h in files.values() if _stamp(h) is None]
    other = [h for h in files.values() if _stamp(h) not in (None, (h.size_bytes, h.modified_ns))]
    if gone or other:
        found = f"{len(gone)} files gone, {len(other)} written to"
        raise InputError(changed(found, where=(gone or other)[0].where))


def changed(found: str, *, where: str) -> Fault:
    """A file is not what it was."""
    return Fault(
        code="FILE_CHANGED",
        expected="the files as they were when the folder was scanned",
        found=found,
        where=where,
        remedy="Wait until nothing writes to the folder, then try again",
    )


def _stamp(h: Header) -> tuple[int, int] | None:
    try:
        found = h.path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
