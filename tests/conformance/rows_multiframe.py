"""Rows 18 and 37: enhanced multi-frame objects, whole, in parts, and with lies about their frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from conformance import codecs
from conformance.breaks import Break, Items, assign, drop, on_slice, shift, turn, untouched
from conformance.case import Answer, Case, Command, Truth, numbered, only, read_series
from conformance.series import MODALITIES, good, quiet, series_cases
from ingest import builder, enhanced
from pydicom.dataset import Dataset

SHUFFLED = (4, 0, 6, 2, 5, 1, 3)
Objects = Callable[[Dataset], Sequence[Dataset]]


def whole(found: Dataset) -> list[Dataset]:
    return [found]


def changed(change: Callable[[Dataset], object]) -> Objects:
    def apply(found: Dataset) -> list[Dataset]:
        change(found)
        return [found]

    return apply


def multiframe(
    row: int, what: str, objects: Objects = whole, *, frames: Break = untouched, shared: Sequence[str] = (),
    over: Sequence[str] = ("CT", "MR", "PT"), refused: Sequence[str] = (), notices: Sequence[str] = (),
    says: Sequence[str] = (), place: str = "series 1", truth: Callable[[Truth], Truth] = lambda found: found,
) -> list[Case]:  # fmt: skip
    """One case a modality; ``frames`` breaks the classic images that the object is made of."""

    def make(modality: str) -> Case:
        def ask(folder: Path, command: Command) -> Answer:
            with quiet():
                found = enhanced.enhanced(frames(MODALITIES[modality]()), shared=shared)
                path = enhanced.save(objects(found), folder / "in")
            return read_series(path, choose=only, raw=True)

        return Case(row=row, what=what, ask=ask, refused=tuple(refused), notices=tuple(notices),
                    truth=None if refused else lambda: truth(good(modality)), says=tuple(says),
                    place=place if refused else "", over=f"enhanced {modality}")  # fmt: skip

    return [make(modality) for modality in over]


def shuffle(items: Items) -> Items:
    return [items[n] for n in SHUFFLED]


def without_group(name: str) -> Callable[[Dataset], None]:
    """One frame without a functional group."""
    return lambda found: delattr(found.PerFrameFunctionalGroupsSequence[2], name)


def without_description(found: Dataset) -> None:
    del found.PerFrameFunctionalGroupsSequence[2]


def half_pixels(found: Dataset) -> None:
    found.PixelData = found.PixelData[: len(found.PixelData) // 2]


def parts(*sizes: int, without: int | None = None) -> Objects:
    def cut(found: Dataset) -> list[Dataset]:
        objects = enhanced.concatenation(found, sizes)
        return [part for n, part in enumerate(objects) if n != without][::-1]

    return cut


def undeclared(*sizes: int, keep: Sequence[int], renumber: bool = False) -> Objects:
    """Parts that do not say how many there are."""

    def cut(found: Dataset) -> list[Dataset]:
        objects = enhanced.concatenation(found, sizes, declared=False)
        kept = [objects[n] for n in keep]
        for number, part in enumerate(kept, start=1):
            part.InConcatenationNumber = number if renumber else part.InConcatenationNumber
        return kept

    return cut


def compressed(syntax: str) -> Objects:
    return lambda found: codecs.compress([found], syntax)


def cut_stream(found: Dataset) -> list[Dataset]:
    planes = codecs.stored(found)
    codecs.compress([found], codecs.JPEG_LS)
    frames = [codecs.ENCODERS[codecs.JPEG_LS](plane, 16) for plane in planes]
    codecs.set_frames(found, [*frames[:3], frames[3][: len(frames[3]) // 2], *frames[4:]])
    return [found]


def two_echoes(number: int, seed: int) -> Case:
    def ask(folder: Path, command: Command) -> Answer:
        first, second = builder.mr(seed=4), builder.mr(seed=5)
        for items, echo in ((first, "1.2"), (second, "2.4")):
            for item in items:
                item.EchoTime = echo
        mixed = [item for pair in zip(first, second, strict=True) for item in pair]
        path = enhanced.save([enhanced.enhanced(mixed)], folder / "in")
        return read_series(path, choose=numbered(number, of=2))

    return Case(row=11, what=f"two echoes in one multi-frame object: volume {number}", ask=ask,
                notices=("SERIES_SPLIT",), truth=lambda: replace(good("MR"),
                array=builder.pattern(seed=seed)),
                over="enhanced MR")  # fmt: skip


SHARED = ("PlaneOrientationSequence", "PixelMeasuresSequence")
CASES: list[Case] = [
    *multiframe(37, "an enhanced multi-frame object"),
    *multiframe(37, "frames in any order", frames=shuffle),
    *multiframe(37, "orientation and spacing once for all frames", shared=SHARED),
    *multiframe(37, "an object in three files (concatenation)", parts(3, 2, 2)),
    *(case for n in range(3) for case in multiframe(
        37, f"part {n + 1} of three of a concatenation missing", parts(3, 2, 2, without=n),
        refused=["CONCAT_INCOMPLETE"] + (["MISSING_SLICE"] if n == 1 else []))),
    *multiframe(37, "an object in three files that do not say how many they are",
                undeclared(3, 2, 2, keep=(0, 1, 2)), notices=["SLICES_MAY_BE_MISSING"]),
    *multiframe(37, "the last of three files that do not say how many they are missing",
                undeclared(3, 2, 2, keep=(0, 1)), notices=["SLICES_MAY_BE_MISSING"],
                truth=lambda found: found.slices(0, 5)),
    *multiframe(37, "the first part of a concatenation missing, the others numbered anew",
                undeclared(3, 2, 2, keep=(1, 2), renumber=True), refused=["CONCAT_INCOMPLETE"]),
    *(case for syntax in codecs.NAMES for case in multiframe(
        29, f"{codecs.NAMES[syntax]} frames", compressed(syntax), frames=shuffle)),
    two_echoes(1, 4),
    two_echoes(2, 5),
    *multiframe(1, "a frame missing", frames=drop(3), refused=["MISSING_SLICE"]),
    *multiframe(8, "frames of a tilted gantry", frames=shift(lambda k: 0.25 * k, axis=1), refused=["TILT"]),
    *multiframe(21, "one frame rotated by 1 degree", frames=on_slice(3, turn(1.0)),
                refused=["ORIENTATION_MIXED"]),
    *multiframe(14, "a slope of 0 in one frame", frames=on_slice(1, assign(RescaleSlope="0",
                RescaleIntercept="0")),
                refused=["BAD_RESCALE"]),
    *multiframe(20, "a frame without position", changed(without_group("PlanePositionSequence")),
                refused=["NO_POSITION"]),
    *multiframe(20, "a frame without orientation", changed(without_group("PlaneOrientationSequence")),
                refused=["BAD_ORIENTATION"]),
    *multiframe(19, "a frame without pixel spacing", changed(without_group("PixelMeasuresSequence")),
                refused=["BAD_SPACING"]),
    *multiframe(12, "a frame without rescale", changed(without_group("PixelValueTransformationSequence")),
                over=["CT", "PT"], refused=["NO_RESCALE"]),
    *multiframe(37, "fewer frame descriptions than frames", changed(without_description),
                refused=["FRAME_COUNT"]),
    *multiframe(37, "no frame descriptions at all", changed(lambda found: delattr(
                found, "PerFrameFunctionalGroupsSequence")), refused=["MULTIFRAME_UNSUPPORTED"]),
    *multiframe(18, "2,000,000,000 frames declared", changed(assign(NumberOfFrames=2_000_000_000)),
                refused=["FRAME_COUNT", "TRUNCATED_FILE"]),
    *multiframe(16, "half of the pixels of a multi-frame object", changed(half_pixels),
                refused=["TRUNCATED_FILE"]),
    *multiframe(30, "one code stream cut in half", cut_stream, refused=["PIXELS_UNREADABLE"], place="e0"),
    *series_cases(18, "a classic image that declares 2,000,000,000 frames", on_slice(
                  0, assign(NumberOfFrames=2_000_000_000)), refused=["MULTIFRAME_UNSUPPORTED",
                  "TRUNCATED_FILE"]),
]  # fmt: skip
