"""DICOM SEG of all types and encodings, and SEG that cannot be trusted."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from ingest import builder, mask_builder
from ingest.mask_builder import one, seg
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as DicomSequence
from strategies import oblique_grid

from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import read_mask
from netlm_imaging.ingest.objects import count_parts
from netlm_imaging.ingest.seg_pixels import SegPixels

GRID = oblique_grid((6, 37, 41), (0.8, 1.7, 3.1))
"""1517 pixels a frame: no frame but the first begins with a byte."""
RNG = np.random.default_rng(8)
LABELS = RNG.integers(0, 4, GRID.shape_kji).astype(np.uint16)
LABELS[2] = 0
RLE, JPEG_2000, DEFLATED_FRAMES = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.8.1"
NAMES = ("Liver", "Tumor", "Vessel")
Array = npt.NDArray[Any]
Change = Callable[[Dataset], object]


def segments() -> dict[str, Array]:
    return {name: n == LABELS for n, name in enumerate(NAMES, start=1)}


def described(*numbers: int) -> DicomSequence:
    return DicomSequence([one(SegmentNumber=n, SegmentLabel=f"Part {n}")[0] for n in numbers])


def label_map(path: Path, labels: Array, *numbers: int, change: Change | None = None) -> Path:
    return seg(
        path, {"all": labels}, grid=GRID, kind="LABELMAP", SegmentSequence=described(*numbers), change=change
    )


def compressed(syntax: str) -> Change:
    def change(item: Dataset) -> None:
        item.compress(syntax, encoding_plugin="pylibjpeg")

    return change


def deflated_frames(item: Dataset) -> None:
    """As Deflated Image Frame Compression has it; the frames of a BINARY object one by one."""
    pixels = np.unpackbits(np.frombuffer(item.PixelData, np.uint8), bitorder="little")
    frames = pixels[: item.NumberOfFrames * item.Rows * item.Columns].reshape(item.NumberOfFrames, -1)
    packer = [zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS) for _ in frames]
    packed = [
        p.compress(np.packbits(frame, bitorder="little").tobytes()) + p.flush()
        for p, frame in zip(packer, frames, strict=True)
    ]
    item.PixelData = encapsulate([content + b"\0" * (len(content) % 2) for content in packed])
    item["PixelData"].VR = "OB"
    item.file_meta.TransferSyntaxUID = JPEG_2000


def as_deflated_frames(path: Path) -> Path:
    """pydicom does not know this transfer syntax: its name, in the place of one as long."""
    content = path.read_bytes()
    assert content.count(JPEG_2000.encode()) == 1
    path.write_bytes(content.replace(JPEG_2000.encode(), DEFLATED_FRAMES.encode() + b"\0"))
    return path


def deflated(item: Dataset) -> None:
    item.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"


def same_labels(path: Path, expected: Array, grid: Grid = GRID) -> None:
    """Every voxel of the file at its place in the patient."""
    labels = read_mask(str(path)).labels
    index = np.rint(labels.grid.to_index(grid.to_patient(np.argwhere(expected > -1)))).astype(int)
    there = ((index >= 0) & (index < labels.grid.shape_kji)).all(axis=1)
    values = np.zeros(len(index), dtype=int)
    values[there] = labels.array[tuple(index[there].T)]
    np.testing.assert_array_equal(values, expected.ravel())


@pytest.mark.parametrize("change", [None, deflated, deflated_frames])
def test_binary_frames_that_do_not_begin_with_a_byte(change: Change | None, tmp_path: Path) -> None:
    path = seg(tmp_path / "a.dcm", segments(), grid=GRID, change=change)
    same_labels(as_deflated_frames(path) if change is deflated_frames else path, LABELS)
    assert count_parts(path) == 3


@pytest.mark.parametrize("syntax", ["", RLE, JPEG_2000])
@pytest.mark.parametrize(("factor", "numbers"), [(1, (0, 1, 2, 3)), (200, (200, 400, 600))])
def test_label_maps(syntax: str, factor: int, numbers: tuple[int, ...], tmp_path: Path) -> None:
    """8 and 16 bits, segment numbers with gaps, with and without a background item."""
    change = compressed(syntax) if syntax else None
    path = label_map(tmp_path / "a.dcm", LABELS * factor, *numbers, change=change)
    same_labels(path, LABELS.astype(int) * factor)
    chosen = read_mask(f"{path}#part {2 * factor}").labels
    assert chosen.any.voxels == np.count_nonzero(LABELS == 2)
    assert chosen.labels == (1,)


@pytest.mark.parametrize("syntax", [RLE, JPEG_2000])
def test_compressed_fractions(syntax: str, tmp_path: Path) -> None:
    """0.5 of a maximum of 200 is inside, 0.495 is not."""
    fractions = np.where(LABELS == 1, 100, np.where(LABELS > 1, 99, 0)).astype(np.uint8)
    path = seg(
        tmp_path / "a.dcm", {"Liver": fractions}, grid=GRID, kind="FRACTIONAL", change=compressed(syntax)
    )
    same_labels(path, LABELS == 1)


def test_padding_is_background(tmp_path: Path) -> None:
    padded = np.where(LABELS == 0, 9, LABELS)
    path = label_map(tmp_path / "a.dcm", padded, 1, 2, 3, change=lambda d: setattr(d, "PixelPaddingValue", 9))
    same_labels(path, np.where(np.arange(6)[:, None, None] == 2, 0, LABELS).astype(int))


def test_the_segment_in_the_shared_groups(tmp_path: Path) -> None:
    """Writers put what all frames have in common there: the segment, where there is one only."""

    def share(item: Dataset) -> None:
        item.SharedFunctionalGroupsSequence[0].SegmentIdentificationSequence = one(ReferencedSegmentNumber=1)
        for frame in item.PerFrameFunctionalGroupsSequence:
            del frame.SegmentIdentificationSequence

    same_labels(seg(tmp_path / "a.dcm", {"Liver": LABELS == 1}, grid=GRID, change=share), LABELS == 1)


def test_frames_in_any_order(tmp_path: Path) -> None:
    def shuffle(item: Dataset) -> None:
        order = np.random.default_rng(3).permutation(item.NumberOfFrames)
        frames = list(item.PerFrameFunctionalGroupsSequence)
        pixels = np.frombuffer(item.PixelData, np.uint8).reshape(len(frames), -1)
        item.PerFrameFunctionalGroupsSequence = DicomSequence([frames[n] for n in order])
        item.PixelData = pixels[order].tobytes()

    path = seg(
        tmp_path / "a.dcm",
        {name: mask * np.uint8(200) for name, mask in segments().items()},
        grid=GRID,
        kind="FRACTIONAL",
        change=shuffle,
    )
    same_labels(path, LABELS)


def test_one_segment_decodes_its_own_frames_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = seg(tmp_path / "a.dcm", segments(), grid=GRID)
    read, asked = SegPixels.read, []
    monkeypatch.setattr(
        SegPixels, "read", lambda self, wanted: asked.append(list(wanted)) or read(self, wanted)
    )
    read_mask(f"{path}#Tumor")
    assert asked == [[5, 6, 7, 8, 9]]


def test_positions_of_a_ge_scanner(tmp_path: Path) -> None:
    """Row 7: steps of 3.27, 3.29 and 3.19 mm load, for a mask as for its image."""
    grid = Grid(shape_kji=(30, 4, 5), spacing_mm=(0.8, 1.7, 3.27), origin_mm=(3.0, 5.0, 7.0))
    heights = 7 + np.concatenate([[0], np.cumsum(np.resize([3.27, 3.27, 3.29, 3.27, 3.19], 29))])

    def jitter(item: Dataset) -> None:
        for frame, z in zip(item.PerFrameFunctionalGroupsSequence, heights, strict=True):
            frame.PlanePositionSequence[0].ImagePositionPatient[2] = f"{z:.3f}"

    path = seg(tmp_path / "a.dcm", {"Liver": np.ones(grid.shape_kji)}, grid=grid, change=jitter)
    assert read_mask(str(path)).labels.grid.shape_kji == grid.shape_kji


def set_(**values: Any) -> Change:
    def change(item: Dataset) -> None:
        for name, value in values.items():
            setattr(item, name, value)

    return change


def without(*names: str) -> Change:
    def change(item: Dataset) -> None:
        for name in names:
            delattr(item, name)

    return change


def in_frame(n: int, sequence: str, **values: Any) -> Change:
    def change(item: Dataset) -> None:
        setattr(item.PerFrameFunctionalGroupsSequence[n], sequence, one(**values))

    return change


def not_shared(sequence: str) -> Change:
    return lambda item: delattr(item.SharedFunctionalGroupsSequence[0], sequence)


TURNED = [round(float(x), 9) for x in GRID.axes[:, [1, 0]].T.ravel()]
BETWEEN = [round(float(x), 5) for x in GRID.to_patient([3.6, 0, 0])]
BREAKS: list[tuple[str, Change]] = [
    ("SEG_FRAME_COUNT", set_(NumberOfFrames=4)),
    ("SEG_FRAME_COUNT", without("PerFrameFunctionalGroupsSequence")),
    ("SEG_GEOMETRY", not_shared("PlaneOrientationSequence")),
    ("SEG_GEOMETRY", not_shared("PixelMeasuresSequence")),
    ("SEG_GEOMETRY", without("SharedFunctionalGroupsSequence")),
    ("SEG_GEOMETRY", in_frame(3, "PlanePositionSequence")),
    ("SEG_GEOMETRY", in_frame(3, "PlanePositionSequence", ImagePositionPatient=[0, 0, 1e30])),
    ("SEG_GEOMETRY", in_frame(3, "PlaneOrientationSequence", ImageOrientationPatient=TURNED)),
    ("SEG_GEOMETRY", in_frame(3, "PlaneOrientationSequence", ImageOrientationPatient=[1, 0, 0, 1, 0, 0])),
    ("SEG_GEOMETRY", in_frame(3, "PixelMeasuresSequence", PixelSpacing=[1.7, 0.9])),
    ("SEG_GEOMETRY", in_frame(0, "PixelMeasuresSequence", PixelSpacing=[1.7, 0])),
    ("UNEVEN_SPACING", in_frame(3, "PlanePositionSequence", ImagePositionPatient=BETWEEN)),
    ("SEG_DESCRIPTION", without("SegmentSequence")),
    ("SEG_DESCRIPTION", set_(SegmentSequence=described(1, 2))),
    ("SEG_DESCRIPTION", set_(SegmentSequence=described(1, 2, 2))),
    ("SEG_DESCRIPTION", set_(SegmentSequence=described(0, 1, 2, 3))),
    ("SEG_DESCRIPTION", in_frame(3, "SegmentIdentificationSequence")),
    ("SEG_DESCRIPTION", in_frame(3, "SegmentIdentificationSequence", ReferencedSegmentNumber=7)),
    ("SEG_NO_FRAME_OF_REFERENCE", without("FrameOfReferenceUID")),
    ("SEG_TYPE", without("SegmentationType")),
    ("SEG_TYPE", set_(SegmentationType="FRACTIONAL")),
    ("TRUNCATED_FILE", lambda item: setattr(item, "PixelData", item.PixelData[:-4])),
    ("TRUNCATED_FILE", without("PixelData")),
    ("BAD_BITS", set_(BitsAllocated=32)),
    ("BAD_BITS", set_(SamplesPerPixel=3)),
    ("TRUNCATED_FILE", set_(Rows=16_000, Columns=16_000)),
    ("BAD_SIZE", set_(Rows=65_535, Columns=65_535)),
    ("BAD_SIZE", set_(Rows=0)),
    ("UNREADABLE", set_(SOPClassUID=builder.SOP_CLASS["MR"])),
]


@pytest.mark.parametrize(("code", "change"), BREAKS)
def test_damaged(code: str, change: Change, tmp_path: Path) -> None:
    """Row 48; nothing is taken for what the header only says."""
    path = seg(tmp_path / "a.dcm", segments(), grid=GRID, change=change)
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert code in caught.value.codes
    assert peak < 4 * 2**20
    assert not [secret for secret in builder.SECRETS if secret in str(caught.value)]


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    def change(item: Dataset) -> None:
        without("FrameOfReferenceUID", "SegmentSequence")(item)
        set_(NumberOfFrames=3, BitsAllocated=12, SegmentationType="OTHER")(item)
        in_frame(0, "PlanePositionSequence")(item)
        not_shared("PlaneOrientationSequence")(item)

    with pytest.raises(InputError) as caught:
        read_mask(str(seg(tmp_path / "a.dcm", segments(), grid=GRID, change=change)))
    assert sorted(caught.value.codes) == [
        "BAD_BITS", "SEG_DESCRIPTION", "SEG_FRAME_COUNT", "SEG_GEOMETRY", "SEG_GEOMETRY",
        "SEG_NO_FRAME_OF_REFERENCE", "SEG_TYPE",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "numbers", "change"),
    [
        ("SEG_DESCRIPTION", (1, 2), None),
        ("SEG_DESCRIPTION", (0, 1, 2, 3), set_(PixelPaddingValue=9)),
        ("SEG_FRAMES_REPEATED", (1, 2, 3), lambda item: item.PerFrameFunctionalGroupsSequence.__setitem__(
            3, item.PerFrameFunctionalGroupsSequence[2])),
    ],
)  # fmt: skip
def test_damaged_label_maps(
    code: str, numbers: tuple[int, ...], change: Change | None, tmp_path: Path
) -> None:
    path = label_map(tmp_path / "a.dcm", LABELS, *numbers, change=change)
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    assert caught.value.codes == (code,)


def test_frames_far_apart_take_no_memory(tmp_path: Path) -> None:
    """Two frames, and so many slices between them that no scanner makes them."""
    far = in_frame(1, "PlanePositionSequence", ImagePositionPatient=[-31, 57, 99_999])
    values = mask_builder.shared_groups(GRID)
    values[0].PixelMeasuresSequence[0].SpacingBetweenSlices = "0.001"
    axial = set_(SharedFunctionalGroupsSequence=values)
    values[0].PlaneOrientationSequence[0].ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    mask = np.zeros(GRID.shape_kji)
    mask[:2] = 1

    def change(item: Dataset) -> None:
        in_frame(0, "PlanePositionSequence", ImagePositionPatient=[-31, 57, 140])(item)
        far(item)
        axial(item)

    path = seg(tmp_path / "a.dcm", {"Liver": mask}, grid=GRID, change=change)
    tracemalloc.start()
    with pytest.raises(InputError) as caught:
        read_mask(str(path))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.codes == ("BAD_SIZE",)
    assert peak < 4 * 2**20


@pytest.mark.parametrize("syntax", [RLE, DEFLATED_FRAMES, JPEG_2000, "1.2.840.10008.1.2.4.201"])
def test_frames_that_do_not_decode(syntax: str, tmp_path: Path) -> None:
    def change(item: Dataset) -> None:
        item.PixelData = encapsulate([b"no frame"] * item.NumberOfFrames)
        item["PixelData"].VR = "OB"
        item.file_meta.TransferSyntaxUID = JPEG_2000 if syntax == DEFLATED_FRAMES else syntax

    path = label_map(tmp_path / "a.dcm", LABELS, 1, 2, 3, change=change)
    with pytest.raises(InputError) as caught:
        read_mask(str(as_deflated_frames(path) if syntax == DEFLATED_FRAMES else path))
    assert caught.value.codes == ("PIXELS_UNREADABLE",)
    assert syntax in str(caught.value)
