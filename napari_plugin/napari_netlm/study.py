"""A study or a finished case, opened: images, masks, results, all on one planning grid.

Read through the same functions as ``netlm run``, so that roles, faults and geometry are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from napari_netlm.additions import frame_of, read_object
from napari_netlm.opened import OpenedStudy, ShownImage
from netlm_imaging.align import resample
from netlm_imaging.errors import Fault, InputError, NetlmError
from netlm_imaging.export import read_case
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Study, read_image, read_mask, read_nifti_image, read_plan, scan
from netlm_imaging.study import (
    ChosenSeries,
    Progress,
    ReadOptions,
    Silent,
    StudyImages,
    choose_series,
    read_chosen,
)
from netlm_imaging.volume import LabelMap, Mask, Volume

CASE_FILE = "case.json"
T = TypeVar("T")


def open_study(
    path: Path,
    *,
    images: Path | None = None,
    options: ReadOptions | None = None,
    progress: Progress | None = None,
) -> OpenedStudy:
    """Open a finished case (``images``: its study, if at hand) or a folder or zip of images.

    PET that has to be registered first comes with ``registered_pet``. What cannot be shown is in ``faults``.
    Raises NetlmError when there is nothing to show: the faults of the command line.
    """
    progress = progress or Silent()
    if (path / CASE_FILE).is_file():
        return _open_case(path, images, progress)
    with progress.stage("Scanning the folder"):
        options = options or ReadOptions()
        study = scan(path, force=options.force, assume_affine=options.assume_affine)
    if study.faults:  # two patients are never shown in one window
        raise InputError(*study.faults)
    with progress.stage("Reading the images"):
        return _open_images(path, study, options)


def _open_images(path: Path, study: Study, options: ReadOptions) -> OpenedStudy:
    faults: list[Fault] = []
    chosen = _collected(faults, lambda: _chosen(study, options))
    read = None if chosen is None else _collected(faults, lambda: read_chosen(chosen, options))
    if chosen is None or read is None or read.reference is None:
        return _open_what_can_be_read(path, study, faults)
    grid = read.reference.volume.grid
    opened = OpenedStudy(
        path=path,
        images_path=path,
        grid=grid,
        images=_shown(read, chosen, grid),
        series=study.series,
        read=read,
        notices=(*study.notices, *read.notices),
        faults=tuple(faults),
    )
    return _with_objects(opened)


def _chosen(study: Study, options: ReadOptions) -> ChosenSeries:
    """As a run would choose: to segment where there is a hepatobiliary phase, else with given masks."""
    try:
        return choose_series(study, options.series, segment=True)
    except NetlmError as error:
        if error.code != "MASKS_NEEDED":
            raise
    return choose_series(study, options.series, segment=False)


def _shown(read: StudyImages, chosen: ChosenSeries, grid: Grid) -> tuple[ShownImage, ...]:
    """What lies in the frame of the reference image, on ``grid``."""
    same = [
        (read.reference, chosen.reference, chosen.role),
        (read.precontrast, chosen.precontrast, "precontrast"),
        (read.pet if read.same_frame else None, chosen.pet, "pet"),
    ]
    return tuple(
        ShownImage(
            role=role,
            modality=series.modality,
            volume=resample(image.volume, grid),
            number=series.number,
        )
        for image, series, role in same
        if image is not None and series is not None
    )


def _open_what_can_be_read(path: Path, study: Study, faults: list[Fault]) -> OpenedStudy:
    """Without a reference image: the first series that can be read. Raises the faults where none can."""
    for series in study.series:
        if series.role in ("seg", "rtstruct"):
            continue
        image = _collected(faults, lambda s=series: read_image(s))  # type: ignore[misc]
        if image is None:
            continue
        grid = image.volume.grid
        shown = ShownImage(
            role=series.role, modality=series.modality, volume=image.volume, number=series.number
        )
        return OpenedStudy(
            path=path,
            images_path=path,
            grid=grid,
            images=(shown,),
            series=study.series,
            notices=(*study.notices, *image.notices),
            faults=_once(faults),
        )
    raise InputError(*_once(faults))


def _with_objects(opened: OpenedStudy) -> OpenedStudy:
    """``opened`` with the SEG and RTSTRUCT beside its images; those that do not fit are faults."""
    masks, notices, faults = dict(opened.masks), list(opened.notices), list(opened.faults)
    for series in opened.series:
        if series.role not in ("seg", "rtstruct"):
            continue
        try:
            found = read_object(series, opened.grid, frame=frame_of(opened))
        except NetlmError as error:
            faults += error.faults
            continue
        masks.update(found.masks)
        notices += found.notices
    return replace(opened, masks=masks, notices=tuple(notices), faults=tuple(faults))


def _open_case(path: Path, images: Path | None, progress: Progress) -> OpenedStudy:
    with progress.stage("Reading the case"):
        case = read_case(path)
        masks, measures = _case_masks(path)
        plan = path / "plan.json"
        opened = OpenedStudy(
            path=path,
            grid=case.grid,
            masks=masks,
            measures=measures,
            case=case,
            plan=read_plan(plan) if plan.is_file() else None,
            settings=case.settings,
            clinical=case.clinical,
            notices=case.warnings,
        )
    return opened if images is None else _with_images(opened, images, progress)


def _case_masks(path: Path) -> tuple[dict[str, Mask | LabelMap], dict[str, Volume]]:
    masks: dict[str, Mask | LabelMap] = {}
    measures: dict[str, Volume] = {}
    for file in sorted((path / "masks").glob("*.nii.gz")):
        name = file.name.removesuffix(".nii.gz")
        if name.endswith("_mm"):
            measures[name] = read_nifti_image(file).volume
            continue
        labels = read_mask(str(file)).labels
        masks[name] = labels if name in ("lesions", "segments") else labels.any
    return masks, measures


def _with_images(opened: OpenedStudy, images: Path, progress: Progress) -> OpenedStudy:
    """A finished case over the very series that it was made from. Raises NO_SUCH_SERIES for another study."""
    assert opened.case is not None
    used = {r.role: r.series_uid for r in opened.case.inputs if r.series_uid and "mask" not in r.role.split()}
    found = open_study(images, options=ReadOptions(series=used), progress=progress)
    if found.read is None:  # other images would be laid over the masks of this case
        raise InputError(*found.faults)
    shown = tuple(replace(i, volume=resample(i.volume, opened.grid)) for i in found.images)
    return replace(
        opened,
        images_path=images,
        images=shown,
        series=found.series,
        read=found.read,
        notices=(*opened.notices, *found.notices),
        faults=found.faults,
    )


def _collected(faults: list[Fault], work: Callable[[], T]) -> T | None:
    """What ``work`` gives; None where it fails, its faults added to the list."""
    try:
        return work()
    except NetlmError as error:
        faults += error.faults
        return None


def _once(faults: list[Fault]) -> tuple[Fault, ...]:
    return tuple(dict.fromkeys(faults))
