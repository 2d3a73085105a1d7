"""Row 31: deflated files are measured before they are inflated, wherever their transfer syntax stands."""

from __future__ import annotations

import tracemalloc
import zlib
from pathlib import Path

import pytest
from ingest import builder

from netlm_imaging.errors import NetlmError
from netlm_imaging.ingest import preamble, read_mask, scan


def element(number: int, kind: bytes, value: bytes) -> bytes:
    """An element of the file meta information."""
    size = len(value).to_bytes(2, "little") if kind != b"OB" else bytes(2) + len(value).to_bytes(4, "little")
    return b"\x02\x00" + number.to_bytes(2, "little") + kind + size + value


SYNTAX = element(0x10, b"UI", b"1.2.840.10008.1.2.1.99")
HEADS = {
    "usual": bytes(128) + b"DICM" + element(0, b"UL", len(SYNTAX).to_bytes(4, "little")) + SYNTAX,
    "no group length": bytes(128) + b"DICM" + SYNTAX,
    "wrong group length": bytes(128) + b"DICM" + element(0, b"UL", b"\xff\0\0\0") + SYNTAX,
    "late": bytes(128) + b"DICM" + element(0x102, b"OB", bytes(2000)) + SYNTAX,
    "two syntaxes": bytes(128) + b"DICM" + element(0x10, b"UI", b"1.2.840.10008.1.2\0") + SYNTAX,
    "implicit": bytes(128) + b"DICM" + b"\x02\0\x10\0\x16\0\0\0" + SYNTAX[8:],
    "no preamble": SYNTAX,
    "no preamble, private first": element(0x102, b"OB", bytes(2000)) + SYNTAX,
    "a command after it": bytes(128) + b"DICM" + SYNTAX + b"\0\0\0\0\x02\0\0\0\0\0",
}


def bomb(head: bytes) -> bytes:
    """A deflated data set of 64 MiB after ``head``."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = packer.compress(b"\x08\0\x60\0CS\x02\0CT" + b"\xe0\x7f\x10\0OW\0\0\0\0\0\x04")
    return head + data + b"".join(packer.compress(bytes(2**20)) for _ in range(64)) + packer.flush()


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_deflate_bomb(head: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 31, with a smaller limit so that the test is quick: never inflated whole, wherever it hides."""
    monkeypatch.setattr(preamble, "LARGEST_INFLATED", 8 * 2**20)
    items = builder.ct()
    for item in items:
        item.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    builder.write(items, tmp_path)
    (tmp_path / "bomb").write_bytes(bomb(head))
    tracemalloc.start()
    study = scan(tmp_path, force=True)
    with pytest.raises(NetlmError) as caught:
        read_mask(str(tmp_path / "bomb"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20
    assert [(entry.reason, entry.count) for entry in study.skipped] == [("inflates to more than 512 MiB", 1)]
    assert caught.value.codes == ("TOO_LARGE",)
    assert study.series[0].instances == 7
