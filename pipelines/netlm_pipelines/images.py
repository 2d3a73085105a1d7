"""Images of a study, read and brought onto one planning grid."""

from __future__ import annotations

from dataclasses import dataclass

from netlm_imaging.align import Fit, register, resample
from netlm_imaging.case import InputRecord, Registration
from netlm_imaging.errors import Fault, InputError, Notice, SuvUnavailable
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Image, Series, Study, read_image, scan
from netlm_imaging.volume import Volume
from netlm_pipelines.progress import Stages
from netlm_pipelines.request import Request

REFERENCE_ROLES = ("hbp", "portal", "arterial", "ct", "precontrast", "t2")
"""What may carry the plan, the best first: lesions are contoured on the hepatobiliary phase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyImages:
    """What was found: the reference image and, where there are any, precontrast MRI, PET and its CT."""

    reference: Image | None
    reference_role: str
    precontrast: Image | None = None
    pet: Image | None = None
    pet_ct: Image | None = None
    same_frame: bool = False
    """PET and reference share one frame of reference: no registration."""
    records: tuple[InputRecord, ...] = ()
    notices: tuple[Notice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedImages:
    """The same on the planning grid."""

    reference: Volume | None
    precontrast: Volume | None = None
    suv: Volume | None = None
    pet_aligned: bool = False
    """PET lies liver on liver; otherwise positions are approximate."""
    registrations: tuple[Registration, ...] = ()
    notices: tuple[Notice, ...] = ()


def read_images(request: Request, stages: Stages) -> StudyImages:
    """Scan the folder, choose a series for each role and read it."""
    assert request.images is not None
    with stages.stage("Scanning the folder") as entry:
        study = scan(request.images, force=request.force)
        entry["series"] = len(study.series)
    chosen = {role: _choose(study, role, request) for role in (*REFERENCE_ROLES, "pet")}
    role = next((role for role in REFERENCE_ROLES if chosen[role] is not None), "")
    if not role:
        raise InputError(_no_reference(study))
    notices = list(study.notices)
    with stages.stage("Reading the images"):
        reference = _read(chosen[role], request)
        precontrast = _read(chosen["precontrast"], request) if role == "hbp" else None
        pet = _read_pet(chosen["pet"], request, notices)
        pet_ct = _read(chosen["ct"], request) if pet is not None and role != "ct" else None
    images = [image for image in (reference, precontrast, pet, pet_ct) if image is not None]
    notices += [notice for image in images for notice in image.notices]
    reference_series, pet_series = chosen[role], chosen["pet"]
    return StudyImages(
        reference=reference,
        reference_role=role,
        precontrast=precontrast,
        pet=pet,
        pet_ct=pet_ct,
        same_frame=_same_frame(reference_series, pet_series),
        records=tuple(image.record for image in images),
        notices=tuple(notices),
    )


def align_images(images: StudyImages, grid: Grid, stages: Stages) -> AlignedImages:
    """Everything onto ``grid``; PET by rigid registration of its CT when its frame differs."""
    if images.reference is None:
        return AlignedImages(reference=None)
    reference = resample(images.reference.volume, grid)
    precontrast = None if images.precontrast is None else resample(images.precontrast.volume, grid)
    if images.pet is None:
        return AlignedImages(reference=reference, precontrast=precontrast)
    if images.same_frame:
        suv = resample(images.pet.volume, grid)
        return AlignedImages(reference=reference, precontrast=precontrast, suv=suv, pet_aligned=True)
    if images.pet_ct is None:
        notice = Notice(
            code="PET_NOT_REGISTERED",
            message="PET has another frame of reference and comes without a CT to register: "
            "positions between PET and the reference image are approximate (25 mm).",
        )
        suv = resample(images.pet.volume, grid)
        return AlignedImages(reference=reference, precontrast=precontrast, suv=suv, notices=(notice,))
    with stages.stage("Registering PET/CT to the reference image") as entry:
        fit = register(images.pet_ct.volume, images.reference.volume)
        entry["quality"] = fit.quality
        suv = resample(images.pet.volume, grid, transform=fit.transform)
    return AlignedImages(
        reference=reference,
        precontrast=precontrast,
        suv=suv,
        pet_aligned=fit.acceptable,
        registrations=(_registration(fit, images.reference_role),),
        notices=_fit_notices(fit),
    )


def _choose(study: Study, role: str, request: Request) -> Series | None:
    wanted = request.series.get(role)
    if wanted is None:
        return study.choose(role)
    for series in study.series:
        if wanted in (str(series.number), series.uid_hash):
            return series
    raise InputError(
        Fault(
            code="NO_SUCH_SERIES",
            expected=f"a series number from 1 to {len(study.series)} for {role}",
            found=repr(wanted)[:40],
            remedy="See the numbers with: netlm inspect",
        )
    )


def _read(series: Series | None, request: Request) -> Image | None:
    if series is None:
        return None
    return read_image(series, resample_uneven=request.resample_uneven)


def _read_pet(series: Series | None, request: Request, notices: list[Notice]) -> Image | None:
    """PET as SUVbw; where the header does not allow that, the rest of the study still runs."""
    try:
        return _read(series, request)
    except SuvUnavailable as error:
        reasons = "; ".join(f"expected {fault.expected}, found {fault.found}" for fault in error.faults)
        notices.append(
            Notice(
                code="SUV_UNAVAILABLE",
                message=f"PET is not used, no SUV can be computed: {reasons}.",
                where=error.faults[0].where,
            )
        )
        return None


def _same_frame(first: Series | None, second: Series | None) -> bool:
    if first is None or second is None:
        return False
    return bool(first.frame_uid_hash) and first.frame_uid_hash == second.frame_uid_hash


def _registration(fit: Fit, role: str) -> Registration:
    return Registration(
        moving="ct of the PET/CT",
        fixed=role,
        method="rigid, mutual information",
        translation_mm=fit.translation_mm,
        rotation_degrees=fit.rotation_degrees,
        quality=fit.quality,
        quality_measure=fit.measure,
        acceptable=fit.acceptable,
    )


def _fit_notices(fit: Fit) -> tuple[Notice, ...]:
    said = Notice(
        code="REGISTERED",
        message="PET/CT and MRI have different frames of reference; PET was brought onto the MRI by a rigid "
        f"registration of its CT (quality {fit.quality:.2f}). Check the fit on the pictures.",
    )
    if fit.acceptable:
        return (said,)
    poor = Notice(
        code="REGISTRATION_POOR",
        message=f"The registration does not fit well (quality {fit.quality:.2f}): positions between PET and "
        "the reference image are approximate (25 mm).",
    )
    return (said, poor)


def _no_reference(study: Study) -> Fault:
    found = ", ".join(f"series {s.number}: {s.role}" for s in study.series[:12]) or "no image series"
    return Fault(
        code="NO_REFERENCE_IMAGE",
        expected="a hepatobiliary-phase MRI, or another liver image with --liver and --lesions",
        found=found,
        remedy="Point to it with --series hbp=NUMBER, or plan from masks alone with: netlm plan",
    )
