"""Runs batches in forks of one process that has imported everything: a kill costs no start of Python.

Reads one JSON object a line (manifest, out, fault, in_child), answers with the exit status of the fork.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FAULTS = Path(__file__).with_name("faults")


class KillServer:
    """A client of such a process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "batch.kill_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def run(self, manifest: Path, out: Path, *, fault: str = "", in_child: bool = False) -> int:
        """One batch; ``fault`` as in faults/sitecustomize.py. Negative: ended by that signal."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"manifest": str(manifest), "out": str(out), "fault": fault, "in_child": in_child}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def serve() -> None:
    from batch.conftest import run_in_process, write_studies

    with tempfile.TemporaryDirectory() as folder:  # one batch here: its forks find all imported and hashed
        run_in_process(write_studies(Path(folder, "root"), ["warm"]), Path(folder, "out"))
    for line in sys.stdin:
        asked = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                _run(asked, run_in_process)
            except BaseException as error:
                os._exit(getattr(error, "exit_code", 70))
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201


def _run(asked: dict[str, Any], run_in_process: Any) -> None:
    from netlm_pipelines.batch.order import Limits

    if asked["fault"] and asked["in_child"]:
        os.environ["NETLM_TEST_FAULT"] = asked["fault"]
        os.environ["PYTHONPATH"] = os.pathsep.join((str(FAULTS), os.environ["PYTHONPATH"]))
    elif asked["fault"]:
        kind, number, counter = asked["fault"].split(":", 2)
        spec = importlib.util.spec_from_file_location("faults", FAULTS / "sitecustomize.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        module.install(kind, int(number), counter)
    limits = Limits(free_bytes=0, disk_pauses_s=(0.0,), memory_bytes=2**30)
    run_in_process(Path(asked["manifest"]), Path(asked["out"]), limits=limits, isolated=asked["in_child"])


if __name__ == "__main__":
    serve()
