"""The study of ``benchmarks.batch``: processor time and four small files."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

from netlm_pipelines.progress import Stages
from netlm_pipelines.request import Request

SECONDS = "NETLM_BENCH_SECONDS"
"""Environment variable: processor time of a study."""
WAIT = "NETLM_BENCH_WAIT"
"""Environment variable: seconds that a study waits, which other work on the machine does not lengthen."""


def busy(request: Request, stages: Stages) -> Path:
    ends = time.process_time() + float(os.environ[SECONDS])
    digest = b""
    while time.process_time() < ends:
        digest = hashlib.sha256(digest * 1000).digest()
    time.sleep(float(os.environ.get(WAIT, "0")))
    return write(request.out)


def write(out: Path) -> Path:
    (out / "masks").mkdir(parents=True)
    for name in ("report.html", "lesions.csv", "masks/liver.nii.gz", "masks/lesions.nii.gz"):
        (out / name).write_bytes(name.encode() * 200)
    return out
