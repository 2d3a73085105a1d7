"""What has happened, one JSON object a line, appended and made durable line by line.

It is no source of truth for results (their own hashes are): a lost or torn line costs a second look.
"""

from __future__ import annotations

import datetime
import errno
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from netlm_imaging.export.files import writing

JOURNAL_FILE = "journal.jsonl"


class Journal:
    """The journal of one output folder, open for appending."""

    def __init__(self, path: Path) -> None:
        with writing(path.name):
            self._file = path.open("ab", buffering=0)
            if self._file.tell() and not _ends_whole(path):
                self._append(b"\n")  # the torn line stays alone, and no reader takes it for more

    def add(self, event: str, *, durable: bool = True, **facts: Any) -> None:
        """Append one line and, where losing it costs work, make it durable. Raises UsageError (DISK_FULL)."""
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        with writing(JOURNAL_FILE):
            self._append(json.dumps({"event": event, "time": now, **facts}).encode() + b"\n", durable=durable)

    def close(self) -> None:
        """No more lines."""
        self._file.close()

    def _append(self, line: bytes, *, durable: bool = True) -> None:
        if self._file.write(line) != len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if durable:
            os.fsync(self._file.fileno())


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Every whole line in order; torn ones are passed over. Nothing where there is no journal."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if isinstance(entry, dict):
                yield entry


def known_inputs(path: Path) -> dict[str, str]:
    """Content hashes that earlier batches have read, by the signature of the files."""
    return {
        str(entry["signature"]): str(entry["inputs"])
        for entry in read_journal(path)
        if entry.get("signature") and entry.get("inputs")
    }


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
