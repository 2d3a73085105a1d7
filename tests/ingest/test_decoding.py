"""Pixels are decoded in processes of their own: what kills one is an error message."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ingest import builder
from pydicom.uid import RLELossless

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import decoding, read_image, scan

CRASHES = "import os, signal, sys; sys.stdin.readline(); os.kill(os.getpid(), signal.SIGSEGV)"
HANGS = "import sys, time; sys.stdin.readline(); time.sleep(60)"
BREAKS_OFF = """
import sys
sys.stdin.readline()
sys.stdout.write('{"dtype": "<i2", "shape": [6, 9]}' + chr(10) + "half")
"""
TALKS = "import sys; sys.stdin.readline(); print('Segment 3: warning', flush=True); sys.stdin.readline()"


@pytest.fixture(autouse=True)
def no_decoder_of_another_test() -> Iterator[None]:
    decoding.close_idle()
    yield
    decoding.close_idle()


@pytest.fixture
def compressed(tmp_path: Path) -> Path:
    items = builder.ct()
    for item in items:
        item.compress(RLELossless, generate_instance_uid=False)
    return builder.write(items, tmp_path / "rle")


def instead(program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "program.py"
    path.write_text(program)
    monkeypatch.setattr(decoding, "_PROGRAM", path)


@pytest.mark.parametrize("program", [CRASHES, BREAKS_OFF, TALKS])
def test_a_decoder_that_dies(
    program: str, compressed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(program, tmp_path, monkeypatch)
    (series,) = scan(compressed).series
    with pytest.raises(InputError) as caught:
        read_image(series)
    assert caught.value.code == "PIXELS_UNREADABLE"
    assert "crashed" in str(caught.value)
    assert "1.2.840.10008.1.2.5" in str(caught.value)


def test_a_decoder_that_hangs(compressed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(HANGS, tmp_path, monkeypatch)
    monkeypatch.setattr(decoding, "SECONDS_A_FRAME", 0.5)
    (series,) = scan(compressed).series
    with pytest.raises(InputError, match=r"took more than 0\.5 s"):
        read_image(series)


def test_a_decoder_killed_between_two_series_is_replaced(compressed: Path) -> None:
    (series,) = scan(compressed).series
    for _ in range(2):
        np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern() - 1000)
        assert decoding._idle
        for child in decoding._idle:
            child._process.kill()
            child._process.wait()


def test_memory_of_a_decoder_is_bounded(tmp_path: Path) -> None:
    """A frame that needs more than the limit is an error of that frame, and the decoder lives on."""
    item = builder.image(np.zeros((2048, 2048), dtype=np.int16), builder.GRID, 0)
    item.compress(RLELossless, generate_instance_uid=False)
    path = tmp_path / "large"
    item.save_as(path, enforce_file_format=True)
    with decoding._child() as child:
        with pytest.raises(decoding.DecodeError, match="MemoryError"):
            child.decode(path, None, memory=2**20)
        assert child.decode(path, None, memory=2**31).shape == (2048, 2048)


def test_every_unreadable_image_is_counted(compressed: Path) -> None:
    files = sorted(compressed.rglob("f*"))
    for file in files[:3]:
        content = file.read_bytes()
        file.write_bytes(content[:-60] + bytes(60))
    (series,) = scan(compressed).series
    with pytest.raises(InputError) as caught:
        read_image(series)
    assert set(caught.value.codes) == {"PIXELS_UNREADABLE"}
    assert "3 of 7 images" in str(caught.value)
