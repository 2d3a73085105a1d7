"""Compressed DICOM: the stored values of a dataset, encoded by libraries that the reader does not use."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import imagecodecs
import numpy as np
import numpy.typing as npt
from conformance import jpeg_lossless
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import RLELossless

Plane = npt.NDArray[np.generic]
DEFLATED = "1.2.840.10008.1.2.1.99"
RLE = str(RLELossless)
JPEG_LOSSLESS, JPEG_LOSSLESS_SV1 = "1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70"
JPEG_LS = "1.2.840.10008.1.2.4.80"
JPEG_2000 = "1.2.840.10008.1.2.4.90"
JPEG_2000_LOSSY = "1.2.840.10008.1.2.4.91"
HTJ2K = "1.2.840.10008.1.2.4.201"


def _jpeg_lossless(plane: Plane, bits: int) -> bytes:
    return bytes(imagecodecs.ljpeg_encode(_bit_pattern(plane, bits), bitspersample=bits))


def _jpeg_lossless_sv1(plane: Plane, bits: int) -> bytes:
    return jpeg_lossless.encode(_bit_pattern(plane, bits), bits=bits)


def _jpeg_ls(plane: Plane, bits: int) -> bytes:
    return bytes(imagecodecs.jpegls_encode(_bit_pattern(plane, bits)))


def _jpeg_2000(plane: Plane, bits: int) -> bytes:
    return bytes(imagecodecs.jpeg2k_encode(plane, codecformat="j2k", reversible=True, bitspersample=bits))


def _htj2k(plane: Plane, bits: int) -> bytes:
    return bytes(imagecodecs.htj2k_encode(plane, reversible=True))


ENCODERS: Mapping[str, Callable[[Plane, int], bytes]] = {
    JPEG_LOSSLESS: _jpeg_lossless,
    JPEG_LOSSLESS_SV1: _jpeg_lossless_sv1,
    JPEG_LS: _jpeg_ls,
    JPEG_2000: _jpeg_2000,
    JPEG_2000_LOSSY: _jpeg_2000,
    HTJ2K: _htj2k,
}
NAMES = {
    RLE: "RLE",
    JPEG_LOSSLESS: "JPEG lossless",
    JPEG_LOSSLESS_SV1: "JPEG lossless, first-order prediction",
    JPEG_LS: "JPEG-LS",
    JPEG_2000: "JPEG 2000",
    HTJ2K: "HTJ2K",
    DEFLATED: "deflated",
}


def _bit_pattern(plane: Plane, bits: int) -> Plane:
    """These codecs know no sign: signed values go in as their bits."""
    unsigned = plane.view(f"u{plane.dtype.itemsize}")
    return unsigned & unsigned.dtype.type(2**bits - 1)


def set_stored(item: Dataset, plane: Plane, *, bits: int) -> None:
    """Stored values of 8 or 16 bits (``bits`` of them used), signed as ``plane`` is."""
    item.BitsAllocated = plane.dtype.itemsize * 8
    item.BitsStored, item.HighBit = bits, bits - 1
    item.PixelRepresentation = int(plane.dtype.kind == "i")
    item.PixelData = np.ascontiguousarray(plane).tobytes()
    item["PixelData"].VR = "OB" if item.BitsAllocated == 8 else "OW"


def stored(item: Dataset) -> Plane:
    """The stored values of an uncompressed item [row, column], or [frame, row, column]."""
    kind = np.dtype(f"<{'i' if item.PixelRepresentation else 'u'}{item.BitsAllocated // 8}")
    shape = (int(item.get("NumberOfFrames", 1)), item.Rows, item.Columns)
    return np.frombuffer(item.PixelData, kind).reshape(shape if shape[0] > 1 else shape[1:])


def compress(
    items: Sequence[Dataset], syntax: str, *, fragments: int = 1, extended: bool = False
) -> list[Dataset]:
    """The same images in another transfer syntax; a frame may be cut into several fragments."""
    for item in items:
        if syntax == RLE:
            item.compress(RLELossless, encoding_plugin="pydicom", generate_instance_uid=False)
            continue
        item.file_meta.TransferSyntaxUID = syntax
        if syntax == DEFLATED:
            continue
        planes = stored(item).reshape(-1, item.Rows, item.Columns)
        frames = [ENCODERS[syntax](plane, item.BitsStored) for plane in planes]
        set_frames(item, frames, fragments=fragments, extended=extended)
    return list(items)


def set_frames(item: Dataset, frames: Sequence[bytes], *, fragments: int = 1, extended: bool = False) -> None:
    """Encoded frames as the item's pixel data."""
    if extended:
        data, offsets, lengths = encapsulate_extended(list(frames))
        item.ExtendedOffsetTable, item.ExtendedOffsetTableLengths = offsets, lengths
    else:
        data = encapsulate(list(frames), fragments_per_frame=fragments)
    item.PixelData = data
    item["PixelData"].VR = "OB"
    item["PixelData"].is_undefined_length = True
