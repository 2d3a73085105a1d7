"""The lesion table of a desk, from its masks and images as they are now; no Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from napari_netlm.desk import Desk
from napari_netlm.opened import OpenedStudy, anatomy_of
from netlm_imaging.anatomy import Anatomy
from netlm_imaging.case import CaseLesion
from netlm_imaging.errors import InputError
from netlm_imaging.geometry import Grid
from netlm_imaging.lesions.pet_uptake import PetReference
from netlm_imaging.lesions.records import Uptake
from netlm_imaging.review import LesionTable
from netlm_imaging.review.table import Row
from netlm_imaging.segment import liver_background
from netlm_imaging.volume import LabelMap, Volume

SURROUNDINGS = ("liver", "segments", "vessels", "cysts", "spleen")
"""Masks that figures of lesions depend on."""


def measurer(
    desk: Desk, reference: PetReference | None = None, *, say: Callable[[str], object] = lambda _text: None
) -> Callable[[], LesionTable]:
    """What measures all lesions as drawn when it begins, in the viewer's order of axes and in any thread.

    The desk has layers of liver and lesions. Lesions are compared with ``reference`` on PET, else with
    normal liver and spleen as the case did, else as measured. What the study found on images stays with
    a lesion while it has the outline that it came with. ``say`` is told each step from that thread; what it
    raises ends the work. It raises InputError (EMPTY_MASK) without liver.
    """
    found = {name: desk.voxels(name) for name in (*SURROUNDINGS, "lesions")}
    arrays = {name: array for name, array in found.items() if array is not None}
    grid = desk.frame.shown_grid
    study, suv, image = desk.study, _suv(desk), _reference_image(desk)
    known = () if study.case is None else study.case.lesions

    def table() -> LesionTable:
        say("Measuring the liver")
        # Copies, so that figures measured against them do not move while masks are drawn on.
        drawn = {name: LabelMap(np.array(array), grid) for name, array in arrays.items()}
        anatomy = _anatomy(study, drawn)
        normal = reference if suv is None or reference else _pet_reference(suv, known, anatomy)
        return LesionTable.of(
            anatomy,
            drawn["lesions"].array,
            seen_on={lesion.id: lesion.seen_on for lesion in known},
            uptake={lesion.id: found for lesion in known if (found := _uptake(lesion)) is not None},
            suv=None if normal is None else suv,
            reference=normal,
            image=image,
            step=lambda done, of: say(f"Measuring lesion {done + 1} of {of}"),
        )

    return table


def middle_of(row: Row, grid: Grid) -> Any:
    """Where to look at a lesion, LPS mm; ``grid`` is the viewer's."""
    if row.lesion is not None:
        return row.lesion.centroid_lps_mm
    return grid.to_patient([(s.start + s.stop - 1) / 2 for s in row.box])


def _reference_image(desk: Desk) -> Volume | None:
    """The image on which lesions are outlined: the first of the study, unless that is PET."""
    first = next(iter(desk.study.images), None)
    if first is None or first.role == "pet":
        return None
    turned = first.volume.canonical()
    return turned if turned.grid.same_as(desk.frame.shown_grid) else None


def _anatomy(study: OpenedStudy, drawn: Mapping[str, LabelMap]) -> Anatomy:
    """Masks as drawn, lesions as the study came with them."""
    found, now = study.masks.get("lesions"), drawn["lesions"]
    came = found.canonical() if isinstance(found, LabelMap) else LabelMap(np.zeros_like(now.array), now.grid)
    anatomy = anatomy_of({**drawn, "lesions": came})
    assert anatomy is not None
    return anatomy


def _suv(desk: Desk) -> Volume | None:
    layer, grid = desk.layer("pet"), desk.frame.shown_grid
    if layer is None or np.shape(layer.data) != grid.shape_kji:
        return None
    return Volume(np.asarray(layer.data), grid)


def _pet_reference(suv: Volume, known: Sequence[CaseLesion], anatomy: Anatomy) -> PetReference | None:
    """Normal liver and spleen on PET: as the case compared with, else measured, which takes seconds.

    None where no liver is free of tumor.
    """
    for lesion in known:
        if lesion.suv_max and lesion.suv_liver_ratio:
            to_spleen = lesion.suv_spleen_ratio
            return PetReference(
                liver_mean=lesion.suv_max / lesion.suv_liver_ratio,
                # The case does not keep it; it decides on a score only where noise exceeds 25 % of the mean.
                liver_sd=0.0,
                spleen_mean=lesion.suv_max / to_spleen if to_spleen else None,
            )
    return _measured_reference(suv, anatomy)


def _measured_reference(suv: Volume, anatomy: Anatomy) -> PetReference | None:
    try:
        liver = liver_background(suv, anatomy.liver, exclude=anatomy.lesions.any)
    except InputError:
        return None
    spleen = None
    if anatomy.spleen is not None and anatomy.spleen.voxels:
        spleen = float(np.mean(suv.array[anatomy.spleen.array], dtype=np.float64))
    return PetReference(liver_mean=liver.mean, liver_sd=liver.sd, spleen_mean=spleen)


def _uptake(lesion: CaseLesion) -> Uptake | None:
    if lesion.suv_max is None or lesion.suv_mean is None or lesion.suv_liver_ratio is None:
        return None
    return Uptake(
        suv_max=lesion.suv_max,
        suv_mean=lesion.suv_mean,
        liver_ratio=lesion.suv_liver_ratio,
        spleen_ratio=lesion.suv_spleen_ratio,
        krenning=lesion.krenning or 0,
        borderline=bool(lesion.krenning_borderline),
    )
