"""Rows 34, 43 to 47, 51 and 52: masks that do not fit, odd patients, folders that cannot be written."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
from conformance.breaks import as_bytes, on_all
from conformance.case import Answer, Case, Command
from conformance.commands import Options, answer_of, command_case, labelled, masks
from conformance.rows_hostile import HOSTILE
from conformance.series import quiet
from ingest import builder, mask_builder
from strategies import ellipsoid

from netlm_imaging.export import write_nifti
from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap, Mask
from pipelines import small_study

GRID = small_study.GRID


def scaled_grid(factor: float) -> Grid:
    """The small patient's grid with every length times ``factor``."""
    return replace(GRID, spacing_mm=tuple(s * factor for s in GRID.spacing_mm))


def sized(factor: float) -> Options:
    """The small patient, larger or smaller."""

    def options(folder: Path) -> Sequence[object]:
        grid = scaled_grid(factor)
        write_nifti(Mask(small_study.liver(), grid), folder / "liver.nii.gz")
        write_nifti(LabelMap(small_study.lesions().array, grid), folder / "lesions.nii.gz")
        return ("plan", "--liver", folder / "liver.nii.gz", "--lesions", folder / "lesions.nii.gz")

    return options


def weighs(kilograms: float) -> Options:
    """A weight; the minimum that depends on it is switched off."""

    def options(folder: Path) -> Sequence[object]:
        facts, limits = folder / "facts.toml", folder / "limits.toml"
        facts.write_text(f"weight_kg = {kilograms}\n")
        limits.write_text("[flr]\nminimum_body_weight_percent = 0\n")
        return (*masks()(folder), "--clinical", facts, "--settings", limits)

    return options


def lesions_turned(folder: Path) -> Sequence[object]:
    """The lesions with their axes in another order and direction."""
    arguments = masks()(folder)
    write_nifti(small_study.lesions().canonical(), folder / "lesions.nii.gz")
    return arguments


def lesions_on_finer_grid(folder: Path) -> Sequence[object]:
    """Voxels of half the size, not aligned with those of the liver."""
    k, j, i = GRID.shape_kji
    x, y, z = GRID.spacing_mm
    fine = replace(GRID, shape_kji=(2 * k, 2 * j, 2 * i), spacing_mm=(x / 2, y / 2, z / 2))
    arguments = masks()(folder)
    twice = small_study.lesions().array.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    write_nifti(LabelMap(twice, fine), folder / "lesions.nii.gz")
    return arguments


def lesions_far_away(folder: Path) -> Sequence[object]:
    far = replace(GRID, origin_mm=(2000.0, 0.0, 0.0))
    arguments = masks()(folder)
    write_nifti(LabelMap(small_study.lesions().array, far), folder / "lesions.nii.gz")
    return arguments


def seg_beside_image(frame: str) -> Options:
    """The image as DICOM, its liver as SEG with a frame of reference."""

    def options(folder: Path) -> Sequence[object]:
        arguments = masks()(folder)
        study = small_study.write_study(folder / "in")
        mask_builder.seg(
            folder / "liver.dcm",
            {"Liver": small_study.liver()},
            grid=GRID,
            FrameOfReferenceUID=builder.uid(frame),
        )
        return ("run", study, "--liver", folder / "liver.dcm", *arguments[3:])

    return options


def mirrored_in_image(folder: Path) -> Sequence[object]:
    """A liver on the patient's left, with a lesion in it, beside an image of one on the right."""
    liver = small_study.write_mirrored_liver(folder / "liver.nii.gz")
    inside = np.zeros(GRID.shape_kji, dtype=np.uint8)
    k, j, i = (int(n) for n in GRID.to_index(small_study.at(55.0, -5.0, 5.0)))
    inside[k : k + 2, j : j + 2, i : i + 2] = 1
    write_nifti(LabelMap(inside, GRID), folder / "lesion.nii.gz")
    study = small_study.write_study(folder / "in")
    return ("run", study, "--liver", liver, "--lesions", folder / "lesion.nii.gz")


def mirrored_liver(folder: Path) -> Sequence[object]:
    arguments = masks()(folder)
    small_study.write_mirrored_liver(folder / "liver.nii.gz")
    return arguments


def beside_liver() -> LabelMap:
    """Lesion 4 where it is; lesion 9 moved out of the liver."""
    array = small_study.lesions().array.copy()
    array[array == 9] = 0
    array[ellipsoid(GRID, small_study.at(80.0, 0.0, 0.0), [14.0] * 3)] = 9
    return labelled(array)


def only(label: int) -> LabelMap:
    array = small_study.lesions().array
    return labelled(np.where(array == label, array, 0))


def over_the_edge() -> LabelMap:
    """One lesion that is mostly inside, partly outside."""
    array = small_study.lesions().array.copy()
    array[ellipsoid(GRID, small_study.at(-105.0, -5.0, 5.0), [25.0] * 3)] = 4
    return labelled(array)


def within_liver() -> LabelMap:
    return labelled(np.where(small_study.liver(), over_the_edge().array, 0))


def two_files(folder: Path) -> Sequence[object]:
    """Two lesion masks that share voxels."""
    arguments = masks()(folder)
    array = small_study.lesions().array > 0
    array[ellipsoid(GRID, small_study.at(-75.0, 12.0, 20.0), [22.0] * 3)] = True
    write_nifti(Mask(array, GRID), folder / "more.nii.gz")
    return (*arguments, "--lesions", folder / "more.nii.gz")


def many(count: int) -> LabelMap:
    """Single voxels inside the liver."""
    inside = np.argwhere(small_study.liver())
    array = np.zeros(GRID.shape_kji, dtype=np.uint16)
    chosen = inside[np.linspace(0, len(inside) - 1, count).astype(int)]
    array[tuple(chosen.T)] = np.arange(1, count + 1)
    return labelled(array)


def quickly(count: int) -> Options:
    """So many lesions, treated by enucleation alone, and not more than a second for each plan."""

    def options(folder: Path) -> Sequence[object]:
        (folder / "limits.toml").write_text(
            "[plan]\ntime_limit_s = 4\n[ablation]\nmax_ablations = 0\n"
            "[resection]\nwedge = false\nanatomical = false\n"
        )
        return (*masks(lesions=many(count))(folder), "--settings", folder / "limits.toml")

    return options


def hostile_words(folder: Path) -> Sequence[object]:
    items = on_all(as_bytes("SeriesDescription", HOSTILE))(small_study.hbp())
    with quiet():
        builder.write(items, folder / "in")
    arguments = masks()(folder)
    return ("run", folder / "in", *arguments[1:])


def without_study(folder: Path) -> Sequence[object]:
    """Images that no DICOM object can refer to."""
    items = small_study.hbp()
    for item in items:
        del item.StudyInstanceUID
    builder.write(items, folder / "in")
    arguments = masks()(folder)
    return ("run", folder / "in", *arguments[1:])


def into(what: str, prepare: Callable[[Path], object], *, refused: str, left: str) -> Case:
    """A run into a folder that already holds something, which must still be there."""

    def ask(folder: Path, command: Command) -> Answer:
        arguments = masks()(folder)
        out = folder / "case"
        prepare(out)
        before = out.read_bytes() if out.is_file() else (out / left).read_bytes()
        answer = answer_of(command, arguments, folder)
        after = out.read_bytes() if out.is_file() else (out / left).read_bytes()
        assert before == after
        return replace(answer, array=None, grid=None)

    return Case(
        row=52, what=what, ask=ask, refused=(refused,), place="case", others=True, says=("exit code 2",)
    )


def disk_full(folder: Path, command: Command) -> Answer:
    arguments = masks()(folder)
    with mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device")):
        return answer_of(command, arguments, folder)


def folder_with_notes(out: Path) -> None:
    out.mkdir()
    (out / "notes.txt").write_text("mine")


def finished(folder: Path, command: Command) -> Answer:
    """The same command twice: the second one must leave the finished case alone."""
    arguments = masks()(folder)
    assert command(*arguments, "--out", folder / "case").code == 0
    before = (folder / "case" / "case.json").read_bytes()
    answer = answer_of(command, arguments, folder)
    assert (folder / "case" / "case.json").read_bytes() == before
    return replace(answer, array=None, grid=None)


def failing_overwrite(folder: Path, command: Command) -> Answer:
    arguments = masks()(folder)
    assert command(*arguments, "--out", folder / "case").code == 0
    before = (folder / "case" / "case.json").read_bytes()
    (folder / "liver.nii.gz").write_bytes(b"")
    answer = answer_of(command, (*arguments, "--overwrite"), folder)
    assert (folder / "case" / "case.json").read_bytes() == before
    return replace(answer, array=None, grid=None)


def odd_path(folder: Path) -> Sequence[object]:
    place = folder / "Leber Größe 肝臓 ' $(x) #1"
    place.mkdir()
    return masks()(place)


EMPTY = labelled(small_study.lesions().array * 0)
CASES: list[Case] = [
    command_case(34, "script, formula and NUL in the description of the images", hostile_words,
                 lesions=small_study.lesions),
    command_case(34, "images without a StudyInstanceUID: all but the DICOM objects is written", without_study,
                 notices=["NO_DICOM_WRITTEN"], says=["StudyInstanceUID"], place="series 1"),
    command_case(43, "lesions with axes in another order and direction", lesions_turned,
                 lesions=small_study.lesions),
    command_case(43, "lesions on a finer grid that is not aligned", lesions_on_finer_grid,
                 notices=["RESAMPLED_MASK"]),
    command_case(43, "lesions that lie far from the liver", lesions_far_away, refused=["NO_OVERLAP"],
                 exit_code=3,
                 place="lesion mask"),
    command_case(43, "a SEG of the liver in the frame of reference of the image", seg_beside_image("frame")),
    command_case(43, "a SEG of the liver in another frame of reference than the image",
                 seg_beside_image("elsewhere"), refused=["FRAME_MISMATCH"], exit_code=3, place="liver mask"),
    command_case(44, "a mirrored liver beside an image", mirrored_in_image, notices=["LIVER_ON_LEFT"],
                 says=["3 % of the liver mask"]),
    command_case(44, "a mirrored liver beside true lesions", mirrored_liver,
                 refused=["LESIONS_OUTSIDE_LIVER"],
                 exit_code=3, place="lesion mask", says=["mirrored"]),
    command_case(45, "an empty liver", masks(liver=small_study.liver() & False), refused=["EMPTY_LIVER"],
                 exit_code=3),
    command_case(45, "no lesions: no measurable disease", masks(lesions=EMPTY),
                 notices=["NO_MEASURABLE_DISEASE"],
                 lesions=lambda: EMPTY),
    command_case(46, "one lesion outside the liver: told and not counted", masks(lesions=beside_liver()),
                 notices=["LESION_OUTSIDE_LIVER"], says=["mL"], lesions=lambda: only(4)),
    command_case(46, "a lesion that reaches out of the liver: the part outside is not counted",
                 masks(lesions=over_the_edge()), notices=["LESION_OUTSIDE_LIVER"], says=["mL"],
                 lesions=within_liver),
    command_case(46, "a liver mask with holes where its lesions are", masks(liver=small_study.liver() & (
                 small_study.lesions().array == 0)), notices=["LESION_ADDED_TO_LIVER"],
                 lesions=small_study.lesions),
    command_case(46, "all lesions outside the liver", masks(lesions=labelled(np.where(
                 beside_liver().array == 9, 9, 0))), refused=["LESIONS_OUTSIDE_LIVER"], exit_code=3),
    command_case(47, "two lesion masks that share voxels", two_files, notices=["LESIONS_OVERLAP"]),
    command_case(51, "a liver of 200 mL", sized(0.6), notices=["IMPLAUSIBLE_LIVER"]),
    command_case(51, "a liver of 6,000 mL", sized(1.98), notices=["IMPLAUSIBLE_LIVER"]),
    command_case(51, "a weight of 7 kg", weighs(7), notices=["IMPLAUSIBLE_WEIGHT"]),
    command_case(51, "a weight of 700 kg", weighs(700), notices=["IMPLAUSIBLE_WEIGHT"]),
    replace(command_case(51, "800 lesions", quickly(800), notices=["MANY_LESIONS"],
            lesions=lambda: many(800)),
            slow=True),
    command_case(52, "masks under a path with spaces, quotes, # and letters beyond ASCII", odd_path,
                 lesions=small_study.lesions),
    into("an output folder that holds something else", folder_with_notes, refused="OUT_NOT_EMPTY",
         left="notes.txt"),
    into("a file where the output folder should be", lambda out: out.write_text("mine"),
         refused="OUT_NOT_FOLDER",
         left=""),
    Case(row=52, what="a finished case, without --overwrite", ask=finished, refused=("CASE_EXISTS",),
         place="case",
         others=True, says=("--overwrite",)),
    Case(row=52, what="a finished case and a new one that fails, with --overwrite", ask=failing_overwrite,
         refused=("UNREADABLE",), place="liver mask", others=True),
    Case(row=52, what="a full disk", ask=disk_full, refused=("DISK_FULL",), others=True,
         says=("exit code 2, nothing written",)),
]  # fmt: skip
