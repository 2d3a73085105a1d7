"""Images of a study, read and brought onto one planning grid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from netlm_imaging.align import Fit, grown, register, resample
from netlm_imaging.case import InputRecord, Registration, SuvRecord
from netlm_imaging.errors import Fault, InputError, Notice, SuvUnavailable
from netlm_imaging.geometry import Grid
from netlm_imaging.ingest import Image, Series, read_image, scan
from netlm_imaging.read_options import ReadOptions
from netlm_imaging.study.choice import ChosenSeries, choose_series, same_frame
from netlm_imaging.study.progress import Progress
from netlm_imaging.volume import Mask, Volume

FOCUS_MARGIN_MM = 15.0
"""Around the liver: its edge is what tells where it is (ours)."""
LARGEST_SUV = 1000.0
"""g/mL; no tissue comes near (ours). A PET with larger values holds Bq/mL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyImages:
    """What was found: the reference image and, where there are any, precontrast MRI, PET and its CT."""

    reference: Image | None
    reference_role: str
    frame_uid_hash: str = ""
    """Of the reference; empty where it names none."""
    series: Series | None = None
    """Of the reference: its files, which outlive a zip as long as this is held."""
    precontrast: Image | None = None
    pet: Image | None = None
    pet_ct: Image | None = None
    same_frame: bool = False
    """PET and reference share one frame of reference: no registration."""
    records: tuple[InputRecord, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def on_ct(self) -> bool:
        """The reference is a CT, its values HU."""
        if self.reference is None:
            return False
        return self.reference.record.modality == "CT" or self.reference_role == "ct"


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

    def on(self, grid: Grid) -> AlignedImages:
        """The same images on another grid."""
        return replace(
            self,
            reference=None if self.reference is None else resample(self.reference, grid),
            precontrast=None if self.precontrast is None else resample(self.precontrast, grid),
            suv=None if self.suv is None else resample(self.suv, grid),
        )


def read_images(path: Path, options: ReadOptions, *, segment: bool, progress: Progress) -> StudyImages:
    """Scan the folder, choose a series for each role and read it; ``segment`` as in ``choose_series``."""
    with progress.stage("Scanning the folder") as entry:
        study = scan(path, force=options.force, assume_affine=options.assume_affine)
        entry["series"] = len(study.series)
    chosen = choose_series(study, options.series, segment=segment)
    with progress.stage("Reading the images"):
        images = read_chosen(chosen, options)
    return replace(images, notices=(*study.notices, *images.notices))


def read_chosen(chosen: ChosenSeries, options: ReadOptions) -> StudyImages:
    """Read the chosen series. Raises InputError with all faults of a series; PET without SUV is a notice."""
    notices = list(chosen.notices)
    reference = _read(chosen.reference, chosen.role, options)
    precontrast = _read(chosen.precontrast, "precontrast", options)
    pet = _read_pet(chosen.pet, options, notices)
    pet_ct = None if pet is None else _read(chosen.pet_ct, "ct", options)
    images = [image for image in (reference, precontrast, pet, pet_ct) if image is not None]
    notices += [notice for image in images for notice in image.notices]
    return StudyImages(
        reference=reference,
        reference_role=chosen.role,
        frame_uid_hash=chosen.reference.frame_uid_hash,
        series=chosen.reference,
        precontrast=precontrast,
        pet=pet,
        pet_ct=pet_ct,
        same_frame=same_frame(chosen.reference, chosen.pet),
        records=tuple(image.record for image in images),
        notices=tuple(notices),
    )


def on_grid(images: StudyImages, grid: Grid) -> AlignedImages:
    """The images that share the reference's frame, on ``grid``; PET comes with ``with_pet``."""
    if images.reference is None:
        return AlignedImages(reference=None)
    precontrast = None if images.precontrast is None else resample(images.precontrast.volume, grid)
    return AlignedImages(reference=resample(images.reference.volume, grid), precontrast=precontrast)


def with_pet(
    aligned: AlignedImages, images: StudyImages, *, liver: Mask, progress: Progress
) -> AlignedImages:
    """PET on the grid of ``liver`` too; by rigid registration of its CT when its frame differs.

    The last pass looks at the liver alone: it moves with the breath while the rest of the body does not.
    """
    if images.pet is None or aligned.reference is None:
        return aligned
    if images.same_frame:
        return replace(aligned, suv=resample(images.pet.volume, liver.grid), pet_aligned=True)
    if images.pet_ct is None:
        notice = Notice(
            code="PET_NOT_REGISTERED",
            message="PET and the reference image name no common frame of reference, and there is no CT of "
            "the PET to register: positions between the two are approximate (25 mm).",
        )
        return replace(aligned, suv=resample(images.pet.volume, liver.grid), notices=(notice,))
    with progress.stage("Registering PET/CT to the reference image") as entry:
        focus = grown(liver, margin_mm=FOCUS_MARGIN_MM) if liver.voxels else None
        fit = register(images.pet_ct.volume, aligned.reference, focus=focus)
        entry["quality"] = fit.quality
        suv = resample(images.pet.volume, liver.grid, transform=fit.transform)
    return replace(
        aligned,
        suv=suv,
        pet_aligned=fit.acceptable,
        registrations=(_registration(fit, images.reference_role),),
        notices=_fit_notices(fit),
    )


def _read(series: Series | None, role: str, options: ReadOptions) -> Image | None:
    """A series as what it is used for, which the user may see otherwise than its header."""
    if series is None:
        return None
    image = read_image(
        series, resample_uneven=options.resample_uneven, keep_identifiers=options.keep_identifiers
    )
    return replace(image, record=replace(image.record, role=role))


def _read_pet(series: Series | None, options: ReadOptions, notices: list[Notice]) -> Image | None:
    """PET as SUVbw; where the header does not allow that, the rest of the study still runs."""
    try:
        image = _read(series, "pet", options)
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
    return _taken_as_suv(image) if image is not None and series is not None and series.file else image


def _taken_as_suv(image: Image) -> Image:
    """NIfTI and NRRD files have no unit: the user who names it as the PET says that it holds SUVbw."""
    kind = image.record.modality
    largest = float(image.volume.array.max())
    if largest > LARGEST_SUV:
        raise InputError(
            Fault(
                code="NOT_SUV",
                expected=f"SUVbw in a PET that comes as {kind}",
                found=f"values up to {largest:.6g}",
                where="--series pet",
                remedy="Give the DICOM files of the PET, or SUVbw values",
            )
        )
    said = Notice(
        code="SUV_ASSUMED",
        message=f"The PET is a {kind} file, which names no unit: its values are taken as SUVbw because "
        "--series pet names it.",
        where="pet",
    )
    suv = SuvRecord(
        unit="not known", path=f"values of a {kind} file taken as SUVbw, as the user says", inputs={}
    )
    return replace(image, record=replace(image.record, suv=suv), notices=(*image.notices, said))


def _registration(fit: Fit, role: str) -> Registration:
    return Registration(
        moving="ct of the PET/CT",
        fixed=role,
        method="rigid, mutual information, focused on the liver",
        translation_mm=fit.translation_mm,
        rotation_degrees=fit.rotation_degrees,
        quality=fit.quality,
        quality_measure=fit.measure,
        acceptable=fit.acceptable,
    )


def _fit_notices(fit: Fit) -> tuple[Notice, ...]:
    said = Notice(
        code="REGISTERED",
        message="PET/CT and the reference image name no common frame of reference; PET was brought over by a "
        f"rigid registration of its CT (quality {fit.quality:.2f}). Check the fit on the pictures.",
    )
    if fit.acceptable:
        return (said,)
    poor = Notice(
        code="REGISTRATION_POOR",
        message=f"The registration does not fit well (quality {fit.quality:.2f}): positions between PET and "
        "the reference image are approximate (25 mm).",
    )
    return (said, poor)
