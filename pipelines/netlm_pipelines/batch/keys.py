"""The key of a result: a hash of inputs, settings and software. Equal key, equal result."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from netlm_imaging.errors import Fault, InputError, UsageError
from netlm_pipelines.batch.order import Order, Study
from netlm_pipelines.request import GivenMasks, Request
from netlm_pipelines.software import software, sources_sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """SHA-256 of what a result depends on, part by part, so that a change can be named."""

    inputs: str
    settings: str
    software: str

    @property
    def whole(self) -> str:
        """One hash of all parts."""
        return _hash(asdict(self))


def signature(study: Study) -> str:
    """A hash of places, sizes and times of all input files: while it is the same, they are.

    The time of the last change of the file's entry (ctime) is in it, which no program can set back, and
    its number (inode): clocks of disks are so coarse that files written together share their times.
    Raises InputError as ``inputs_sha256`` does.
    """
    with _reading():
        return _hash([(part, str(path), _stamp(path)) for part, path in _files(study)])


def inputs_sha256(study: Study) -> str:
    """SHA-256 over names and content of all images and masks.

    Raises InputError: NOT_FOUND (an input that is not there), UNREADABLE.
    """
    digest = hashlib.sha256()
    with _reading():
        for part, path in _files(study):
            digest.update(json.dumps(part).encode() + b"\0" + bytes.fromhex(file_sha256(path)))
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes. Raises InputError UNREADABLE."""
    with _reading(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def settings_sha256(request: Request) -> str:
    """SHA-256 over settings, clinical facts and options; where files lie does not count."""
    options = {
        item.name: getattr(request, item.name)
        for item in fields(Request)
        if item.name not in ("out", "images", "masks", "settings", "clinical", "overwrite")
    }
    settings, clinical = request.settings.model_dump(mode="json"), request.clinical.model_dump(mode="json")
    return _hash([settings, clinical, options, list(_picked(request.masks))])


@cache
def software_sha256(flow: str) -> str:
    """SHA-256 over versions and sources, those of the flow's own module included.

    Raises UsageError BAD_FLOW: there is no such module.
    """
    module, _, function = flow.partition(":")
    try:
        spec = importlib.util.find_spec(module) if module and function else None
    except (ImportError, ValueError):
        spec = None
    if spec is None or spec.origin is None:
        raise UsageError(
            Fault(code="BAD_FLOW", expected="module:function of a flow", found=flow[:80], where="--flow")
        )
    return _hash([asdict(software()), sources_sha256(), flow, file_sha256(Path(spec.origin))])


def _files(study: Study) -> Iterator[tuple[tuple[str, str], Path]]:
    """Every input file with its role and its place inside the input, in a fixed order."""
    if study.images is not None:
        yield from _below("images", study.images)
    for role, spec in _specs(study.masks):
        whole = Path(spec)
        path = whole if whole.exists() else Path(spec.rpartition("#")[0] or spec)
        yield from _below(role, path)


def _below(role: str, path: Path) -> Iterator[tuple[tuple[str, str], Path]]:
    """Links are not followed, as nothing here follows them inside a study."""
    if path.is_file():
        yield (role, _suffixes(path)), path
        return
    if not path.is_dir():
        name = "study" if role == "images" else f"{role.replace('_', ' ')} mask"
        raise InputError(
            Fault(code="NOT_FOUND", expected="a file or folder", found="nothing there", where=name)
        )
    for folder, names, files in os.walk(path, onerror=_raise):
        names.sort()
        for name in sorted(files):
            file = Path(folder, name)
            if file.is_file() and not file.is_symlink():
                yield (role, file.relative_to(path).as_posix()), file


def _suffixes(path: Path) -> str:
    """What of a single file's own name says how it is read."""
    return "".join(path.suffixes[-2:]).lower()


def _specs(masks: GivenMasks) -> Iterator[tuple[str, str]]:
    for item in fields(masks):
        value = getattr(masks, item.name)
        specs = value if isinstance(value, tuple) else (value,)
        yield from ((item.name, spec) for spec in specs if spec is not None)


def _picked(masks: GivenMasks) -> Iterator[tuple[str, str]]:
    """The segment or ROI of ``file.dcm#Name``, which is no part of the file."""
    return ((role, "" if Path(spec).exists() else spec.rpartition("#")[2]) for role, spec in _specs(masks))


def _stamp(path: Path) -> tuple[int, int, int, int]:
    found = path.stat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _raise(error: OSError) -> None:
    raise error


@contextmanager
def _reading() -> Iterator[None]:
    """Turns an OSError of the block, such as a folder without permission, into InputError UNREADABLE."""
    try:
        yield
    except OSError as error:
        found = error.strerror or type(error).__name__
    else:
        return
    raise InputError(Fault(code="UNREADABLE", expected="readable files", found=found, where="study"))


def _hash(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def key_of(study: Study, request: Request, order: Order, *, inputs: str | None = None) -> Key:
    """The key of one study's result; ``inputs`` where the content of its files is known already."""
    return Key(
        inputs=inputs_sha256(study) if inputs is None else inputs,
        settings=settings_sha256(request),
        software=software_sha256(order.flow),
    )
