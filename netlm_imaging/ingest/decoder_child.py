"""The child process that decodes compressed pixels: a codec that crashes takes this process alone.

Run as a script, without the package, so that it starts quickly. It reads one request a line
(JSON: path, frame, memory) and answers with one line (JSON: dtype, shape, or error) and the bytes
of the frame. It ends when its input does.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from typing import Any, BinaryIO

import numpy as np
import pydicom
from pydicom.encaps import get_frame
from pydicom.pixels.utils import pixel_array
from pydicom.uid import ImplicitVRLittleEndian

_NATIVE = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
_ENDED = tuple(f"1.2.840.10008.1.2.4.{family}" for family in ("5", "7", "8", "9", "20"))
"""How the UIDs of JPEG, JPEG lossless, JPEG-LS, JPEG 2000 and HTJ2K begin: their streams end with FFD9."""


def main() -> None:
    """Answer requests until the parent closes the pipe."""
    answers = os.fdopen(os.dup(1), "wb")
    # Codecs print: what they say must not get between the answers.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    warnings.simplefilter("ignore")
    last: dict[str, pydicom.FileDataset] = {}
    for line in sys.stdin.buffer:
        _answer(json.loads(line), last, answers)


def _answer(request: dict[str, Any], last: dict[str, pydicom.FileDataset], answers: BinaryIO) -> None:
    try:
        _limit_memory(request["memory"])
        pixels = _decoded(request["path"], request["frame"], last)
        if request["last"]:
            last.clear()
        said, content = {"dtype": pixels.dtype.str, "shape": pixels.shape}, pixels.tobytes()
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # pylibjpeg's Rust codecs panic with a BaseException
        last.clear()
        said, content = {"error": type(error).__name__}, b""
    answers.write(json.dumps(said).encode() + b"\n")
    answers.write(content)
    answers.flush()


def _decoded(path: str, frame: int | None, last: dict[str, pydicom.FileDataset]) -> np.ndarray[Any, Any]:
    """One frame as stored; the file of the last request is kept, for the next frame of it."""
    found = os.stat(path)
    known = f"{path} {found.st_size} {found.st_mtime_ns} {found.st_ino}"
    if known not in last:
        last.clear()
        last[known] = pydicom.dcmread(path, force=True)
    dataset = last[known]
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax.startswith(_ENDED):
        _require_whole(dataset, frame or 0)
    plugin = "" if syntax in _NATIVE else "pylibjpeg"
    pixels = pixel_array(dataset, index=frame, raw=True, decoding_plugin=plugin)
    return np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False))


def _require_whole(dataset: pydicom.FileDataset, frame: int) -> None:
    """Raise EOFError for a stream without its end: what is missing would be decoded as zeros.

    Raise ValueError for a JPEG or JPEG-LS stream of another size than the image: libjpeg never
    comes to an end with one of no rows.
    """
    tables = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    stream = get_frame(
        dataset.PixelData,
        frame,
        extended_offsets=None if None in tables else tables,
        number_of_frames=int(dataset.get("NumberOfFrames") or 1),
    )
    # Padding may follow.
    if not stream.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise EOFError
    size = _jpeg_size(stream)
    if size is not None and size != (dataset.Rows, dataset.Columns):
        raise ValueError


def _jpeg_size(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns in the frame header (ITU-T T.81, B.2.2; T.87, C.2.2); None for JPEG 2000."""
    at = 2
    while stream[:2] == b"\xff\xd8" and stream[at : at + 1] == b"\xff":
        marker = stream[at + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)):
            return int.from_bytes(stream[at + 5 : at + 7], "big"), int.from_bytes(
                stream[at + 7 : at + 9], "big"
            )
        # A fill byte stands alone; all markers before the frame header have a length.
        at += 1 if marker == 0xFF else 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
    return None


def _limit_memory(size: int) -> None:
    """A header that asks for too much is an error here, not a machine without memory."""
    if sys.platform == "win32":
        return
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        size = min(size, hard)
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (size, hard))


if __name__ == "__main__":
    main()
