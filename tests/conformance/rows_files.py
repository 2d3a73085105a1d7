"""Rows 9 to 11, 17, 22, 23 and 27: what lies in one folder, and which images make one volume."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

from conformance.breaks import Items, assign, copy_of, on_all, rename
from conformance.case import Case, Truth, numbered, with_role
from conformance.series import folder_case, good, series_cases
from ingest import builder
from pydicom.dataset import Dataset

from netlm_imaging.ingest import Series, Study

PLANES = ([1, 0, 0, 0, 1, 0], [1, 0, 0, 0, 0, -1], [0, 1, 0, 0, 0, -1])


def mr(**values: object) -> Items:
    """The good MR with some attributes set, under UIDs of its own in the same series."""
    seed = int(str(values.pop("seed", 2)))
    items = on_all(assign(**values))(builder.mr(seed=seed))
    for k, item in enumerate(items):
        rename(item, seed, k)
    return items


def localizer() -> Items:
    items = builder.mr(series="scout")[:6]
    for n, item in enumerate(items):
        item.ImageOrientationPatient = PLANES[n % 3]
    return items


def capture(**values: object) -> Items:
    return on_all(assign(**values))(builder.ct(series="capture")[:1])


COLOR = {"SamplesPerPixel": 3, "PlanarConfiguration": 0, "PixelData": bytes(6 * 9 * 3 * 2)}
SECONDARY = "1.2.840.10008.5.1.4.1.1.7"


def beside_ct(*others: Items) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        builder.write(builder.ct(), folder)
        for n, items in enumerate(others):
            builder.write(items, folder, prefix=f"x{n}")

    return fill


def alone(items: Callable[[], Items]) -> Callable[[Path], None]:
    return lambda folder: builder.write(items(), folder) and None


def junk(name: str, content: bytes) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        builder.write(builder.ct(), folder)
        (folder / name).write_bytes(content)

    return fill


def emptied(name: str, content: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """One file of the CT with other content."""

    def fill(folder: Path) -> None:
        builder.write(builder.ct(), folder)
        file = folder / name
        file.write_bytes(content(file.read_bytes()))

    return fill


def two(first: Items, second: Items) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        builder.write(first, folder)
        builder.write(second, folder, prefix="second")

    return fill


def of(seed: int) -> Callable[[], Truth]:
    return lambda: replace(good("MR"), array=builder.pattern(seed=seed))


def split_case(
    what: str, name: str, values: tuple[object, object], rule: str, *, part: int = 1, seed: int = 2
) -> Case:
    """Two volumes told apart by one attribute; ``part`` must be the volume made with ``seed``."""
    return folder_case(
        11,
        what,
        lambda folder: two(mr(**{name: values[0]}), mr(seed=5, **{name: values[1]}))(folder),
        notices=["SERIES_SPLIT"],
        truth=of(seed),
        says=[f"split by {rule}"],
        choose=numbered(part, of=2),
        over="MR",
    )


def three_phases_two_echoes(folder: Path) -> None:
    for n in range(6):
        items = mr(seed=10 + n, AcquisitionNumber=n // 2 + 1, EchoTime=("1.2", "2.4")[n % 2])
        builder.write(items, folder, prefix=f"v{n}")


def times_at_every_slice(folder: Path) -> None:
    for phase in (0, 1):
        items = mr(seed=phase + 2, AcquisitionNumber=1)
        for k, item in enumerate(items):
            item.AcquisitionTime = f"10{phase:02d}{k:02d}"
        builder.write(items, folder, prefix=f"p{phase}")


def two_stacks(folder: Path) -> None:
    """Axial and coronal images under one UID."""
    turned = mr(seed=5)
    for k, item in enumerate(turned):
        item.ImageOrientationPatient = PLANES[1]
        item.ImagePositionPatient = [0, round(2.1 * k, 3), 0]
    two(builder.mr(), turned)(folder)


def without_uids(folder: Path) -> None:
    items = on_all(assign(SeriesInstanceUID="", StudyInstanceUID="", SOPInstanceUID=""))(builder.ct())
    for n, item in enumerate(items):
        item.save_as(folder / str(n), enforce_file_format=True)


def packed(name: str, mode: Literal["w", "w:gz"]) -> Callable[[Path], None]:
    def fill(folder: Path) -> None:
        builder.write(builder.ct(), folder / "ct")
        with tarfile.open(folder / name, mode) as archive:
            archive.add(folder / "ct", "ct")
        shutil.rmtree(folder / "ct")

    return fill


def other_patient(items: Items) -> Items:
    return on_all(assign(PatientID="SECRET-OTHER", PatientName="SECRET^OTHER"))(items)


def other_frame(items: Items) -> Items:
    return on_all(assign(FrameOfReferenceUID=builder.uid("elsewhere")))(items)


def again(item: Dataset) -> Dataset:
    other = copy_of(item)
    rename(other, "later")
    other.AcquisitionNumber = 2
    return other


def first(study: Study) -> Series:
    return study.series[0]


DICOMDIR = bytes(128) + b"DICM" + b"\x02\x00\x00\x00junk"
CASES: list[Case] = [
    folder_case(9, "a three-plane localizer beside a CT", beside_ct(localizer()), notices=["FILES_SKIPPED"],
                says=["6 files skipped: localizer"]),
    folder_case(9, "a scout marked LOCALIZER beside a CT", beside_ct(on_all(assign(ImageType=[
                "ORIGINAL", "PRIMARY", "LOCALIZER"]))(builder.ct(series="g"))), notices=["FILES_SKIPPED"],
                says=["7 files skipped: localizer"]),
    folder_case(9, "nothing but a localizer", alone(localizer), refused=["NO_IMAGES"], says=["6 localizer"]),
    folder_case(9, "a single image beside a CT", beside_ct(builder.mr()[:1]), notices=["FILES_SKIPPED"],
                says=["single image, no volume"]),
    folder_case(10, "CT, MR and PET in one folder: the CT", beside_ct(builder.mr(), builder.pet()),
                choose=with_role("ct")),
    folder_case(10, "CT, MR and PET in one folder: the PET", beside_ct(builder.mr(), builder.pet()),
                choose=with_role("pet"), truth=lambda: good("PT")),
    folder_case(10, "two CT series and no word which one", beside_ct(builder.ct(series="b")),
                choose=with_role("ct"), refused=["AMBIGUOUS_ROLE"], says=["series 1", "series 2",
                "--series ct="]),
    folder_case(10, "images without a SeriesInstanceUID", without_uids, notices=["SERIES_UID_MISSING"]),
    split_case("two acquisitions under one series UID", "AcquisitionNumber", (1, 2), "acquisition number"),
    split_case("two acquisitions under one series UID: the second", "AcquisitionNumber", (1, 2),
               "acquisition number", part=2, seed=5),
    split_case("two trigger times under one series UID", "TriggerTime", ("0", "650"), "trigger time"),
    split_case("two echoes under one series UID", "EchoTime", ("1.2", "2.4"), "echo"),
    split_case("two b-values under one series UID", "DiffusionBValue", (50.0, 800.0), "b-value"),
    split_case("two acquisition times under one series UID", "AcquisitionTime", ("100000", "100130"),
               "acquisition time"),
    split_case("two temporal positions under one series UID", "TemporalPositionIdentifier", (1, 2),
               "temporal position"),
    split_case("two Dixon parts under one series UID", "ImageType",
               (["DERIVED", "PRIMARY", "W"], ["DERIVED", "PRIMARY", "F"]), "image type", part=2),
    folder_case(11, "three phases of two echoes under one series UID", three_phases_two_echoes, over="MR",
                notices=["SERIES_SPLIT"], choose=numbered(2, of=6), truth=of(12),
                says=["split by echo, then acquisition number"]),
    folder_case(11, "two phases whose times differ at every slice", times_at_every_slice, over="MR",
                notices=["SERIES_SPLIT"], choose=numbered(1, of=2), truth=of(2),
                says=["order of acquisition time at each position"]),
    folder_case(11, "two orientations under one series UID", two_stacks, over="MR", notices=["SERIES_SPLIT"],
                choose=numbered(1, of=2), truth=of(2), says=["split by orientation"]),
    folder_case(17, "an empty file among the images", junk("empty", b""), notices=["FILES_SKIPPED"],
                says=["1 files skipped: empty file"]),
    folder_case(17, "a text file among the images", junk("notes.txt", b"hello"), notices=["FILES_SKIPPED"]),
    folder_case(17, "Thumbs.db among the images", junk("Thumbs.db", b"\xd0\xcf\x11\xe0" + bytes(400)),
                notices=["FILES_SKIPPED"]),
    folder_case(17, "a DICOMDIR among the images", junk("DICOMDIR", DICOMDIR), notices=["FILES_SKIPPED"]),
    folder_case(17, "what macOS leaves beside a file", junk("._f0", bytes(200)), notices=["FILES_SKIPPED"]),
    folder_case(17, "one slice emptied", emptied("d1/deep/f3", lambda _: b""), choose=first,
                refused=["MISSING_SLICE"], place="series 1"),
    folder_case(17, "one slice overwritten with text", emptied("d1/deep/f3", lambda _: b"hello"),
                choose=first,
                refused=["MISSING_SLICE"], place="series 1"),
    folder_case(17, "one slice cut off inside its header", emptied("d1/deep/f3",
                lambda content: content[:300]),
                choose=first, refused=["MISSING_SLICE"], place="series 1"),
    folder_case(16, "one slice cut off inside its pixels", emptied("d1/deep/f3",
                lambda content: content[:-20]),
                refused=["TRUNCATED_FILE"], place="series 1", says=["d1/deep/f3"]),
    folder_case(17, "nothing but text", lambda folder: (folder / "a.txt").write_text("hello"),
                refused=["NO_IMAGES"], says=["1 not DICOM"]),
    folder_case(17, "a tar archive alone", packed("study.tar", "w"), refused=["NO_IMAGES"],
                says=["1 tar archive, not opened", "Unpack it"]),
    folder_case(17, "a compressed tar archive alone", packed("study.tgz", "w:gz"), refused=["NO_IMAGES"],
                says=["1 gzip-compressed file, not opened", "Unpack it"]),
    folder_case(17, "an empty folder", lambda folder: None, refused=["NO_IMAGES"], says=["an empty folder"]),
    folder_case(22, "two patients in one study", beside_ct(other_patient(builder.mr())),
                choose=with_role("ct"), refused=["PATIENT_MISMATCH"],
                says=["hashes", ": series 1", ": series 2"]),
    folder_case(23, "two series in two frames of reference", beside_ct(other_frame(builder.mr())),
                choose=with_role("ct")),
    folder_case(27, "a secondary capture beside a CT", beside_ct(capture(SOPClassUID=SECONDARY)),
                notices=["FILES_SKIPPED"], says=["1 files skipped: secondary capture"]),
    folder_case(27, "an RGB screen capture beside a CT", beside_ct(capture(PhotometricInterpretation="RGB",
                **COLOR)), notices=["FILES_SKIPPED"], says=["color image (screen capture)"]),
    folder_case(27, "a YBR screen capture beside a CT",
                beside_ct(capture(PhotometricInterpretation="YBR_FULL",
                **COLOR)), notices=["FILES_SKIPPED"], says=["color image (screen capture)"]),
    folder_case(27, "an image of palette colors beside a CT", beside_ct(capture(
                PhotometricInterpretation="PALETTE COLOR")), notices=["FILES_SKIPPED"]),
    folder_case(27, "nothing but a screen capture", alone(lambda: capture(SOPClassUID=SECONDARY)),
                refused=["NO_IMAGES"], says=["1 secondary capture"]),
    folder_case(27, "a structured report beside a CT", beside_ct(capture(Modality="SR")),
                notices=["FILES_SKIPPED"], says=["SR object"]),
    *series_cases(11, "one slice repeated under another acquisition number", lambda items: [*items,
                  again(items[3])],
                  over=["MR"], notices=["DUPLICATE_DROPPED"]),
]  # fmt: skip
