"""Compressed pixels, decoded in child processes whose death is an error message.

Codecs are C, C++ and Rust code that reads what anyone may have written: a crash, a hang or a hunger
for memory there must not end the program. Two children work side by side and are used again.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

CHILDREN = 2
SECONDS_A_FRAME = 10.0
"""A frame that takes longer is damaged: the largest of a CT takes a fraction of a second."""
SPARE_MEMORY = 2**30 + 2**29
"""Bytes of address space that a child may use beside file and frame (the libraries take a third)."""
_PROGRAM = Path(__file__).with_name("decoder_child.py")


class DecodeError(Exception):
    """Why a frame was not decoded, in words without anything of the file."""


class DecoderDied(DecodeError):
    """The child crashed or was ended; the same would happen to the frames after it."""


class _Child:
    """One decoding process, used by one thread at a time."""

    def __init__(self) -> None:
        # -P: the modules beside the script must not stand in for others of the same name.
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def decode(self, path: Path, frame: int | None, *, memory: int, last: bool = True) -> npt.NDArray[Any]:
        """The frame as stored; the file is kept for the next frame of it unless it is the ``last`` one.

        Raises DecodeError, DecoderDied.
        """
        late = threading.Timer(SECONDS_A_FRAME, self._process.kill)
        late.start()
        try:
            return self._ask(
                {"path": os.fspath(path.absolute()), "frame": frame, "memory": memory, "last": last}
            )
        except (OSError, ValueError, EOFError):
            expired = not late.is_alive()
            self.close()
            raise DecoderDied(
                f"a decoder that took more than {SECONDS_A_FRAME:g} s"
                if expired
                else "a decoder that crashed"
            ) from None
        finally:
            late.cancel()

    def _ask(self, request: dict[str, Any]) -> npt.NDArray[Any]:
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        asked.write(json.dumps(request).encode() + b"\n")
        asked.flush()
        line = answers.readline()
        if not line:
            raise EOFError
        said = json.loads(line)
        if "error" in said:
            raise DecodeError(said["error"])
        pixels: npt.NDArray[Any] = np.empty(said["shape"], dtype=said["dtype"])
        if answers.readinto(pixels.data) != pixels.nbytes:  # type: ignore[attr-defined]
            raise EOFError
        return pixels


_idle: list[_Child] = []
_inherited: list[_Child] = []
"""Of a parent process: kept, so that nothing here ends or waits for them."""
_lock = threading.Lock()
_places = threading.BoundedSemaphore(CHILDREN)
"""However many threads read at once, no more children work or wait."""


@contextlib.contextmanager
def _child() -> Iterator[_Child]:
    """A child that is not in use; a new one where there is none."""
    with _places:
        with _lock:
            child = _idle.pop() if _idle else None
        if child is not None and not child.alive:
            child.close()
            child = None
        child = child or _Child()
        try:
            yield child
        except BaseException:
            child.close()  # it may be in the middle of an answer
            raise
        if child.alive:
            with _lock:
                _idle.append(child)


@atexit.register
def close_idle() -> None:
    """End the children that wait for work; new ones start when they are needed."""
    with _lock:
        for child in _idle:
            child.close()
        _idle.clear()


def _forget_children() -> None:
    """In a forked process: the children are the parent's, and its locks may be held by nobody here."""
    global _lock, _places
    _lock, _places = threading.Lock(), threading.BoundedSemaphore(CHILDREN)
    _inherited.extend(_idle)
    _idle.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_children)


def decode_frames(
    frames: Sequence[tuple[Path, int | None, int]],
    put: Callable[[int, npt.NDArray[Any]], None],
) -> dict[int, str]:
    """Decode each (file, frame, expected bytes) and hand it to ``put`` with its place in ``frames``.

    ``put`` is called from several threads, for different places. Returns why, by place, for what
    could not be decoded; the frames after one that ended its decoder are not tried.
    """
    failed: dict[int, str] = {}

    stop = threading.Event()

    def work(places: Sequence[int]) -> None:
        with _child() as child:
            for place in places:
                if stop.is_set():
                    return
                path, frame, size = frames[place]
                last = place == places[-1]
                try:
                    put(place, child.decode(path, frame, memory=_memory(path, size), last=last))
                except DecoderDied as error:
                    failed[place] = str(error)
                    return
                except DecodeError as error:
                    failed[place] = str(error)

    # Halves, not alternating places: the frames of one file follow each other.
    half = max(-(-len(frames) // CHILDREN), 1)
    parts = [range(start, min(start + half, len(frames))) for start in range(0, len(frames), half)]
    if len(parts) == 1:
        work(parts[0])
    else:
        with ThreadPoolExecutor(CHILDREN) as pool:
            try:
                list(pool.map(work, parts))
            except BaseException:  # such as the user's Ctrl-C: the pool would wait for all frames
                stop.set()
                raise
    return failed


def _memory(path: Path, size: int) -> int:
    try:
        stored = path.stat().st_size
    except OSError:
        stored = 0
    return SPARE_MEMORY + 2 * stored + 8 * size
