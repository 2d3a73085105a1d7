"""A study or a finished case, opened: images, masks, results, all on one planning grid.

Read through the same functions as ``netlm run``, so that roles, faults and geometry are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np

from netlm_imaging.align import bring_labels, resample
from netlm_imaging.anatomy import Anatomy
from netlm_imaging.case import CaseResult
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, InputError, NetlmError, Notice
from netlm_imaging.export import read_case
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Series, Study, read_image, read_mask, read_nifti_image, read_plan, scan
from netlm_imaging.plan.plan_file import PlanFile
from netlm_imaging.settings import Settings
from netlm_imaging.study import (
    ChosenSeries,
    Progress,
    ReadOptions,
    Silent,
    StudyImages,
    choose_series,
    on_grid,
    read_chosen,
    with_pet,
)
from netlm_imaging.volume import LabelMap, Mask, Volume

CASE_FILE = "case.json"
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ShownImage:
    """One image on the planning grid."""

    role: str
    """``hbp``, ``precontrast``, ``pet``, ``ct``, ..."""
    modality: str
    """``MR``, ``CT``, ``PT``; ``NIfTI`` or ``NRRD`` where the file does not say."""
    volume: Volume
    number: int | None = None
    """Of its series in the study."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedStudy:
    """What was opened; never changes. What people do to it is on the ``Desk``."""

    path: Path
    grid: Grid
    """The planning grid: the case's, else the reference image's."""
    images: tuple[ShownImage, ...] = ()
    """The reference image first."""
    masks: Mapping[str, Mask | LabelMap] = field(default_factory=dict)
    """By the names of a case folder: ``liver``, ``lesions``, ``segments``, ``vessels``, ``treated``, ..."""
    measures: Mapping[str, Volume] = field(default_factory=dict)
    """Maps of a measure, named by their unit: ``ablation_margin_mm``."""
    case: CaseResult | None = None
    """None while the study is not finished."""
    plan: PlanFile | None = None
    settings: Settings = field(default_factory=Settings)
    clinical: Clinical = field(default_factory=Clinical)
    series: tuple[Series, ...] = ()
    """All that the folder of images holds, with roles and faults."""
    read: StudyImages | None = None
    """The images as they were read, for PET that has yet to be registered."""
    notices: tuple[Notice, ...] = ()
    faults: tuple[Fault, ...] = ()
    """Why something is not shown: the words and codes of the command line."""

    def __deepcopy__(self, memo: object) -> OpenedStudy:
        """Itself: napari copies the metadata of a layer with it."""
        return self

    @property
    def finished(self) -> bool:
        """A case with plan and Type."""
        return self.case is not None

    @property
    def anatomy(self) -> Anatomy | None:
        """The masks to plan on, as opened; None without liver or lesions."""
        return anatomy_of(self.masks)


def anatomy_of(masks: Mapping[str, Mask | LabelMap]) -> Anatomy | None:
    """Masks of a case, on one grid, as an Anatomy; None without liver or lesions."""
    if not {"liver", "lesions"} <= set(masks):
        return None
    labels = ("lesions", "segments")
    known = {f.name: masks[f.name] for f in fields(Anatomy) if f.name in masks}
    return Anatomy(**{n: m if n in labels or isinstance(m, Mask) else m.any for n, m in known.items()})  # type: ignore[arg-type]


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


def registered_pet(study: OpenedStudy, *, liver: Mask | None = None, progress: Progress) -> OpenedStudy:
    """``study`` with PET brought over by a registration of its CT, which takes some seconds.

    ``liver``: where the fit matters most.
    """
    read = study.read
    if read is None or read.pet is None or any(image.role == "pet" for image in study.images):
        return study
    empty = Mask(np.zeros(study.grid.shape_kji, dtype=bool), study.grid)
    aligned = with_pet(on_grid(read, study.grid), read, liver=liver or empty, progress=progress)
    if aligned.suv is None:
        return study
    pet = ShownImage(role="pet", modality="PT", volume=aligned.suv)
    return replace(study, images=(*study.images, pet), notices=(*study.notices, *aligned.notices))


def load_series(study: OpenedStudy, number: int) -> OpenedStudy:
    """``study`` with one more series on its grid. Raises InputError with the faults of the series."""
    series = next(s for s in study.series if s.number == number)
    if series.role in ("seg", "rtstruct"):
        return _with_object(study, series)
    image = read_image(series)
    shown = ShownImage(
        role=series.role,
        modality=series.modality,
        volume=resample(image.volume, study.grid),
        number=number,
    )
    others = tuple(i for i in study.images if i.number != number)
    return replace(study, images=(*others, shown), notices=(*study.notices, *image.notices))


def _open_images(path: Path, study: Study, options: ReadOptions) -> OpenedStudy:
    faults: list[Fault] = []
    chosen = _collected(faults, lambda: _chosen(study, options))
    read = None if chosen is None else _collected(faults, lambda: read_chosen(chosen, options))
    if chosen is None or read is None or read.reference is None:
        return _open_what_can_be_read(path, study, faults)
    grid = read.reference.volume.grid
    opened = OpenedStudy(
        path=path,
        grid=grid,
        images=_shown(read, chosen, grid),
        series=study.series,
        read=read,
        notices=(*study.notices, *read.notices),
        faults=tuple(faults),
    )
    for series in study.series:
        if series.role in ("seg", "rtstruct"):
            opened = _collected(faults, lambda s=series, o=opened: _with_object(o, s)) or opened  # type: ignore[misc]
    return replace(opened, faults=tuple(faults))


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
            grid=grid,
            images=(shown,),
            series=study.series,
            notices=(*study.notices, *image.notices),
            faults=_once(faults),
        )
    raise InputError(*_once(faults))


def _with_object(study: OpenedStudy, series: Series) -> OpenedStudy:
    """``study`` with the labels of a SEG or RTSTRUCT. Raises InputError."""
    file = read_mask(str(series.headers[0].path), grid=study.grid)
    frame = "" if study.read is None else study.read.frame_uid_hash
    if frame and file.frame_uid_hash not in ("", frame):
        raise InputError(
            Fault(
                code="FRAME_MISMATCH",
                expected="a mask in the frame of reference of the reference image",
                found="one in another frame of reference",
                where=series.where,
                remedy="Give the mask that was drawn on this image",
            )
        )
    labels, notices = bring_labels(file.labels, study.grid, name=series.where)
    masks = {**study.masks, f"{series.role}_{series.number}": labels}
    return replace(study, masks=masks, notices=(*study.notices, *file.notices, *notices))


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
    used = {r.role: r.series_uid for r in opened.case.inputs if r.series_uid and not r.role.endswith("mask")}
    found = open_study(images, options=ReadOptions(series=used), progress=progress)
    shown = tuple(replace(i, volume=resample(i.volume, opened.grid)) for i in found.images)
    return replace(
        opened,
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
