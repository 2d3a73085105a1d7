"""Row 36: zip archives as input."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from conformance.case import Case, numbered, only
from conformance.rows_hostile import bomb
from conformance.rows_nifti import truth_of
from conformance.series import folder_case
from ingest import builder, rasters

STORED, DEFLATED, BZIP2 = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2
Change = Callable[[zipfile.ZipFile], object]


def zipped(
    change: Change = lambda archive: None, *, method: int = DEFLATED, edit: Callable[[bytes], bytes] = bytes
) -> Callable[[Path], Path]:
    """A CT in an archive; ``change`` adds to it, ``edit`` changes its bytes."""

    def fill(folder: Path) -> Path:
        builder.write(builder.ct(), folder / "ct")
        target = folder / "study.zip"
        with zipfile.ZipFile(target, "w", method) as archive:
            for file in sorted((folder / "ct").rglob("f*")):
                archive.write(file, file.relative_to(folder / "ct"))
            change(archive)
        target.write_bytes(edit(target.read_bytes()))
        return target

    return fill


def beside_images(folder: Path) -> Path:
    """Half of the slices in a zip, half beside it."""
    builder.write(builder.ct(), folder / "in")
    with zipfile.ZipFile(folder / "in" / "rest.zip", "w") as archive:
        for file in sorted((folder / "in").rglob("f*"))[:3]:
            archive.write(file, file.name)
            file.unlink()
    return folder / "in"


def zip_beside_bomb(folder: Path) -> Path:
    target = zipped()(folder)
    bomb(alone=True)(folder / "in")
    target.rename(folder / "in" / target.name)
    return folder / "in"


def adds(name: str, content: bytes = b"x", *, kind: int = 0o100644) -> Change:
    def change(archive: zipfile.ZipFile) -> None:
        entry = zipfile.ZipInfo(name)
        entry.external_attr, entry.create_system = kind << 16, 3
        archive.writestr(entry, content, compress_type=DEFLATED)

    return change


def adds_nifti(archive: zipfile.ZipFile) -> None:
    path = rasters.save(Path(archive.filename or "").parent / "hbp.nii.gz", rasters.VALUES)
    archive.write(path, "nested/hbp.nii.gz")
    path.unlink()


def encrypted(content: bytes) -> bytes:
    """The flag of every entry of the table of contents and of the entries themselves."""
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        parts = content.split(mark)
        parts[1:] = [
            part[: at - 4] + struct.pack("<H", part[at - 4] | 1) + part[at - 2 :] for part in parts[1:]
        ]
        content = mark.join(parts)
    return content


def many(archive: zipfile.ZipFile) -> None:
    for n in range(100_001):
        archive.writestr(zipfile.ZipInfo(f"x{n}"), b"")


def refused(what: str, code: str, fill: Callable[[Path], Path]) -> Case:
    return folder_case(36, what, fill, refused=[code], place="study.zip", over="zip")


CASES: list[Case] = [
    folder_case(36, "a CT in a zip", zipped(), over="zip", choose=only),
    folder_case(36, "a CT in a zip, not compressed", zipped(method=STORED), over="zip"),
    folder_case(36, "a CT and a NIfTI in a zip: the CT", zipped(adds_nifti), choose=numbered(1, of=2),
                over="zip"),
    folder_case(36, "a CT and a NIfTI in a zip: the NIfTI", zipped(adds_nifti), choose=numbered(2, of=2),
                over="zip",
                truth=truth_of(rasters.VALUES)),
    folder_case(36, "a zip beside the other slices", beside_images, over="zip"),
    folder_case(36, "a text file in a zip", zipped(adds("notes.txt")), notices=["FILES_SKIPPED"], over="zip"),
    folder_case(36, "a zip in a zip", zipped(adds("deep/more.zip", b"PK\x05\x06" + bytes(18))), over="zip",
                notices=["FILES_SKIPPED"]),
    refused("a zip with ../ in a name", "ZIP_UNSAFE_PATH", zipped(adds("../out"))),
    refused("a zip with ..\\ in a name", "ZIP_UNSAFE_PATH", zipped(adds("a\\..\\..\\out"))),
    refused("a zip with an absolute path", "ZIP_UNSAFE_PATH", zipped(adds("/etc/out"))),
    refused("a zip with a drive in a name", "ZIP_UNSAFE_PATH", zipped(adds("C:/out"))),
    refused("a zip with a link in it", "ZIP_UNSAFE_PATH", zipped(adds("link", b"/etc/passwd",
            kind=0o120777))),
    refused("a zip that inflates 1000-fold", "ZIP_RATIO", zipped(adds("zeros", bytes(64 * 2**20)))),
    refused("a zip of 100,001 files", "ZIP_TOO_MANY_FILES", zipped(many, method=STORED)),
    refused("a zip with a password", "ZIP_ENCRYPTED", zipped(edit=encrypted)),
    refused("a zip compressed by another method", "ZIP_METHOD", zipped(method=BZIP2)),
    refused("a zip cut off", "ZIP_DAMAGED", zipped(edit=lambda content: content[:-200])),
    refused("a zip with damaged content", "ZIP_DAMAGED", zipped(
            edit=lambda content: content[:300] + bytes(40) + content[340:])),
    refused("text named .zip", "ZIP_DAMAGED", zipped(edit=lambda content: b"hello")),
    folder_case(36, "a zip in a folder, beside a deflate bomb", zip_beside_bomb,
                notices=["FILES_SKIPPED"], over="zip"),
]  # fmt: skip
