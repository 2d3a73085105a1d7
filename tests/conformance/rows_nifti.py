"""Rows 39 to 42: NIfTI and NRRD files, as images and as masks."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import SimpleITK as sitk
from conformance.case import Answer, Case, Command, Truth, ask_mask, only, read_series
from ingest import rasters
from ingest.rasters import AFFINE, GRID, MASK, VALUES, save
from scipy.spatial.transform import Rotation

NOISE = np.random.default_rng(0).integers(0, 30_000, (20, 30, 40)).astype(np.int16)
Fill = Callable[[Path], Path]


def truth_of(array: Any, grid: Any = GRID) -> Callable[[], Truth]:
    return lambda: Truth(array=np.asarray(array), grid=grid)


AS_IMAGE, AS_MASK = truth_of(VALUES), truth_of(MASK)


def image(row: int, what: str, fill: Fill, *, refused: Sequence[str] = (), notices: Sequence[str] = (),
          truth: Callable[[], Truth] | None = AS_IMAGE, says: Sequence[str] = (),
          over: str = "NIfTI image",
          **options: bool) -> Case:  # fmt: skip
    """A file given as an image."""

    def ask(folder: Path, command: Command) -> Answer:
        return read_series(fill(folder), choose=only, **options)

    return Case(row=row, what=what, ask=ask, refused=tuple(refused), notices=tuple(notices), over=over,
                truth=None if refused else truth, place="series 1" if refused else "",
                says=tuple(says))  # fmt: skip


def mask(row: int, what: str, fill: Callable[[Path], Path | str], *, refused: Sequence[str] = (),
         notices: Sequence[str] = (), truth: Callable[[], Truth] | None = AS_MASK,
         says: Sequence[str] = (),
         over: str = "NIfTI mask", place: str = "a.", **options: Any) -> Case:  # fmt: skip
    """A file given as a mask."""

    def ask(folder: Path, command: Command) -> Answer:
        return ask_mask(str(fill(folder)), **options)

    return Case(row=row, what=what, ask=ask, refused=tuple(refused), notices=tuple(notices), over=over,
                truth=None if refused else truth, place=place if refused else "",
                says=tuple(says))  # fmt: skip


def both(row: int, what: str, change: Callable[[Any], object] | None, *, refused: Sequence[str] = (),
         notices: Sequence[str] = (), raw: tuple[int, bytes] | None = None, affine: Any = AFFINE,
         place_mm: float = 1e-3, **options: bool) -> list[Case]:  # fmt: skip
    """One broken header, once as an image and once as a mask."""

    def fill(array: Any) -> Fill:
        def make(folder: Path) -> Path:
            path = save(folder / "a.nii", array, change=change, affine=affine)
            if raw is not None:
                rasters.raw_change(path, *raw)
            return path

        return make

    def truth(array: Any) -> Callable[[], Truth]:
        return lambda: replace(truth_of(array)(), place_mm=place_mm)

    seen = {"refused": refused, "notices": notices, **options}
    return [
        image(row, what, fill(VALUES), truth=truth(VALUES), **seen),  # type: ignore[arg-type]
        mask(row, what, fill(MASK), truth=truth(MASK), **_for_mask(seen)),
    ]


def _for_mask(options: dict[str, Any]) -> dict[str, Any]:
    names = {"assume": "assume_affine"}
    return {names.get(name, name): value for name, value in options.items()}


def of(array: Any, name: str = "a.nii.gz", *, affine: Any = AFFINE) -> Fill:
    return lambda folder: save(folder / name, array, affine=affine)


def cut(name: str, fraction: float) -> Fill:
    def fill(folder: Path) -> Path:
        path = save(folder / name, NOISE)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * fraction)])
        return path

    return fill


def flipped(offset_from_end: int) -> Fill:
    """One byte of a gzip file changed."""

    def fill(folder: Path) -> Path:
        path = save(folder / "a.nii.gz", NOISE)
        content = bytearray(path.read_bytes())
        content[-offset_from_end] ^= 0xFF
        path.write_bytes(bytes(content))
        return path

    return fill


def content(name: str, data: bytes) -> Fill:
    def fill(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return fill


def scaled(slope: float, intercept: float) -> Fill:
    def fill(folder: Path) -> Path:
        path = save(folder / "a.nii", MASK)
        rasters.raw_change(path, 112, np.array([slope, intercept], dtype=np.float32).tobytes())
        return path

    return fill


def four(array: Any) -> Fill:
    def fill(folder: Path) -> Path:
        found = nibabel.Nifti1Image(array, AFFINE)
        found.set_sform(AFFINE, code=1)
        found.to_filename(folder / "a.nii")
        return folder / "a.nii"

    return fill


def nrrd(change: Callable[[bytes], bytes] = lambda data: data, array: Any = MASK) -> Fill:
    def fill(folder: Path) -> Path:
        path = folder / "a.nrrd"
        sitk.WriteImage(rasters.sitk_image(array), str(path))
        path.write_bytes(change(path.read_bytes()))
        return path

    return fill


def detached(folder: Path) -> Path:
    sitk.WriteImage(rasters.sitk_image(MASK), str(folder / "a.nhdr"))
    return folder / "a.nhdr"


def bomb(folder: Path) -> Path:
    """Voxels at 1 GiB into a gzip file of zeros."""
    head = bytearray(save(folder / "b.nii", VALUES).read_bytes()[:352])
    head[108:112] = np.float32(2**30).tobytes()
    (folder / "a.nii.gz").write_bytes(gzip.compress(bytes(head)) + gzip.compress(bytes(2**20)) * 1100)
    (folder / "b.nii").unlink()
    return folder / "a.nii.gz"


def apart(millimeters: float) -> Callable[[Any], None]:
    moved = AFFINE.copy()
    moved[0, 3] += millimeters
    return lambda found: found.set_qform(moved, code=1)


def tilted_qform(found: Any) -> None:
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_rotvec([0, 0, 5], degrees=True).as_matrix()
    found.set_qform(turn @ AFFINE, code=1)


def units(scale: float) -> Any:
    return np.diag([scale, scale, scale, 1.0]) @ AFFINE


def sform_only(found: Any) -> None:
    found.set_qform(AFFINE, code=0)


def qform_only(found: Any) -> None:
    found.set_sform(AFFINE, code=0)


def pixdim(index: int, value: float) -> tuple[int, bytes]:
    return (76 + 4 * index, np.float32(value).tobytes())


def unit_of(name: str) -> Callable[[Any], None]:
    return lambda found: found.header.set_xyzt_units(name)


NAN_ROW = (280, np.float32(np.nan).tobytes())
CASES: list[Case] = [
    *both(39, "sform and qform mirrored against each other", rasters.mirrored_qform,
          refused=["AFFINE_CONFLICT"]),
    *both(39, "sform and qform half a turn apart about the long axis: left and right swapped",
          rasters.turned_qform(-1, -1, 1), refused=["AFFINE_CONFLICT"]),
    *both(39, "sform and qform upside down against each other", rasters.turned_qform(1, -1, -1),
          refused=["AFFINE_CONFLICT"]),
    *both(39, "sform and qform 5 degrees apart: the sform counts", tilted_qform,
          notices=["AFFINE_DIFFERS"]),
    *both(39, "neither sform nor qform declared", rasters.no_codes, refused=["AFFINE_UNKNOWN"]),
    *both(39, "neither declared, with --assume-affine", rasters.no_codes, assume=True),
    *both(39, "sform and qform 2 mm apart: the sform counts", apart(2.0), notices=["AFFINE_DIFFERS"]),
    *both(39, "sform and qform 0.01 mm apart", apart(0.01)),
    *both(39, "sform alone", sform_only),
    *both(39, "qform alone", qform_only, place_mm=2e-3),
    *both(40, "a sheared affine", rasters.sheared, refused=["BAD_GRID"]),
    *both(40, "a singular affine", rasters.singular, refused=["BAD_GRID"]),
    *both(40, "an affine that is no number", sform_only, raw=NAN_ROW, refused=["BAD_GRID"]),
    *both(40, "a negative voxel size", qform_only, raw=pixdim(2, -1.7), refused=["BAD_PIXDIM"]),
    *both(40, "a voxel size of 0", qform_only, raw=pixdim(1, 0.0), refused=["BAD_PIXDIM"]),
    *both(40, "a voxel size that is no number", qform_only, raw=pixdim(3, np.nan), refused=["BAD_PIXDIM"]),
    *both(40, "voxel sizes in meters", unit_of("meter"), affine=units(1e-3), notices=["UNITS_CONVERTED"],
          place_mm=1e-2),
    *both(40, "voxel sizes in micrometers", unit_of("micron"), affine=units(1e3), notices=["UNITS_CONVERTED"],
          place_mm=1e-2),
    *both(40, "no units: millimeters", unit_of("unknown")),
    *both(41, "a voxel offset inside the header", None, raw=(108, np.float32(340).tobytes()),
          refused=["BAD_VOX_OFFSET"]),
    *both(41, "a voxel offset behind the voxels", None, raw=(108, np.float32(400).tobytes()),
          refused=["TRUNCATED_FILE"]),
    *both(41, "a voxel offset that is no number", None, raw=(108, np.float32(np.nan).tobytes()),
          refused=["BAD_VOX_OFFSET"]),
    *both(41, "a size larger than the file", None, raw=(42, np.int16(700).tobytes()),
          refused=["TRUNCATED_FILE"]),
    *both(41, "a size of 32767 x 32767 x 32767", None, raw=(42, np.array([32767] * 3, "<i2").tobytes()),
          refused=["TOO_LARGE"]),
    *both(41, "200 dimensions", None, raw=(40, np.int16(200).tobytes()), refused=["NOT_3D"]),
    *both(41, "-3 dimensions", None, raw=(40, np.int16(-3).tobytes()), refused=["NOT_3D"]),
    *both(41, "a negative size", None, raw=(42, np.int16(-7).tobytes()), refused=["NOT_3D"]),
    *both(41, "an unknown data type", None, raw=(70, np.int16(1536).tobytes()), refused=["BAD_VALUES"]),
    image(41, "a .nii cut off inside its voxels", cut("a.nii", 0.67), refused=["TRUNCATED_FILE"]),
    image(41, "a .nii.gz cut off inside its voxels", cut("a.nii.gz", 0.67), refused=["TRUNCATED_FILE"]),
    image(41, "a .nii.gz cut off inside its last bytes", cut("a.nii.gz", 0.9999), refused=["TRUNCATED_FILE"]),
    image(41, "a .nii.gz with a wrong checksum", flipped(6), refused=["TRUNCATED_FILE"]),
    image(41, "a .nii.gz with one byte changed", flipped(9000), refused=["TRUNCATED_FILE"]),
    image(41, "a .nii cut off inside its header", cut("a.nii", 0.004), refused=["UNREADABLE"]),
    image(41, "an empty .nii", content("a.nii", b""), refused=["UNREADABLE"]),
    image(41, "text named .nii.gz", content("a.nii.gz", b"hello"), refused=["UNREADABLE"]),
    image(41, "zeros named .nii", content("a.nii", bytes(400)), refused=["UNREADABLE"]),
    image(41, "voxels behind 1 GiB of gzip zeros (1 MB on disk)", bomb, refused=["BAD_VOX_OFFSET"]),
    mask(41, "an empty .nii.gz", content("a.nii.gz", b""), refused=["UNREADABLE"]),
    mask(41, "an empty file", content("a.nrrd", b""), refused=["UNREADABLE"], over="NRRD mask"),
    mask(41, "text named .nrrd", content("a.nrrd", b"hello"), refused=["UNREADABLE"], over="NRRD mask"),
    mask(41, "voxels cut off", nrrd(lambda data: data[:-50]), refused=["TRUNCATED_FILE"], over="NRRD mask"),
    mask(40, "coordinates of no known space", nrrd(lambda data: data.replace(
         b"space: left-posterior-superior", b"space: scanner-xyz")), refused=["AFFINE_UNKNOWN"],
         over="NRRD mask"),
    mask(41, "16 bits without a byte order", nrrd(lambda data: data.replace(b"endian: little\n", b"")),
         refused=["NRRD_ENDIAN"], over="NRRD mask"),
    mask(41, "a byte order that is none", nrrd(lambda data: data.replace(b"endian: little", b"endian: odd")),
         refused=["NRRD_ENDIAN"], over="NRRD mask"),
    mask(42, "labels of 8 bits without a byte order", nrrd(lambda data: data.replace(
         b"endian: little\n", b""), array=MASK.astype(np.uint8)), over="NRRD mask"),
    *(mask(40, f"an axis of {kind}", nrrd(lambda data, kind=kind: data.replace(
           b"kinds: domain domain domain", b"kinds: " + kind.encode() + b" domain domain")),
           refused=["NOT_3D"], over="NRRD mask") for kind in ("RGB-color", "time", "vector")),
    mask(40, "no space origin", nrrd(lambda data: data.replace(b"space origin:", b"space_origin:=")),
         refused=["AFFINE_UNKNOWN"], over="NRRD mask"),
    mask(41, "a header without voxels (.nhdr)", detached, refused=["NRRD_DETACHED"], over="NRRD mask"),
    mask(42, "labels of 8 bits", nrrd(array=MASK.astype(np.uint8)), over="NRRD mask"),
    mask(42, "a mask with NaN", of(np.where(VALUES == 3, np.nan, MASK).astype(np.float32)),
         refused=["NOT_FINITE"],
         says=["1 voxels"]),
    mask(42, "a mask with fractions", of(MASK.astype(np.float32) * 0.5), refused=["FRACTIONS"], says=["0.5"]),
    mask(42, "a mask with infinity", of(np.where(VALUES == 3, np.inf, MASK).astype(np.float32)),
         refused=["NOT_FINITE"]),
    mask(42, "negative labels", of(-MASK), refused=["NEGATIVE_LABELS"], says=["-1"]),
    mask(42, "negative labels as floats", of(-MASK.astype(np.float32)), refused=["NEGATIVE_LABELS"]),
    mask(42, "a mask of four dimensions", of(np.stack([MASK, MASK])), refused=["NOT_3D"], says=["x 2"]),
    mask(42, "labels of 1e12", of(MASK * 1e12), refused=["BAD_VALUES"], says=["1e+12"]),
    mask(42, "complex numbers", of(MASK.astype(np.complex64)), refused=["BAD_VALUES"]),
    mask(42, "a mask with a slope", scaled(2.0, 0.0), refused=["MASK_SCALED"]),
    mask(42, "a mask with an intercept", scaled(1.0, 1.0), refused=["MASK_SCALED"]),
    mask(42, "a slope of 0, which means none", scaled(0.0, 0.0)),
    mask(42, "a slope that is no number", scaled(float("nan"), 0.0)),
    mask(42, "a fourth dimension of one", four(MASK.transpose()[..., None])),
    mask(42, "whole numbers as floats", of(MASK.astype(np.float64))),
    mask(42, "255 inside", of(MASK * 255)),
    mask(42, "labels above 255", of((MASK + (VALUES > 120) * 300).astype(np.int32)),
         truth=truth_of(MASK + (VALUES > 120) * 300)),
    mask(42, "two-dimensional", of(MASK[0]), refused=["NOT_3D"]),
    mask(42, "an empty mask", of(MASK * 0), truth=truth_of(MASK * 0)),
]  # fmt: skip
