"""How tests unpack archives, in Python before 3.11.4 too."""

from __future__ import annotations

import tarfile
from typing import Any

SAFELY: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
"""For ``TarFile.extractall``."""
