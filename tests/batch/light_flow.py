"""Flows for the tests of the batch itself: a fraction of a second instead of the minute of a real plan."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

from netlm_imaging.errors import Fault, InputError
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import Request

TEMPLATE = "NETLM_TEST_CASE"
"""Environment variable: a case.json that the light cases are made from."""


def light(request: Request, stages: Stages) -> Path:
    """A case whose figures depend on the bytes of the study and on nothing else."""
    assert request.images is not None
    content = b"".join(p.read_bytes() for p in sorted(request.images.rglob("*")) if p.is_file())
    poisoned(content)
    return write(request.out, hashlib.sha256(content).hexdigest(), objective=request.settings.plan.objective)


def reading(request: Request, stages: Stages) -> Path:
    """The same after the real scan and the real reading of all series, with their real refusals."""
    from netlm_imaging.study import read_images

    assert request.images is not None
    trap = request.images / "trap"
    poisoned(trap.read_bytes() if trap.exists() else b"")
    found = read_images(request.images, request, segment=False, progress=stages)
    assert found.reference is not None
    return write(request.out, found.reference.record.sha256, objective=request.settings.plan.objective)


def poisoned(content: bytes) -> None:
    """Does what the study says: refuse it, exit, hang, take all memory, leave a child behind."""
    if content.startswith(b"bad"):
        raise InputError(Fault(code="MISSING_SLICE", expected="all slices", found="a gap", where="series 1"))
    if content.startswith(b"exit"):
        os._exit(7)
    if content.startswith(b"crash"):
        os.abort()
    if content.startswith(b"bug"):
        raise KeyError("CANARY-IN-A-BUG")
    if content.startswith(b"hang"):
        time.sleep(3600)
    if content.startswith(b"hog"):
        hoard = []
        while True:
            hoard.append(bytearray(os.urandom(2**20)) * 16)
    if content.startswith(b"fork"):
        left = subprocess.Popen(["sleep", "3600"])
        (Path(os.environ["TMPDIR"]) / "pid").write_text(str(left.pid))
    if content.startswith(b"slow"):
        time.sleep(0.3)
    if content.startswith(b"talk"):
        print(content.decode(), file=sys.stderr)  # noqa: T201


def write(out: Path, digest: str, *, objective: str) -> Path:
    """A small case folder: case.json with a figure of its own, a mask, a log with a clock."""
    number = int(digest[:8], 16)
    case = json.loads(Path(os.environ[TEMPLATE]).read_bytes())
    case["liver"]["tumor_ml"] = number / 1e6
    case["classification"]["type"] = 1 + number % 4
    case["plan"]["objective"] = objective
    out.mkdir(parents=True)
    (out / "masks").mkdir()
    (out / "case.json").write_text(json.dumps(case, indent=1))
    (out / "masks" / "liver.nii.gz").write_bytes(bytes.fromhex(digest) * 400)
    (out / "report.html").write_text(f"<html>{digest}</html>")
    (out / "log.jsonl").write_text(json.dumps({"time": time.time()}) + "\n")
    return out
