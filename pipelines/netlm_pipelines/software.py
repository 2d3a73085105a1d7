"""Which software makes a case: name, versions, and a hash of its sources."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path

import netlm_imaging
from netlm_imaging.case import Software

PACKAGES = ("highspy", "numpy", "pydicom", "scipy", "simpleitk")
"""Libraries that a figure may depend on."""


def software() -> Software:
    """What stands in case.json."""
    return Software(
        name="netlm-imaging",
        version=netlm_imaging.__version__,
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
    )


@cache
def sources_sha256() -> str:
    """SHA-256 over every file of the library and the flow of one study.

    Versions alone would call a case of yesterday's working copy a case of today's.
    """
    library = Path(netlm_imaging.__file__).parent
    files = [path for path in library.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    files += Path(__file__).parent.glob("*.py")
    digest = hashlib.sha256()
    for path in sorted(files, key=lambda path: (path.parent.parts[-3:], path.name)):
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
