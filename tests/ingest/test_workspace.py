"""Row 36: what was unpacked is gone when its process is, however it ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ingest import builder

from netlm_imaging.ingest import scan, workspace

PROGRAM = """
import sys, time
from netlm_imaging.ingest import scan
from netlm_pipelines import cli

def app(**options):
    study = scan(sys.argv[1])
    print(len(study.series), flush=True)
    time.sleep(60)

cli.app = app
cli.main()
"""


@contextmanager
def another_process(tmp_path: Path, scratch: Path) -> Iterator[subprocess.Popen[str]]:
    """The command line that has unpacked an archive."""
    study = builder.write(builder.ct(), tmp_path / "study")
    with zipfile.ZipFile(tmp_path / "study.zip", "w") as archive:
        for file in study.rglob("f*"):
            archive.write(file, file.name)
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "study.zip")]
    environment = {**os.environ, "TMPDIR": str(scratch)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "1\n"
            assert [file.name[:10] for file in scratch.iterdir()] == [workspace.PREFIX]
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_stopped_command_removes_it(number: signal.Signals, tmp_path: Path, scratch: Path) -> None:
    with another_process(tmp_path, scratch) as process:
        process.send_signal(number)
        assert process.wait(30) == 128 + number
    assert list(scratch.iterdir()) == []


def test_a_killed_command_leaves_it_to_the_next(tmp_path: Path, scratch: Path) -> None:
    """Not while it lives, and not before a new one has had the time to lock its folder."""
    with another_process(tmp_path, scratch) as process:
        (folder,) = scratch.iterdir()
        os.utime(folder, (0, 0))
        scan(tmp_path / "study")
        assert folder.exists()
        process.kill()
        process.wait(30)
    os.utime(folder)
    scan(tmp_path / "study")
    assert folder.exists()
    os.utime(folder, (0, 0))
    scan(tmp_path / "study")
    assert list(scratch.iterdir()) == []


def test_nothing_else_is_removed(tmp_path: Path, scratch: Path) -> None:
    """Links, files, folders of other names."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    (scratch / f"{workspace.PREFIX}link").symlink_to(outside)
    (scratch / f"{workspace.PREFIX}file").touch()
    (scratch / "other").mkdir()
    for file in (outside, *scratch.iterdir()):
        os.utime(file, (0, 0), follow_symlinks=False)
    scan(builder.write(builder.ct(), tmp_path / "study"))
    assert len(list(scratch.iterdir())) == 3
    assert (outside / "kept").exists()
