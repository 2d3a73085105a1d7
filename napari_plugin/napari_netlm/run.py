"""A desk through the main job: what was drawn and decided goes in, a finished case comes out; no Qt."""

from __future__ import annotations

import tempfile
from pathlib import Path

from napari_netlm.desk import Desk
from napari_netlm.jobs import Reporter, run_netlm
from napari_netlm.judged import review_in
from napari_netlm.masks import LABELED
from napari_netlm.opened import OpenedStudy
from napari_netlm.study import open_study
from netlm_imaging.clinical import Clinical
from netlm_imaging.errors import Fault, InputError
from netlm_imaging.export import write_nifti
from netlm_imaging.review import counted
from netlm_imaging.settings import Settings, to_toml, validated
from netlm_imaging.volume import LabelMap, Mask

OPTIONS = {
    "liver": "--liver",
    "lesions": "--lesions",
    "segments": "--segments",
    "vessels": "--vessels",
    "portal_vein": "--portal-vein",
    "cysts": "--cysts",
    "spleen": "--spleen",
    "bile_ducts": "--bile-ducts",
    "gallbladder": "--gallbladder",
    "bowel": "--bowel",
}
"""Option of ``netlm run`` by the key of a mask."""
GIVEN_ROLES = {
    "liver": "liver mask",
    "lesions": "lesion mask",
    "segments": "segment mask",
    "vessels": "vessel mask",
    "portal_vein": "portal vein mask",
    "cysts": "cyst mask",
    "spleen": "spleen mask",
    "bile_ducts": "bile duct mask",
    "gallbladder": "gallbladder mask",
    "bowel": "bowel mask",
}
"""How case.json names a mask that was given."""


def given_masks(desk: Desk) -> dict[str, Mask | LabelMap]:
    """Masks that a person stands behind: drawn, changed or judged here, or given to the finished case.

    Rejected lesions are left out. What the segmenter found and nobody touched is found again. Without
    images liver and lesions are all there is, and count as given.
    """
    case = desk.study.case
    roles = {record.role for record in case.inputs} if case is not None else set()
    before = {key for key, role in GIVEN_ROLES.items() if any(r.startswith(role) for r in roles)}
    review = review_in(desk.records)
    wanted = desk.edited | before | ({"lesions"} if review.statuses else set())
    if desk.study.images_path is None:
        wanted |= {"liver", "lesions"}
    masks: dict[str, Mask | LabelMap] = {
        key: desk.labels(key) if key in LABELED else desk.mask(key)
        for key in OPTIONS
        if key in wanted and desk.layer(key) is not None
    }
    if "segments" in masks and not masks["segments"].array.any():
        del masks["segments"]  # nobody has set them yet
    if isinstance(lesions := masks.get("lesions"), LabelMap):
        masks["lesions"] = counted(lesions, review)
    return masks


def facts_of(desk: Desk) -> tuple[Clinical, Settings]:
    """Clinical facts and settings as decided on the desk, else as opened. Raises UsageError."""
    clinical, settings = desk.study.clinical, desk.study.settings
    if "clinical" in desk.records:
        clinical = validated(Clinical, desk.records["clinical"], code="BAD_CLINICAL", where="clinical facts")
    if "settings" in desk.records:
        settings = validated(Settings, desk.records["settings"], code="BAD_SETTINGS", where="settings")
    return clinical, settings


def run_case(
    masks: dict[str, Mask | LabelMap],
    facts: tuple[Clinical, Settings],
    *,
    images: Path | None,
    out: Path,
    reporter: Reporter,
    overwrite: bool = False,
    segments_method: str = "",
) -> OpenedStudy:
    """The finished case of these masks and facts, opened over its images.

    ``segments_method``: how the segments were made, which the case then names.

    Raises InputError (MASKS_NEEDED) without images and without liver and lesions, CommandFailed with
    the words of the command line, Cancelled.
    """
    if images is None and not {"liver", "lesions"} <= set(masks):
        raise InputError(_masks_needed())
    with tempfile.TemporaryDirectory(prefix="netlm-run-") as folder:
        arguments = ["plan"] if images is None else ["run", str(images)]
        for key, mask in masks.items():
            method = segments_method if key == "segments" else ""
            file = write_nifti(mask, Path(folder) / f"{key}.nii.gz", method=method)
            arguments += [OPTIONS[key], str(file)]
        for option, section in zip(("--clinical", "--settings"), facts, strict=True):
            file = Path(folder) / f"{option[2:]}.toml"
            file.write_text(to_toml(section), encoding="utf-8")
            arguments += [option, str(file)]
        run_netlm([*arguments, "--out", str(out), *(["--overwrite"] if overwrite else [])], reporter)
    return open_study(out, images=images, progress=reporter)


def _masks_needed() -> Fault:
    return Fault(
        code="MASKS_NEEDED",
        expected="a liver and lesions to plan on, or images to find them on",
        found="neither",
        remedy="Draw both, take them from a mask file, or open the study of the case",
    )
