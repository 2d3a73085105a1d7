"""Good files damaged at random: the same seed gives the same damage."""

from __future__ import annotations

import gzip
import re
import struct
import zlib
from collections.abc import Callable
from random import Random

from conformance.elements import UNDEFINED, Element, elements, fragments
from conformance.rows_hostile import nested_sequences

Mutator = Callable[[bytes, Random], bytes]
LENGTHS = (0, 1, 3, 0x7F, 0xFFFF, 0x10000, 0x7FFFFFFF, 0xFFFFFFF0, UNDEFINED)
VRS = (
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV ZZ"
).split()
TEXTS = (b"NaN", b"1e308", b"-1e308", b"inf", b"-1", b"0", b"", b"99999999999999999999", b"1e-320", b"\0\0",
         b"x\\y\\z", b"1\\2\\3\\4\\5\\6\\7", b"\xff\xfe", b"+0", b"0x10", b" ")  # fmt: skip
NUMBERS = (0, 1, 2, 7, 255, 256, 32767, 32768, 65535)


def flip(content: bytes, rng: Random) -> bytes:
    """Bits and bytes changed."""
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 5, 20, 100))):
        changed[rng.randrange(len(changed))] = rng.choice((0, 255, rng.randrange(256)))
    return bytes(changed)


def flip_header(content: bytes, rng: Random) -> bytes:
    """Bytes changed near the start, where there is most to break."""
    cut = min(len(content), 1500)
    return flip(content[:cut], rng) + content[cut:]


def truncate(content: bytes, rng: Random) -> bytes:
    return content[: rng.randrange(len(content))]


def insert(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + rng.randbytes(rng.choice((1, 2, 4, 7, 300))) + content[at:]


def cut_out(content: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(content))
    return content[:at] + content[at + rng.choice((1, 2, 4, 7, 300)) :]


def repeat(content: bytes, rng: Random) -> bytes:
    """A piece of the file twice."""
    at, size = rng.randrange(len(content)), rng.choice((2, 8, 64, 1000))
    return content[: at + size] + content[at:]


def _on_element(change: Callable[[bytes, Element, Random], bytes]) -> Mutator:
    def mutator(content: bytes, rng: Random) -> bytes:
        try:
            found = elements(content)
        except (struct.error, IndexError, RecursionError):
            return flip(content, rng)  # damaged already
        return change(content, rng.choice(found), rng) if found else content

    mutator.__name__ = change.__name__
    return mutator


def length(content: bytes, e: Element, rng: Random) -> bytes:
    """The length of an element."""
    value = rng.choice((*LENGTHS, e.end - e.value + 1, max(e.end - e.value - 1, 0), 2 * (e.end - e.value)))
    packed = struct.pack("<L", value)[: e.length_size]
    return content[: e.length_at] + packed + content[e.length_at + e.length_size :]


def vr(content: bytes, e: Element, rng: Random) -> bytes:
    return content[: e.start + 4] + rng.choice(VRS) + content[e.start + 6 :]


def tag(content: bytes, e: Element, rng: Random) -> bytes:
    """The tag of another element of the file, or any."""
    other = rng.choice(elements(content))
    found = rng.choice((content[other.start : other.start + 4], rng.randbytes(4), b"\xfe\xff\x00\xe0"))
    return content[: e.start] + found + content[e.start + 4 :]


def removed(content: bytes, e: Element, rng: Random) -> bytes:
    return content[: e.start] + content[e.end :]


def doubled(content: bytes, e: Element, rng: Random) -> bytes:
    """An element twice, at its place or at another's."""
    other = rng.choice(elements(content))
    at = rng.choice((e.end, other.start))
    return content[:at] + content[e.start : e.end] + content[at:]


def value(content: bytes, e: Element, rng: Random) -> bytes:
    """An extreme value in place of a short one, its length put right."""
    if e.end - e.value > 200 or e.vr == b"SQ":
        return flip(content, rng)
    if e.vr in (b"US", b"SS"):
        new = struct.pack("<H", rng.choice(NUMBERS)) * rng.choice((1, 1, 1, 2))
    elif e.vr in (b"FD", b"FL", b"UL", b"SL"):
        new = rng.choice(
            (struct.pack("<d", float("nan")), struct.pack("<d", 1e308), b"\xff" * 8, b"\xff" * 4, b"")
        )
    else:
        new = rng.choice(TEXTS)
        new += b" " * (len(new) % 2)
    packed = struct.pack("<L", len(new))[: e.length_size]
    return content[: e.length_at] + packed + new + content[e.end :]


def nest(content: bytes, e: Element, rng: Random) -> bytes:
    """Sequences in sequences, down to 5,000."""
    deep = nested_sequences(rng.choice((1, 20, 300, 5000)), closed=rng.random() < 0.7)
    return content[: e.start] + deep + content[e.start :]


def pixels(content: bytes, e: Element, rng: Random) -> bytes:
    """The fragments of compressed pixels: shuffled, dropped, repeated, damaged; a wrong offset table."""
    found = next((e for e in elements(content) if e.pixels), None)
    items = [] if found is None else fragments(content, found)
    if found is None or len(items) < 2:
        return flip(content, rng)
    pieces = [content[a:b] for a, b in items]
    kind = rng.randrange(6)
    if kind == 0:
        rng.shuffle(pieces)
    elif kind == 1:
        del pieces[rng.randrange(len(pieces))]
    elif kind == 2:
        pieces.insert(rng.randrange(len(pieces)), rng.choice(pieces))
    elif kind == 3:
        table = b"".join(
            struct.pack("<L", rng.choice((0, 1, 2, 60, *LENGTHS))) for _ in range(rng.randrange(1, 5))
        )
        pieces[0] = b"\xfe\xff\x00\xe0" + struct.pack("<L", len(table)) + table
    else:
        n = rng.randrange(1, len(pieces))
        pieces[n] = pieces[n][:8] + (flip if kind == 4 else truncate)(pieces[n][8:] or b"\0", rng)
    return content[: found.value] + b"".join(pieces) + content[items[-1][1] :]


ANY: tuple[Mutator, ...] = (flip, flip, flip_header, truncate, insert, cut_out, repeat)
DICOM: tuple[Mutator, ...] = (
    *ANY,
    *(
        _on_element(change)
        for change in (length, length, vr, tag, removed, doubled, value, value, value, nest, pixels)
    ),
)


def inflated(content: bytes, rng: Random) -> bytes:
    """A deflated file whose data set is damaged before it is deflated again, or after."""
    start = 144 + int.from_bytes(content[140:144], "little")
    try:
        data = zlib.decompress(content[start:], -zlib.MAX_WBITS)
    except zlib.error:
        return flip(content, rng)
    whole = rng.choice(DICOM)(content[:start] + data, rng)
    packer = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS)
    return whole[:start] + packer.compress(whole[start:]) + packer.flush()


NIFTI_FIELDS = {
    0: "i",
    **dict.fromkeys((*range(40, 56, 2), 70, 72, 252, 254), "h"),
    123: "b",
    **dict.fromkeys((*range(76, 120, 4), *range(256, 328, 4)), "f"),
    344: "i",
}
"""Numbers of a NIfTI-1 header: sizes, data type, voxel sizes, offset, scale, affines, magic."""


def nifti_field(content: bytes, rng: Random) -> bytes:
    """A number of the header made extreme."""
    if len(content) < 348:
        return flip(content, rng)  # cut off already
    at, kind = rng.choice(list(NIFTI_FIELDS.items()))
    floats = (float("nan"), float("inf"), 1e38, -1e38, 0.0, -1.0, 1e-38, 2.0**31, 352.0, 2.0**24)
    whole = (0, 1, -1, 2, 3, 4, 7, 127, -128, 16, 64, 512, 1024, 1792, 32767, -32768)
    number = rng.choice(floats) if kind == "f" else rng.choice(whole)
    if kind == "b":
        number = max(-128, min(127, int(number)))
    changed = bytearray(content)
    struct.pack_into(f"<{kind}", changed, at, number)
    return bytes(changed)


def packed(content: bytes, rng: Random) -> bytes:
    """A gzip file whose content is damaged before it is packed again, or several members."""
    try:
        inside = gzip.decompress(content)
    except (OSError, EOFError, zlib.error):
        return flip(content, rng)
    changed = gzip.compress(rng.choice((nifti_field, nifti_field, *ANY))(inside, rng), mtime=0)
    return changed if rng.random() < 0.9 else changed + content


def nrrd_line(content: bytes, rng: Random) -> bytes:
    """A line of the header changed, dropped, doubled, or its numbers made extreme."""
    head, gap, data = content.partition(b"\n\n")
    lines = head.split(b"\n")
    n, kind = rng.randrange(len(lines)), rng.randrange(5)
    if kind == 0:
        del lines[n]
    elif kind == 1:
        lines.insert(n, rng.choice(lines))
    elif kind == 2:
        lines[n] = flip(lines[n] or b"x", rng)
    elif kind == 3:
        lines[n] = lines[n].partition(b":")[0] + b": " + rng.choice(TEXTS)
    else:
        lines[n] = re.sub(
            rb"-?\d[\d.]*", lambda _: rng.choice(TEXTS[:12]), lines[n], count=rng.choice((1, 1, 9))
        )
    return b"\n".join(lines) + gap + data


NIFTI: tuple[Mutator, ...] = (nifti_field, nifti_field, nifti_field, *ANY)
NIFTI_GZ: tuple[Mutator, ...] = (*(packed,) * 14, *ANY)
NRRD: tuple[Mutator, ...] = (nrrd_line, nrrd_line, nrrd_line, *ANY)
DEFLATED: tuple[Mutator, ...] = (inflated, inflated, inflated, *ANY)
