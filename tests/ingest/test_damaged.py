"""Files damaged at random: a volume or an error of ours, never anything else; and bombs."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from pathlib import Path

import pytest
import SimpleITK as sitk
from ingest import builder, mask_builder, test_masks, test_nifti_nrrd, test_rtstruct

from netlm_imaging.errors import NetlmError
from netlm_imaging.ingest import preamble, read_image, read_mask, scan


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Bytes changed, cut out, put in, or made a length of almost 4 GiB."""
    content_array = bytearray(content)
    for _ in range(rng.choice([1, 2, 5, 20])):
        place = rng.randrange(min(len(content_array), 1800))
        kind = rng.random()
        if kind < 0.7:
            content_array[place] = rng.choice([0, 255, rng.randrange(256)])
        elif kind < 0.8:
            del content_array[place : place + rng.randrange(1, 40)]
        elif kind < 0.9:
            content_array[place:place] = rng.randbytes(rng.randrange(1, 20))
        else:
            content_array[place : place + 4] = b"\xf0\xff\xff\xff"
    return bytes(content_array)


@pytest.mark.parametrize("seed", range(60))
def test_damaged_series(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    builder.write(builder.pet(), tmp_path)
    for file in sorted(tmp_path.rglob("f*")):
        if rng.random() < 0.4:
            file.write_bytes(damaged(file.read_bytes(), rng))
    try:
        for series in scan(tmp_path, force=bool(seed % 2)).series:
            read_image(series)
    except NetlmError as error:
        assert error.faults  # noqa: PT017


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.nrrd", "a.dcm", "rtstruct.dcm"])
def test_damaged_masks(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "a.dcm":
        mask_builder.seg(path, {"Liver": test_masks.LIVER, "Tumor": test_masks.TUMOR})
    elif name == "rtstruct.dcm":
        mask_builder.rtstruct(path, {"Liver": test_rtstruct.ball(9, 2), "Tumor": test_rtstruct.ball(5, 2)})
    elif name == "a.nrrd":
        sitk.WriteImage(test_nifti_nrrd.sitk_image(test_nifti_nrrd.MASK), str(path))
    else:
        test_nifti_nrrd.save(path, test_nifti_nrrd.MASK)
    good, rng = path.read_bytes(), random.Random(11)
    refused = 0
    for _ in range(60):
        path.write_bytes(damaged(good, rng))
        try:
            read_mask(str(path))
        except NetlmError:
            refused += 1
    assert refused > 5


def test_deflate_bomb_is_skipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 31, with a smaller limit so that the test is quick: never inflated whole."""
    monkeypatch.setattr(preamble, "LARGEST_INFLATED", 8 * 2**20)
    items = builder.ct()
    for item in items:
        item.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    builder.write(items, tmp_path)
    head = (tmp_path / "d0" / "deep" / "f0").read_bytes()
    start = 144 + int.from_bytes(head[140:144], "little")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = bytes(2**20)
    bomb = b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    (tmp_path / "bomb").write_bytes(head[:start] + bomb)
    tracemalloc.start()
    study = scan(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 * 2**20
    assert [(entry.reason, entry.count) for entry in study.skipped] == [("inflates to more than 512 MiB", 1)]
    assert study.series[0].instances == 7
