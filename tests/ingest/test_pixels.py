"""Stored values: layouts of bits, byte orders and declarations that are odd, wrong or a trap."""

from __future__ import annotations

import io
import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ingest import builder, enhanced
from pydicom.dataset import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import decoding, read_image, scan

Items = list[Dataset]


def read(folder: Path, *, force: bool = False) -> np.ndarray:
    (series,) = scan(folder, force=force).series
    return read_image(series).volume.array


def refused(folder: Path, code: str, words: str | None = None) -> None:
    with pytest.raises(InputError, match=words) as caught:
        read(folder)
    assert code in caught.value.codes


def stored(items: Items, values: np.ndarray, kind: str, **layout: int) -> Items:
    for item, plane in zip(items, values, strict=True):
        item.PixelData = plane.astype(kind).tobytes()
        for name, value in layout.items():
            setattr(item, name, value)
    return items


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("signed", [0, 1])
def test_big_endian(bits: int, signed: int, tmp_path: Path) -> None:
    """Unused bits are masked in the byte order of the file."""
    values = np.clip(builder.pattern(), 0, 2047) - 1024 * signed
    items = stored(builder.ct(), values, ">i2", BitsStored=bits, HighBit=bits - 1, PixelRepresentation=signed)
    for n, item in enumerate(items):
        item.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
        item["PixelData"].VR = "OW"
        item.save_as(tmp_path / f"{n}", enforce_file_format=True)
    np.testing.assert_array_equal(read(tmp_path), values - 1000)


@pytest.mark.parametrize("signed", [0, 1])
def test_high_bit_above_the_stored_ones(signed: int, tmp_path: Path) -> None:
    """Twelve bits at the upper end of sixteen, rubbish below them."""
    values = np.clip(builder.pattern(), 0, 2047) - 1024 * signed
    packed = ((values.astype(np.int64) << 4) | 0x9) & 0xFFFF
    items = stored(builder.ct(), packed, "<u2", BitsStored=12, HighBit=15, PixelRepresentation=signed)
    np.testing.assert_array_equal(read(builder.write(items, tmp_path)), values - 1000)


@pytest.mark.parametrize("syntax", [RLELossless, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_high_bit_above_the_stored_ones_in_other_syntaxes_is_refused(syntax: UID, tmp_path: Path) -> None:
    """Decoders drop the upper bits before they could be read: never a wrong value."""
    items = stored(builder.ct(), builder.pattern(), "<u2", BitsStored=12, HighBit=15, PixelRepresentation=0)
    for n, item in enumerate(items):
        if syntax == RLELossless:
            item.compress(RLELossless, generate_instance_uid=False)
        item.file_meta.TransferSyntaxUID = syntax
        item["PixelData"].VR = "OB" if syntax == RLELossless else "OW"
        item.save_as(tmp_path / f"{n}", enforce_file_format=True)
    refused(tmp_path, "BAD_BITS")


def saved(item: Dataset, syntax: UID) -> tuple[bytes, bytes]:
    """Preamble with meta information, and the data set, of a file."""
    item.file_meta.TransferSyntaxUID = syntax
    buffer = io.BytesIO()
    item.save_as(buffer, enforce_file_format=True)
    content = buffer.getvalue()
    start = 144 + int.from_bytes(content[140:144], "little")
    return content[:start], content[start:]


@pytest.mark.parametrize("tail", [False, True])
@pytest.mark.parametrize(
    ("written", "declared"),
    [
        (ExplicitVRLittleEndian, ImplicitVRLittleEndian),
        (ImplicitVRLittleEndian, ExplicitVRLittleEndian),
        (ExplicitVRLittleEndian, None),
        (ImplicitVRLittleEndian, None),
    ],
)
def test_another_encoding_than_declared(
    written: UID, declared: UID | None, tail: bool, tmp_path: Path
) -> None:
    """The elements show how they are written; a few bytes beside the pixels would shift all of them."""
    for n, (item, other) in enumerate(zip(builder.ct(), builder.ct(), strict=True)):
        if tail:
            item.add_new(0xFFFCFFFC, "OB", bytes(64))
        head = saved(other, declared)[0] if declared else b""
        (tmp_path / f"{n}").write_bytes(head + saved(item, written)[1])
    np.testing.assert_array_equal(read(tmp_path, force=declared is None), builder.pattern() - 1000)


def undefined_length(content: bytes, at: int) -> bytes:
    return content[:at] + b"\xff\xff\xff\xff" + content[at + 4 :]


def short_length(content: bytes, at: int) -> bytes:
    return content[:at] + (50).to_bytes(4, "little") + content[at + 4 :]


def other_kind(content: bytes, at: int) -> bytes:
    return content[: at - 4] + b"OF" + content[at - 2 :]


@pytest.mark.parametrize("damage", [undefined_length, short_length, other_kind])
def test_damaged_pixel_element(damage: Callable[[bytes, int], bytes], tmp_path: Path) -> None:
    builder.write(builder.ct(), tmp_path)
    file = next(tmp_path.rglob("f2"))
    content = file.read_bytes()
    file.write_bytes(damage(content, content.index(b"\xe0\x7f\x10\x00") + 8) + bytes(8))
    refused(tmp_path, "PIXELS_UNREADABLE")


def test_more_pixels_than_rows_and_columns_is_refused(tmp_path: Path) -> None:
    """A column too few would shear the image."""
    grid = Grid(shape_kji=(7, 40, 24), spacing_mm=(1, 1, 2), origin_mm=(3, 4, 5))
    items = builder.ct(grid)
    for item in items:
        item.Columns = 23
    refused(builder.write(items, tmp_path), "PIXELS_UNREADABLE", "1920 bytes of pixels, not 1840")


def test_volume_read_by_two_threads(tmp_path: Path) -> None:
    """Above 8 MiB the slices are shared out; an odd number, so that the halves are unequal."""
    grid = Grid(shape_kji=(19, 512, 480), spacing_mm=(0.7, 0.8, 2), origin_mm=(-90, 40, 11))
    builder.write(builder.ct(grid), tmp_path)
    np.testing.assert_array_equal(read(tmp_path), builder.pattern(grid) - 1000)


@pytest.mark.parametrize(
    ("slope", "intercept", "kind"),
    [
        ("1", "-1000", np.int16),
        ("7", "0", np.int32),
        ("-3", "20000", np.int32),
        ("90000", "5", np.float32),
        ("0.37", "11.5", np.float32),
    ],
)
def test_exact_whatever_the_rescale(slope: str, intercept: str, kind: type, tmp_path: Path) -> None:
    """One slice in the middle has another rescale; what could overflow gets a larger type."""
    items = builder.ct()
    items[3].RescaleSlope, items[3].RescaleIntercept = slope, intercept
    found = read(builder.write(items, tmp_path))
    expected = builder.pattern().astype(np.float64) - 1000
    expected[3] = builder.pattern()[3].astype(np.float64) * float(slope) + float(intercept)
    assert found.dtype in (kind, np.int16)
    np.testing.assert_array_equal(found, expected.astype(found.dtype))
    np.testing.assert_allclose(found, expected, rtol=1e-7)


def test_rescale_in_some_images_only_is_refused(tmp_path: Path) -> None:
    items = builder.mr()
    for item in items[:-1]:
        item.RescaleSlope, item.RescaleIntercept = "2.5", "0"
    refused(builder.write(items, tmp_path), "NO_RESCALE", "1 of 7")


def test_different_frames_at_one_position_are_not_the_same_image(tmp_path: Path) -> None:
    """All frames of an object lie in one file: equal bytes of that mean nothing."""
    first, second = builder.mr(seed=4), builder.mr(seed=5)
    refused(enhanced.save([enhanced.enhanced([*first, *second])], tmp_path), "DUPLICATE_POSITION")


def test_equal_frames_at_one_position_are_used_once(tmp_path: Path) -> None:
    items = builder.mr()
    folder = enhanced.save([enhanced.enhanced([*items, *items])], tmp_path)
    (series,) = scan(folder).series
    assert "DUPLICATE_DROPPED" in [n.code for n in series.notices]
    np.testing.assert_array_equal(read_image(series).volume.array, builder.pattern(seed=2))


def test_a_file_written_anew_is_decoded_anew(tmp_path: Path) -> None:
    for seed in (1, 6):
        whole = enhanced.enhanced(builder.ct(seed=seed))
        whole.compress(RLELossless)
        folder = enhanced.save([whole], tmp_path)
        np.testing.assert_array_equal(read(folder), builder.pattern(seed=seed) - 1000)


def compressed(folder: Path) -> Path:
    items = builder.ct()
    for item in items:
        item.compress(RLELossless, generate_instance_uid=False)
    return builder.write(items, folder)


def test_many_threads_share_the_decoders(tmp_path: Path) -> None:
    folder = compressed(tmp_path)
    found: list[np.ndarray] = []
    threads = [threading.Thread(target=lambda: found.append(read(folder))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    for array in found:
        np.testing.assert_array_equal(array, builder.pattern() - 1000)
    assert len(decoding._idle) <= decoding.CHILDREN


def _sum(folder: Path) -> int:
    return int(read(folder).astype(np.int64).sum())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_forked_process_has_decoders_of_its_own(tmp_path: Path) -> None:
    """Even when a thread held the lock at the moment of the fork."""
    folder = compressed(tmp_path)
    expected = _sum(folder)
    with decoding._lock, multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_sum, (folder,)).get(timeout=60) == expected
    assert _sum(folder) == expected


@pytest.mark.parametrize(("keyword", "value"), [("RescaleSlope", "2"), ("RescaleIntercept", "-900")])
def test_equal_pixels_of_another_meaning_are_another_image(keyword: str, value: str, tmp_path: Path) -> None:
    """Two images at one position are the same only when their values are, not the bytes alone."""
    items = builder.ct()
    extra = builder.ct()[2]
    extra.SOPInstanceUID = extra.file_meta.MediaStorageSOPInstanceUID = builder.uid("extra")
    setattr(extra, keyword, value)
    refused(builder.write([*items, extra], tmp_path), "DUPLICATE_POSITION")
