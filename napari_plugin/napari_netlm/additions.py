"""What joins an opened study later: PET that had to be registered, one more series, a mask."""

from __future__ import annotations

import numpy as np

from napari_netlm.opened import Addition, OpenedStudy, ShownImage
from netlm_imaging.align import bring_labels, resample
from netlm_imaging.errors import Fault, InputError, Notice
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Series, read_image, read_mask
from netlm_imaging.study import Progress, on_grid, with_pet
from netlm_imaging.volume import Mask

NOT_REGISTERED = Notice(
    code="PET_NOT_REGISTERED",
    message="The registration of PET was cancelled: it is not shown. Double-click its series to begin again.",
)


def registered_pet(study: OpenedStudy, *, liver: Mask | None = None, progress: Progress) -> Addition:
    """PET of ``study``, brought over by a registration of its CT, which takes some seconds.

    ``liver``: where the fit matters most. Nothing where there is no PET, or it is shown already.
    """
    read = study.read
    if read is None or read.pet is None or any(image.role == "pet" for image in study.images):
        return Addition()
    empty = Mask(np.zeros(study.grid.shape_kji, dtype=bool), study.grid)
    aligned = with_pet(on_grid(read, study.grid), read, liver=liver or empty, progress=progress)
    pet = None
    if aligned.suv is not None:
        pet = ShownImage(role="pet", modality="PT", volume=aligned.suv, number=_number_of("pet", study))
    return Addition(image=pet, notices=aligned.notices)


def needs_registration(study: OpenedStudy, number: int) -> bool:
    """Whether a series is PET that comes by ``registered_pet`` and not by its coordinates."""
    series, read = next(s for s in study.series if s.number == number), study.read
    if series.role != "pet" or read is None or read.pet is None or read.same_frame:
        return False
    return series.frame_uid_hash == "" or series.frame_uid_hash != frame_of(study)


def read_series(study: OpenedStudy, number: int) -> Addition:
    """One more series of ``study``, on its grid by coordinates. Raises InputError with its faults."""
    series = next(s for s in study.series if s.number == number)
    if series.role in ("seg", "rtstruct"):
        return read_object(series, study.grid, frame=frame_of(study))
    _require_frame(series.frame_uid_hash, frame_of(study), what="an image", where=series.where)
    image = read_image(series)
    shown = ShownImage(
        role=series.role,
        modality=series.modality,
        volume=resample(image.volume, study.grid),
        number=number,
    )
    return Addition(image=shown, notices=image.notices)


def read_labels(study: OpenedStudy, spec: str, *, key: str) -> Addition:
    """A mask of any format on the grid of ``study``, as ``key``. Raises InputError."""
    return _mask(spec, study.grid, frame=frame_of(study), key=key, where=key)


def read_object(series: Series, grid: Grid, *, frame: str) -> Addition:
    """The labels of a SEG or RTSTRUCT. Raises InputError."""
    key = f"{series.role}_{series.number}"
    return _mask(str(series.headers[0].path), grid, frame=frame, key=key, where=series.where)


def _mask(spec: str, grid: Grid, *, frame: str, key: str, where: str) -> Addition:
    file = read_mask(spec, grid=grid)
    _require_frame(file.frame_uid_hash, frame, what="a mask", where=where)
    labels, notices = bring_labels(file.labels, grid, name=where)
    return Addition(masks={key: labels}, notices=(*file.notices, *notices))


def _require_frame(found: str, frame: str, *, what: str, where: str) -> None:
    """Coordinates of two frames of reference cannot be compared, however well they seem to fit."""
    if "" in (found, frame) or found == frame:
        return
    raise InputError(
        Fault(
            code="FRAME_MISMATCH",
            expected=f"{what} in the frame of reference of the reference image",
            found="one in another frame of reference",
            where=where,
            remedy="Bring it over by a registration first",
        )
    )


def frame_of(study: OpenedStudy) -> str:
    """Hash of the frame of reference of its images; empty where they name none."""
    return "" if study.read is None else study.read.frame_uid_hash


def _number_of(role: str, study: OpenedStudy) -> int | None:
    numbers = [s.number for s in study.series if s.role == role]
    return numbers[0] if len(numbers) == 1 else None
