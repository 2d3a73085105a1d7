"""The good inputs that the fuzzer damages, and how each is given to the program."""

from __future__ import annotations

import functools
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import pydicom
import SimpleITK as sitk
from conformance import codecs, mutate
from conformance.mutate import Mutator
from conformance.rows_rtstruct import AXES
from conformance.series import quiet
from ingest import builder, enhanced, mask_builder, rasters
from pydicom.dataset import Dataset
from strategies import oblique_grid

from netlm_imaging.ingest import read_image, read_mask, scan

GRID = oblique_grid((4, 12, 10), (0.9, 1.3, 2.1))
MAKERS = (builder.ct, builder.mr, builder.pet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of input: how it is written, damaged, and read."""

    write: Callable[[Path, int], object]
    """Fills a folder; the number picks a variant."""
    mutators: Sequence[Mutator]
    read: Callable[[Path, Random], object]
    share: float = 1.0
    """Of the mutants, beside the other kinds."""


def series(path: Path, rng: Random) -> None:
    """Scan and read everything in a folder."""
    for found in scan(path, force=rng.random() < 0.5, assume_affine=rng.random() < 0.5).series:
        read_image(found, raw=rng.random() < 0.5, resample_uneven=rng.random() < 0.5)


def mask(path: Path, rng: Random) -> None:
    """Read the first file of a folder as a mask; sometimes scan the folder too."""
    file = min(path.iterdir())
    if rng.random() < 0.2:
        scan(path)
    read_mask(str(file), assume_affine=rng.random() < 0.5)


def classic(syntax: str = "") -> Callable[[Path, int], object]:
    def write(folder: Path, variant: int) -> None:
        items = MAKERS[variant % 3](GRID)
        found = codecs.compress(items, syntax) if syntax else items
        save(found, folder)

    return write


def implicit(folder: Path, variant: int) -> None:
    for n, item in enumerate(MAKERS[variant % 3](GRID)):
        item.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2"
        item.save_as(folder / f"f{n}", enforce_file_format=True)


def multiframe(syntax: str = "") -> Callable[[Path, int], object]:
    def write(folder: Path, variant: int) -> None:
        whole = enhanced.enhanced(MAKERS[variant % 3](GRID))
        found = codecs.compress([whole], syntax) if syntax else [whole]
        save(enhanced.concatenation(whole, (2, 2)) if variant % 2 and not syntax else found, folder)

    return write


def save(items: Sequence[Dataset], folder: Path) -> None:
    for n, item in enumerate(items):
        item.save_as(folder / f"f{n}", enforce_file_format=True)


def seg(folder: Path, variant: int) -> None:
    liver = np.random.default_rng(4).random(mask_builder.GRID.shape_kji) > 0.4
    kind = ("BINARY", "FRACTIONAL", "LABELMAP")[variant % 3]
    inside = 150 if kind == "FRACTIONAL" else 1
    segments = {"Liver": liver * inside, "Tumor": liver[::-1] * (0 if kind == "LABELMAP" else inside)}
    mask_builder.seg(folder / "a.dcm", segments, kind=kind)


def rtstruct(folder: Path, variant: int) -> None:
    """A ball with a hole and a smaller one, in contours of few points."""
    outer = [ring(np.sqrt(144 - h**2), h) for h in range(-10, 11, 2)]
    hole = [ring(3.0, h, beside=4.0) for h in range(-4, 5, 2)]
    small = [ring(2.0, h, beside=30.0) for h in range(-4, 5, 2)]
    mask_builder.rtstruct(folder / "a.dcm", {"Liver": [*outer, *hole], "Tumor": small})


def ring(radius: float, height: float, *, beside: float = 0.0) -> Dataset:
    angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
    points = [beside + radius * np.cos(angle), radius * np.sin(angle), np.full_like(angle, height)]
    return mask_builder.contour(np.stack(points, axis=1) @ AXES.T)


def nifti(name: str) -> Callable[[Path, int], object]:
    def write(folder: Path, variant: int) -> None:
        kinds = (np.int16, np.uint8, np.float32, np.float64, np.int32)
        rasters.save(folder / name, rasters.MASK.astype(kinds[variant % len(kinds)]))

    return write


def nrrd(folder: Path, variant: int) -> None:
    sitk.WriteImage(
        rasters.sitk_image(rasters.MASK), str(folder / "a.nrrd"), useCompression=bool(variant % 2)
    )


def zipped(folder: Path, variant: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        inside = Path(name)
        save(MAKERS[variant % 3](GRID), inside)
        method = zipfile.ZIP_DEFLATED if variant % 2 else zipfile.ZIP_STORED
        with zipfile.ZipFile(folder / "a.zip", "w", method) as archive:
            for file in sorted(inside.iterdir()):
                archive.write(file, file.name)


def _of(write: Callable[[Path, int], object], mutators: Sequence[Mutator], *, masks: bool = False,
        share: float = 1.0) -> Kind:  # fmt: skip
    return Kind(write=write, mutators=mutators, read=mask if masks else series, share=share)


KINDS: Mapping[str, Kind] = {
    "native": _of(classic(), mutate.DICOM, share=3.0),
    "implicit": _of(implicit, mutate.ANY),
    "deflated": _of(classic(codecs.DEFLATED), mutate.DEFLATED),
    "rle": _of(classic(codecs.RLE), mutate.DICOM),
    "jpeg-lossless": _of(classic(codecs.JPEG_LOSSLESS_SV1), mutate.DICOM),
    "jpeg-ls": _of(classic(codecs.JPEG_LS), mutate.DICOM),
    "jpeg-2000": _of(classic(codecs.JPEG_2000), mutate.DICOM),
    "htj2k": _of(classic(codecs.HTJ2K), mutate.DICOM),
    "enhanced": _of(multiframe(), mutate.DICOM, share=2.0),
    "enhanced-jpeg-ls": _of(multiframe(codecs.JPEG_LS), mutate.DICOM),
    "seg": _of(seg, mutate.DICOM, masks=True, share=2.0),
    "rtstruct": _of(rtstruct, mutate.DICOM, masks=True, share=2.0),
    "nifti": _of(nifti("a.nii"), mutate.NIFTI, masks=True),
    "nifti-gz": _of(nifti("a.nii.gz"), mutate.NIFTI_GZ, masks=True),
    "nifti-image": _of(nifti("a.nii"), mutate.NIFTI),
    "nrrd": _of(nrrd, mutate.NRRD, masks=True),
    "zip": _of(zipped, mutate.ANY),
}


def loosen(dataset: Dataset) -> None:
    """Sequences of undefined length, so that damage inside of them does not shift all that follows."""
    for element in dataset:
        if element.VR == "SQ":
            element.is_undefined_length = True
            for item in element.value:
                item.is_undefined_length_sequence_item = True
                loosen(item)


@functools.cache
def good_files(kind: str, variant: int) -> Mapping[str, bytes]:
    """The undamaged files of a kind, by name."""
    with tempfile.TemporaryDirectory() as name, quiet():
        folder = Path(name)
        KINDS[kind].write(folder, variant)
        if KINDS[kind].mutators is mutate.DICOM and variant % 3:
            for file in folder.iterdir():
                dataset = pydicom.dcmread(file)
                loosen(dataset)
                dataset.save_as(file)
        return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def write_mutant(kind: str, seed: int, folder: Path) -> Random:
    """The mutant in an emptied folder; the generator goes on to choose how it is read."""
    rng = Random(f"{kind} {seed}")
    files = dict(good_files(kind, seed % 6))
    steps = [rng.choice(KINDS[kind].mutators) for _ in range(rng.choice((1, 1, 1, 2, 3)))]
    hit = list(files) if rng.random() < 0.25 else [rng.choice(list(files))]
    again = rng.randrange(2**32)
    for name in hit:
        damage = Random(again)  # all files of a series in one way
        for step in steps:
            files[name] = step(files[name], damage) if files[name] else b""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return rng
