"""A study that crashes, hangs or takes all memory is named, and takes nobody with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from batch.conftest import Batch, tree, write_studies

from netlm_pipelines.batch.isolated import run_isolated
from netlm_pipelines.batch.order import Limits
from netlm_pipelines.request import Request

LIMITS = Limits(free_bytes=0, disk_pauses_s=(), memory_bytes=300 * 2**20, timeout_s=4.0)


def test_every_kind_of_poison_is_named(batch: Batch, tmp_path: Path) -> None:
    contents = ["good", "bad", "exit", "crash", "bug", "hang", "hog"]
    before = psutil.Process().children(recursive=True)
    summary = batch(write_studies(tmp_path / "root", contents), limits=LIMITS, isolated=True)
    assert summary.done == 1
    assert summary.failed == {
        "s1": "MISSING_SLICE",
        "s2": "STUDY_CRASHED",
        "s3": "STUDY_CRASHED",
        "s4": "BUG",
        "s5": "STUDY_TIMEOUT",
        "s6": "STUDY_MEMORY",
    }
    assert not any(b"CANARY" in content for content in tree(tmp_path / "out").values())
    assert set(psutil.Process().children(recursive=True)) <= set(before)


def test_a_study_ends_with_its_worker(light: None, tmp_path: Path) -> None:
    """Also what it has started itself: nothing goes on without an owner."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "image").write_text("hang")
    program = (
        "from pathlib import Path; from netlm_pipelines.batch.isolated import run_isolated;"
        "from netlm_pipelines.request import Request; at = Path(r'" + str(tmp_path) + "');"
        "run_isolated(Request(out=at / 'out', images=at / 'in'), 'batch.light_flow:light',"
        " work=at, timeout_s=60, memory_bytes=2**30, threads=1)"
    )
    worker = subprocess.Popen([sys.executable, "-c", program])
    child = _wait_for_child(worker.pid)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    psutil.wait_procs([child], timeout=10)
    assert not child.is_running()


def test_what_a_study_leaves_behind_is_ended(light: None, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "image").write_text("fork")
    started = time.monotonic()
    ended = run_isolated(
        Request(out=tmp_path / "out", images=tmp_path / "in"),
        "batch.light_flow:light",
        work=tmp_path,
        timeout_s=60,
        memory_bytes=2**30,
        threads=1,
    )
    assert ended.faults == ()
    left = int((tmp_path / "tmp" / "pid").read_text())
    psutil.wait_procs([psutil.Process(left)] if psutil.pid_exists(left) else [], timeout=10)
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE
    assert time.monotonic() - started < 50


def test_the_process_of_a_study_begins_light() -> None:
    """What a flow needs it imports itself; a study that fails at once costs no second of imports."""
    program = (
        "import netlm_pipelines.batch.child, sys; print({'scipy', 'pydicom', 'SimpleITK'} & {*sys.modules})"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout == "set()\n"


@pytest.mark.parametrize("flow", ["batch.light_flow", "nothing.here:run", ":run"])
def test_a_flow_that_is_none_is_refused(flow: str) -> None:
    from netlm_imaging.errors import UsageError
    from netlm_pipelines.batch.keys import software_sha256

    with pytest.raises(UsageError, match="BAD_FLOW"):
        software_sha256(flow)


def _wait_for_child(pid: int) -> psutil.Process:
    for _ in range(200):
        found = psutil.Process(pid).children()
        if found:
            time.sleep(1.0)  # until it has begun to watch
            return found[0]
        time.sleep(0.05)
    raise AssertionError("no child was started")
