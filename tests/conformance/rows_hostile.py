"""Rows 31 to 35 and 52: bombs, lying lengths, deep nesting, missing preambles, odd names, links."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

from conformance import codecs
from conformance.breaks import Items, as_bytes, assign, on_all, on_slice
from conformance.case import Case
from conformance.series import folder_case, series_cases
from ingest import builder

MIB = 2**20
UNDEFINED = b"\xff\xff\xff\xff"


def deflate_bomb(head: bytes, *, mib: int) -> bytes:
    """A deflated file whose data set inflates to ``mib`` MiB of zeros; made without inflating it."""
    start = 144 + int.from_bytes(head[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packer.compress(bytes(MIB))
    packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return head[:start] + block * mib + packer.flush()


def without_group_length(head: bytes) -> bytes:
    return head[:132] + head[144:]


def syntax_late(head: bytes) -> bytes:
    """The transfer syntax after 2,000 bytes of private information."""
    return head[:132] + b"\x02\x00\x02\x01OB\0\0" + struct.pack("<L", 2000) + bytes(2000) + head[144:]


def without_preamble(head: bytes) -> bytes:
    return head[132:]


def hidden_bomb(hide: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        bomb(alone=False, mib=700)(folder)
        head = (folder / "d0" / "deep" / "f0").read_bytes()
        start = 144 + int.from_bytes(head[140:144], "little")
        content = (folder / "bomb").read_bytes()
        (folder / "bomb").write_bytes(hide(content[:start]) + content[start:])

    return fill


def bomb(*, alone: bool, mib: int = 4096) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        builder.write(codecs.compress(builder.ct(), codecs.DEFLATED), folder)
        head = (folder / "d0" / "deep" / "f0").read_bytes()
        if alone:
            for file in folder.rglob("f*"):
                file.unlink()
        (folder / "bomb").write_bytes(deflate_bomb(head, mib=mib))

    return fill


def edited(change: Callable[[bytes], bytes], name: str = "d1/deep/f3") -> Callable[[Path], None]:
    """The bytes of one file of the CT changed."""

    def fill(folder: Path) -> None:
        builder.write(builder.ct(), folder)
        file = folder / name
        file.write_bytes(change(file.read_bytes()))

    return fill


def length_lies(tag: tuple[int, int], length: int) -> Callable[[bytes], bytes]:
    """An explicit-VR element with a short length turned into UN with a long one."""

    def change(content: bytes) -> bytes:
        at = content.index(struct.pack("<HH", *tag))
        return content[: at + 4] + b"UN\0\0" + struct.pack("<L", length) + content[at + 8 :]

    return change


def pixel_length(length: int) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        at = content.rindex(b"\xe0\x7f\x10\x00OW\0\0") + 8
        return content[:at] + struct.pack("<L", length) + content[at + 4 :]

    return change


def nested(depth: int) -> Callable[[bytes], bytes]:
    """A private sequence in a sequence in a sequence, before the pixels."""

    def change(content: bytes) -> bytes:
        at = content.rindex(b"\xe0\x7f\x10\x00OW\0\0")
        return content[:at] + nested_sequences(depth) + content[at:]

    return change


def nested_sequences(depth: int, *, closed: bool = True) -> bytes:
    """Bytes of sequences of one item each, one inside the other."""
    opened = b"\x29\x00\x10\x10SQ\0\0" + UNDEFINED + b"\xfe\xff\x00\xe0" + UNDEFINED
    ends = b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0"
    return opened * depth + (ends * depth if closed else b"")


def bare(folder: Path) -> None:
    """Without the preamble."""
    builder.write(builder.ct(), folder)
    for file in folder.rglob("f*"):
        file.write_bytes(file.read_bytes()[132:])


def without_meta(folder: Path) -> None:
    for n, item in enumerate(builder.ct()):
        del item.file_meta
        item.save_as(folder / str(n), implicit_vr=True, little_endian=True)


def links(folder: Path) -> Path:
    """Links to a file and a folder outside of the input, one to itself, one that leads nowhere."""
    inside, outside = folder / "in", folder / "out"
    builder.write(builder.ct(), inside)
    builder.write(builder.mr(), outside)
    (inside / "folder").symlink_to(outside)
    (inside / "file").symlink_to(outside / "d0" / "deep" / "f0")
    (inside / "loop").symlink_to(inside)
    (inside / "nowhere").symlink_to(folder / "absent")
    return inside


def link_inside(folder: Path) -> None:
    builder.write(builder.ct(), folder)
    (folder / "again").symlink_to(folder / "d0" / "deep" / "f0")


def under(name: str) -> Callable[[Path], Path]:
    def fill(folder: Path) -> Path:
        place = folder / name
        builder.write(builder.ct(), place)
        return place

    return fill


def uids_that_are_paths(items: Items) -> Items:
    for k, item in enumerate(items):
        as_bytes("SOPInstanceUID", f"../../{k}".encode())(item)
        as_bytes("SeriesInstanceUID", b"../../$(touch x)")(item)
    return items


HOSTILE = b"=cmd|' /C calc'!A1\n<script>alert(1)</script>\0../../x"
CASES: list[Case] = [
    folder_case(31, "a deflated file of 4 GiB (4 MB on disk) beside a CT", bomb(alone=False),
                notices=["FILES_SKIPPED"], says=["1 files skipped: inflates to more than 512 MiB"]),
    folder_case(31, "nothing but a deflate bomb", bomb(alone=True), refused=["NO_IMAGES"],
                says=["inflates to more than 512 MiB"]),
    *(folder_case(31, f"a deflate bomb {how}", hidden_bomb(hide), notices=["FILES_SKIPPED"], force=True,
                  says=["1 files skipped: inflates to more than 512 MiB"])
      for how, hide in (("without group length", without_group_length),
                        ("whose transfer syntax stands late", syntax_late),
                        ("without a preamble, with --force", without_preamble))),
    folder_case(32, "an element of 0xFFFFFFF0 bytes", edited(length_lies((0x0008, 0x103E), 0xFFFFFFF0)),
                refused=["MISSING_SLICE"], place="series 1", choose=lambda study: study.series[0]),
    folder_case(32, "pixel data of 0xFFFFFFF0 bytes", edited(pixel_length(0xFFFFFFF0)),
                refused=["PIXELS_UNREADABLE"], place="deep/f"),
    folder_case(32, "pixel data of undefined length in an uncompressed file",
                edited(pixel_length(0xFFFFFFFF)),
                refused=["PIXELS_UNREADABLE"], place="deep/f"),
    folder_case(32, "ten nested sequences", edited(nested(10))),
    folder_case(32, "5,000 nested sequences in one slice", edited(nested(5000)), refused=["MISSING_SLICE"],
                place="series 1", choose=lambda study: study.series[0]),
    folder_case(33, "files without a preamble", bare, refused=["NO_IMAGES"], says=["--force"]),
    folder_case(33, "files without a preamble, with --force", bare, force=True),
    folder_case(33, "files without preamble and file meta information, with --force", without_meta,
                force=True),
    *series_cases(34, "script, formula, NUL and newline in the description", on_all(
                  as_bytes("SeriesDescription", HOSTILE))),
    *series_cases(34, "paths and shell commands for UIDs", uids_that_are_paths),
    *series_cases(34, "a patient name in bytes of no alphabet", on_all(as_bytes("PatientName",
                  b"\xff\xfe\x80 "))),
    *series_cases(34, "an unknown character set", on_all(assign(SpecificCharacterSet="ISO_IR 999"))),
    *series_cases(34, "values of the wrong kind where text should be", on_slice(
                  2, as_bytes("Manufacturer", b"\x00\x01\x02\x03"))),
    folder_case(35, "links out of the input, in a circle, to nowhere: not followed", links,
                notices=["FILES_SKIPPED"], says=["link"]),
    folder_case(35, "a link to a file inside the input: not followed", link_inside,
                notices=["FILES_SKIPPED"]),
    folder_case(52, "a path with spaces, quotes and letters beyond ASCII", under("Leber Größe 肝臓 ' $(x)")),
    folder_case(52, "a path that does not exist", lambda folder: folder / "absent", refused=["NOT_FOUND"]),
]  # fmt: skip
