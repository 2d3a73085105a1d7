"""NRRD images as series; and files whose header claims what they do not hold."""

from __future__ import annotations

import bz2
import gzip
import subprocess
import sys
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from ingest import builder
from ingest.rasters import GRID, VALUES, raw_change, save, sitk_image

from netlm_imaging.errors import InputError
from netlm_imaging.ingest import read_image, read_mask, scan
from netlm_imaging.ingest.nifti import read_nifti
from netlm_imaging.ingest.nrrd import read_nrrd

MIB = 2**20
HEAD = """NRRD0005
type: {kind}
dimension: 3
space: left-posterior-superior
sizes: {sizes}
space directions: (0.8,0,0) (0,1.7,0) (0,0,3.1)
kinds: domain domain domain
endian: {endian}
encoding: {encoding}
space origin: (-31,57,140)
{more}"""


def nrrd(
    path: Path, content: bytes, *, kind: str = "short", sizes: str = "7 5 4", endian: str = "little",
    encoding: str = "raw", more: str = "", gap: str = "\n",
) -> Path:  # fmt: skip
    """A NRRD file written by hand."""
    head = HEAD.format(kind=kind, sizes=sizes, endian=endian, encoding=encoding, more=more)
    path.write_bytes(head.encode() + gap.encode() + content)
    return path


def refused(path: Path) -> tuple[str, ...]:
    """The codes of a file as mask; as an image it is refused with the same."""
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    assert str(path.parent) not in str(caught.value)
    (series,) = scan(path).series
    assert tuple(f.code for f in series.faults) in (caught.value.codes, ())
    with pytest.raises(InputError) as again:
        read_image(series)
    assert again.value.codes == caught.value.codes
    return caught.value.codes


@pytest.mark.parametrize("compressed", [False, True])
def test_nrrd_images_are_series(compressed: bool, tmp_path: Path) -> None:
    builder.write(builder.ct(), tmp_path)
    sitk.WriteImage(sitk_image(VALUES), str(tmp_path / "t1_hbp.nrrd"), useCompression=compressed)
    sitk.WriteImage(sitk_image(VALUES), str(tmp_path / "liver.seg.nrrd"), useCompression=compressed)
    study = scan(tmp_path)
    assert [(s.modality, s.role) for s in study.series] == [("CT", "ct"), ("NRRD", "other"), ("NRRD", "hbp")]
    series = study.series[2]
    assert (series.description, series.role_reason) == ("NRRD image", "file name")
    image = read_image(series)
    np.testing.assert_array_equal(image.volume.array, VALUES)
    assert image.volume.grid.same_as(GRID)
    assert (image.record.role, image.record.modality, image.record.series_uid) == ("hbp", "NRRD", None)


def test_nrrd_and_nifti_of_one_image_are_equal(tmp_path: Path) -> None:
    sitk.WriteImage(sitk_image(VALUES), str(tmp_path / "a.nrrd"))
    save(tmp_path / "a.nii.gz", VALUES)
    first, second = (read_image(s).volume for s in scan(tmp_path).series)
    np.testing.assert_array_equal(first.array, second.array)
    assert first.grid.same_as(second.grid)


def test_pet_as_nrrd_is_never_chosen_by_its_name(tmp_path: Path) -> None:
    sitk.WriteImage(sitk_image(VALUES), str(tmp_path / "pet.nrrd"))
    (series,) = scan(tmp_path).series
    assert series.role == "other"
    assert "--series pet=" in series.role_reason


@pytest.mark.parametrize("encoding", ["raw", "gzip", "gz", "bzip2", "bz2", "RAW"])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize(
    ("kind", "code"),
    [("signed char", "i1"), ("uint8_t", "u1"), ("int16", "i2"), ("ushort", "u2"), ("int", "i4"),
     ("unsigned int", "u4"), ("long long", "i8"), ("uint64", "u8"), ("float", "f4"), ("double", "f8")],
)  # fmt: skip
def test_every_type_and_encoding(kind: str, code: str, endian: str, encoding: str, tmp_path: Path) -> None:
    wanted = (np.arange(140) % 100).reshape(4, 5, 7)
    content = wanted.astype(("<" if endian == "little" else ">") + code).tobytes()
    pack = {"g": gzip.compress, "b": bz2.compress}.get(encoding[0], bytes)
    path = nrrd(tmp_path / "a.nrrd", pack(content), kind=kind, endian=endian, encoding=encoding)
    found = read_nrrd(path)
    np.testing.assert_array_equal(found.array, wanted)
    assert found.array.dtype == np.dtype(code)
    assert found.grid.spacing_mm == pytest.approx((0.8, 1.7, 3.1))
    assert found.grid.origin_mm == pytest.approx((-31, 57, 140))


def test_windows_line_ends_and_bytes_after_the_voxels(tmp_path: Path) -> None:
    path = nrrd(tmp_path / "a.nrrd", VALUES.astype("<i2").tobytes() + b"more")
    np.testing.assert_array_equal(read_nrrd(path).array, VALUES)
    head, _, content = path.read_bytes().partition(b"\n\n")
    path.write_bytes(head.replace(b"\n", b"\r\n") + b"\r\n\r\n" + content)
    np.testing.assert_array_equal(read_nrrd(path).array, VALUES)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"encoding": "ascii"}, "NRRD_ENCODING"),
        ({"encoding": "hex"}, "NRRD_ENCODING"),
        ({"more": "byte skip: -1\n"}, "NRRD_ENCODING"),
        ({"more": "line skip: 2\n"}, "NRRD_ENCODING"),
        ({"more": "data file: a.raw\n"}, "NRRD_DETACHED"),
        ({"more": "data file: /etc/passwd\n"}, "NRRD_DETACHED"),
        ({"kind": "block"}, "BAD_VALUES"),
        ({"sizes": "0 5 4"}, "NOT_3D"),
        ({"sizes": "7 5 5"}, "TRUNCATED_FILE"),
        ({"sizes": "7 5 4000000"}, "TRUNCATED_FILE"),
        ({"sizes": "7000000 5000000 4000000"}, "TOO_LARGE"),
        ({"sizes": "99999999999999999999 5 4"}, "UNREADABLE"),
        ({"more": "space units: \"mm\" \"cm\" \"mm\"\n"}, "BAD_UNITS"),
        ({"more": "space: scanner-xyz\n"}, "UNREADABLE"),
        ({"gap": ""}, "UNREADABLE"),
    ],
    ids=str,
)  # fmt: skip
def test_nrrd_headers_that_are_refused(change: dict[str, Any], code: str, tmp_path: Path) -> None:
    path = nrrd(tmp_path / "a.nrrd", VALUES.astype("<i2").tobytes(), **change)
    assert refused(path) == (code,)


def test_a_detached_header_is_refused_with_its_code(tmp_path: Path) -> None:
    sitk.WriteImage(sitk_image(VALUES), str(tmp_path / "hbp.nhdr"))
    study = scan(tmp_path)
    assert [f.code for f in study.series[0].faults] == ["NRRD_DETACHED"]
    assert study.series[0].faults[0].where == "series 1"


def test_four_dimensions_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    sitk.WriteImage(sitk.JoinSeries([sitk_image(VALUES)] * 2), str(path))
    assert "NOT_3D" in refused(path)


def test_a_header_without_an_end_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.nrrd"
    with path.open("wb") as stream:
        stream.write(b"NRRD0005\n")
        stream.truncate(2**34)  # 16 GiB of nothing, on paper
    tracemalloc.start()
    assert refused(path) == ("UNREADABLE",)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MIB


def packed_zeros(size: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    return b"".join(packer.compress(bytes(MIB)) for _ in range(size // MIB)) + packer.flush()


def test_no_more_is_inflated_than_the_header_says(tmp_path: Path) -> None:
    """A small volume with 256 MiB behind it."""
    content = packed_zeros(256 * MIB)
    small = nrrd(tmp_path / "a.nrrd", content, encoding="gzip")
    packed = save(tmp_path / "b.nii.gz", VALUES)
    whole = gzip.decompress(packed.read_bytes())
    packed.write_bytes(gzip.compress(whole) + content)
    tracemalloc.start()
    assert not read_nrrd(small).array.any()
    np.testing.assert_array_equal(read_nifti(packed).array, VALUES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MIB


def huge(path: Path) -> Path:
    """A few bytes that claim 2 GiB."""
    if path.suffix == ".nrrd":
        return nrrd(path, gzip.compress(bytes(280)), sizes="1024 1024 1024", encoding="gzip")
    save(path, VALUES)
    packed = path.name.endswith(".gz")
    content = bytearray(gzip.decompress(path.read_bytes()) if packed else path.read_bytes())
    content[42:48] = np.array([1024, 1024, 1024], dtype="<i2").tobytes()
    path.write_bytes(gzip.compress(bytes(content)) if packed else content)
    return path


@pytest.mark.parametrize("name", ["a.nrrd", "a.nii", "a.nii.gz"])
def test_a_huge_claim_takes_no_memory(name: str, tmp_path: Path) -> None:
    path = huge(tmp_path / name)
    tracemalloc.start()
    assert refused(path) == ("TRUNCATED_FILE",)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * MIB


def test_sizes_beyond_any_image(tmp_path: Path) -> None:
    path = save(tmp_path / "a.nii.gz", VALUES)
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[42:48] = np.array([32_767, 32_767, 32_767], dtype="<i2").tobytes()
    path.write_bytes(gzip.compress(bytes(content)))
    assert refused(path) == ("TOO_LARGE",)


def test_memory_that_is_not_there_is_an_error_of_ours(tmp_path: Path) -> None:
    """1 GiB that 2 MiB may well stand for, in a process that may take 1 GiB at most."""
    path = nrrd(tmp_path / "a.nrrd", bytes(2 * MIB), sizes="1024 1024 512", encoding="gzip")
    script = (
        "import resource, sys\n"
        "from netlm_imaging.ingest import read_mask\n"
        "from netlm_imaging.errors import InputError\n"
        "resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "try: read_mask(sys.argv[1])\n"
        "except InputError as error: print(error.code)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True)
    assert done.stdout.strip() == "TOO_LARGE", done.stderr


@pytest.mark.parametrize("name", ["a.nrrd", "a.nii.gz"])
def test_a_wrong_checksum_is_seen(name: str, tmp_path: Path) -> None:
    if name == "a.nrrd":
        nrrd(tmp_path / name, gzip.compress(VALUES.astype("<i2").tobytes()), encoding="gzip")
    else:
        save(tmp_path / name, VALUES)
    path = tmp_path / name
    raw_change(path, path.stat().st_size - 8, b"\x00\x01\x02\x03")
    assert refused(path) == ("TRUNCATED_FILE",)
