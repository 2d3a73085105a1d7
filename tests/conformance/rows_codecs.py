"""Rows 29 and 30: compressed pixels come back bit for bit, damaged ones are refused."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from conformance import codecs
from conformance.breaks import Break, Items, assign, copy_of, on_all, on_slice, other_pixels, rename, several
from conformance.case import Case, Truth
from conformance.series import GRID, folder_case, series_cases
from ingest import builder
from pydicom.dataset import Dataset
from pydicom.encaps import generate_frames
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian

KINDS = {
    "8 bits": ("u1", 8),
    "8 bits signed": ("i1", 8),
    "12 bits": ("<u2", 12),
    "12 bits signed": ("<i2", 12),
    "16 bits": ("<u2", 16),
    "16 bits signed": ("<i2", 16),
}


def values_of(kind: str) -> npt.NDArray[np.generic]:
    """Values over the whole range, both ends among them."""
    dtype, bits = KINDS[kind]
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1)) if "i" in dtype else (0, 2**bits)
    values = np.random.default_rng(bits).integers(low, high, GRID.shape_kji)
    values[:, 0, :2] = low, high - 1
    return values.astype(dtype)


def stored_as(kind: str) -> Break:
    def apply(items: Items) -> Items:
        for item, plane in zip(items, values_of(kind), strict=True):
            codecs.set_stored(item, plane, bits=KINDS[kind][1])
        return items

    return apply


def compressed(syntax: str, **options: int) -> Break:
    return lambda items: codecs.compress(items, syntax, **options)


def holds(kind: str) -> Callable[[Truth], Truth]:
    return lambda found: replace(found, array=values_of(kind))


def every_kind(syntax: str) -> list[Case]:
    cases = []
    for kind in KINDS:
        broken = several(stored_as(kind), compressed(syntax))
        what = f"{codecs.NAMES[syntax]}, {kind}"
        cases += series_cases(29, what, broken, over=["MR"], truth=holds(kind))
    return cases


def every_modality(syntax: str) -> list[Case]:
    return series_cases(29, codecs.NAMES[syntax], compressed(syntax))


def native(items: Items, *, implicit: bool, big: bool) -> Items:
    for item in items:
        syntax = ExplicitVRBigEndian if big else ImplicitVRLittleEndian
        item.file_meta.TransferSyntaxUID = syntax
        if big:
            item.PixelData = np.frombuffer(item.PixelData, "<i2").astype(">i2").tobytes()
            item["PixelData"].VR = "OW"
    return items


def each_in_another_syntax(items: Items) -> Items:
    syntaxes = list(codecs.NAMES)
    return [codecs.compress([item], syntaxes[k % len(syntaxes)])[0] for k, item in enumerate(items)]


def both_compressed_and_not(items: Items) -> Items:
    again = [copy_of(item) for item in items]
    for k, item in enumerate(again):
        rename(item, "compressed", k)
    return [*items, *codecs.compress(again, codecs.JPEG_LS)]


def stream(syntax: str, change: Callable[[bytes], bytes]) -> Break:
    """Slice 2 compressed, its code stream changed."""

    def apply(item: Dataset) -> None:
        codecs.compress([item], syntax)
        frame = next(iter(generate_frames(item.PixelData, number_of_frames=1)))
        codecs.set_frames(item, [change(frame)])

    return on_slice(2, apply)


def labelled(syntax: str, as_syntax: str) -> Break:
    def apply(item: Dataset) -> None:
        codecs.compress([item], syntax)
        item.file_meta.TransferSyntaxUID = as_syntax

    return on_slice(2, apply)


def shorter(syntax: str) -> Callable[[Dataset], None]:
    """A code stream of five rows in an image of six."""

    def apply(item: Dataset) -> None:
        plane = codecs.stored(item)[:5]
        codecs.compress([item], syntax)
        codecs.set_frames(item, [codecs.ENCODERS[syntax](plane, 16)])

    return apply


def without_rows(frame: bytes) -> bytes:
    """The six rows of the frame header become none."""
    for marker in (b"\xff\xf7", b"\xff\xc3"):
        at = frame.find(marker)
        if at >= 0 and frame[at + 5 : at + 7] == b"\0\x06":
            return frame[: at + 5] + b"\0\0" + frame[at + 7 :]
    raise AssertionError


def damaged(what: str, broken: Break, says: Sequence[str] = ()) -> list[Case]:
    return series_cases(30, what, broken, refused=["PIXELS_UNREADABLE"], place="deep/f", says=says)


def changed(item: Dataset) -> Dataset:
    other = copy_of(item)
    other_pixels(other)
    return other


def unknown_syntax(folder: Path) -> None:
    """JPEG-LS under a UID that nobody has given out."""
    builder.write(codecs.compress(builder.ct(), codecs.JPEG_LS), folder)
    file = folder / "d0" / "deep" / "f2"
    file.write_bytes(file.read_bytes().replace(codecs.JPEG_LS.encode(), b"1.2.840.10008.1.2.4.89"))


def cut_off(folder: Path) -> None:
    builder.write(codecs.compress(builder.ct(), codecs.JPEG_LS), folder)
    file = folder / "d0" / "deep" / "f2"
    file.write_bytes(file.read_bytes()[:-60])


STREAMS = [syntax for syntax in codecs.NAMES if syntax != codecs.DEFLATED]
CASES: list[Case] = [
    *(case for syntax in codecs.NAMES for case in every_modality(syntax)),
    *(case for syntax in codecs.NAMES for case in every_kind(syntax)),
    *series_cases(29, "JPEG-LS frames cut into three fragments", compressed(codecs.JPEG_LS, fragments=3)),
    *series_cases(29, "images that were once compressed with loss", on_all(
                  assign(LossyImageCompression="01")), notices=["LOSSY_COMPRESSION"],
                  says=["7 of 7 images were compressed with loss"]),
    *series_cases(29, "one PET image that was once compressed with loss", on_slice(
                  3, assign(LossyImageCompression="01")), over=["PT"], notices=["LOSSY_COMPRESSION"],
                  says=["1 of 7 images", "SUV are not reliable"]),
    *series_cases(29, "JPEG 2000 that may be lossy and does not say so", compressed(codecs.JPEG_2000_LOSSY),
                  notices=["LOSSY_COMPRESSION"]),
    *series_cases(29, "JPEG 2000 that could be lossy and is not", several(
                  compressed(codecs.JPEG_2000_LOSSY), on_all(assign(LossyImageCompression="00")))),
    *series_cases(29, "JPEG 2000 with an extended offset table", lambda items: codecs.compress(
                  items, codecs.JPEG_2000, extended=True)),
    *series_cases(29, "implicit VR little endian", lambda items: native(items, implicit=True, big=False)),
    *series_cases(29, "explicit VR big endian", lambda items: native(items, implicit=False, big=True)),
    *series_cases(29, "every slice in another transfer syntax", each_in_another_syntax),
    *series_cases(29, "every slice twice, JPEG-LS and uncompressed", both_compressed_and_not,
                  notices=["DUPLICATE_DROPPED"]),
    *series_cases(5, "one UID, uncompressed and JPEG-LS with other pixels", lambda items: [
                  *items, *codecs.compress([changed(items[2])], codecs.JPEG_LS)], refused=["UID_CONFLICT"]),
    *(case for syntax in STREAMS for case in damaged(
        f"{codecs.NAMES[syntax]}: bytes that are no code stream", stream(syntax, lambda _: b"junk" * 9),
        says=[syntax])),
    *(case for syntax in STREAMS for case in damaged(
        f"{codecs.NAMES[syntax]}: a code stream cut in half", stream(syntax,
        lambda frame: frame[:len(frame) // 2]))),
    *(case for syntax in STREAMS for case in damaged(
        f"{codecs.NAMES[syntax]}: a code stream of two bytes", stream(syntax, lambda _: bytes(2)))),
    *damaged("RLE pixels labeled as JPEG 2000", labelled(codecs.RLE, codecs.JPEG_2000)),
    *damaged("JPEG 2000 pixels labeled as RLE", labelled(codecs.JPEG_2000, codecs.RLE)),
    *damaged("JPEG 2000 pixels labeled as uncompressed", labelled(codecs.JPEG_2000, "1.2.840.10008.1.2.1")),
    *damaged("RLE pixels labeled as uncompressed", labelled(codecs.RLE, "1.2.840.10008.1.2.1")),
    folder_case(30, "an unknown transfer syntax", unknown_syntax, refused=["PIXELS_UNREADABLE"],
                place="deep/f",
                says=["1.2.840.10008.1.2.4.89"], over="CT"),
    folder_case(30, "a JPEG-LS file cut off inside its pixels", cut_off, refused=["PIXELS_UNREADABLE"],
                place="deep/f", over="CT"),
    *damaged("video (MPEG-4) as a slice", labelled(codecs.RLE, "1.2.840.10008.1.2.4.102"),
             says=["1.2.840.10008.1.2.4.102"]),
    *(case for syntax in (codecs.JPEG_LS, codecs.JPEG_LOSSLESS, codecs.JPEG_LOSSLESS_SV1) for case in damaged(
        f"{codecs.NAMES[syntax]}: a code stream of no rows", stream(syntax, without_rows))),
    *(case for syntax in (codecs.JPEG_LS, codecs.JPEG_LOSSLESS) for case in damaged(
        f"{codecs.NAMES[syntax]}: a code stream of fewer rows", on_slice(2, shorter(syntax)))),
    *series_cases(30, "a code stream of another size than the header says", on_slice(2,
                  shorter(codecs.JPEG_2000)),
                  refused=["PIXELS_UNREADABLE"], place="deep/f"),
    *series_cases(30, "a slice missing and a damaged code stream: positions are told first", several(
                  stream(codecs.JPEG_LS, lambda _: b"junk" * 9), lambda items: items[:4] + items[5:]),
                  refused=["MISSING_SLICE"]),
    *series_cases(29, "JPEG lossless with a slope of 0", several(compressed(codecs.JPEG_LOSSLESS), on_slice(
                  1, assign(RescaleSlope="0"))), refused=["BAD_RESCALE"]),
]  # fmt: skip
