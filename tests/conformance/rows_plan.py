"""Rows 43, 46 and 50: vessels and bodies that do not fit the liver, choices that no plan can obey."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from conformance.case import Case
from conformance.commands import Options, command_case, masks
from strategies import ellipsoid

from netlm_imaging.export import write_nifti
from netlm_imaging.volume import BoolArray, Mask
from pipelines import small_study

GRID = small_study.GRID


def body_is_liver(folder: Path) -> Sequence[object]:
    """The liver given as the body: the skin would be the capsule."""
    arguments = masks()(folder)
    return (*arguments, "--body", folder / "liver.nii.gz")


def fixing(choice: str) -> Options:
    """One fixed choice in the settings."""

    def options(folder: Path) -> Sequence[object]:
        (folder / "fix.toml").write_text(f"[[plan.fix]]\n{choice}\n")
        return (*masks()(folder), "--settings", folder / "fix.toml")

    return options


def veins(option: str, mask: BoolArray) -> Options:
    """A mask of vessels beside liver and lesions."""

    def options(folder: Path) -> Sequence[object]:
        arguments = masks()(folder)
        write_nifti(Mask(mask, GRID), folder / "veins.nii.gz")
        return (*arguments, option, folder / "veins.nii.gz")

    return options


def far_portal_vein(folder: Path) -> Sequence[object]:
    arguments = masks()(folder)
    far = replace(GRID, origin_mm=(2000.0, 0.0, 0.0))
    write_nifti(Mask(small_study.vein(), far), folder / "veins.nii.gz")
    return (*arguments, "--portal-vein", folder / "veins.nii.gz")


NOTHING = small_study.liver() & False
BESIDE = ellipsoid(GRID, small_study.at(90.0, 0.0, 0.0), [20.0] * 3) & ~small_study.liver()
CASES: list[Case] = [
    command_case(43, "a portal vein that lies far from the liver", far_portal_vein, refused=["NO_OVERLAP"],
                 exit_code=3, place="portal vein mask"),
    command_case(46, "a body mask that is the liver's", body_is_liver, refused=["BODY_WITHOUT_LIVER"],
                 exit_code=3, place="body mask", says=["1.0 times as large"]),
    command_case(46, "a mask of the portal vein", veins("--portal-vein", small_study.vein()),
                 notices=["PLAN_WITHOUT_HEPATIC_VEINS"], lesions=small_study.lesions),
    command_case(46, "a portal vein mask that is empty", veins("--portal-vein", NOTHING),
                 refused=["IMPLAUSIBLE_VESSELS"], exit_code=3, place="portal vein",
                 says=["without any voxel"]),
    command_case(46, "a portal vein mask that lies in the image but beside the liver",
                 veins("--portal-vein", BESIDE), refused=["IMPLAUSIBLE_VESSELS"], exit_code=3,
                 place="portal vein", says=["without any voxel"]),
    command_case(46, "a portal vein mask that is the liver's", veins("--portal-vein", small_study.liver()),
                 refused=["IMPLAUSIBLE_VESSELS"], exit_code=3, place="portal vein",
                 says=["fills 100 % of it"]),
    command_case(46, "a vessel mask that is empty", veins("--vessels", NOTHING),
                 refused=["IMPLAUSIBLE_VESSELS"], exit_code=3, place="vessels", says=["without any voxel"]),
    command_case(46, "a vessel mask that is the liver's", veins("--vessels", small_study.liver()),
                 refused=["IMPLAUSIBLE_VESSELS"], exit_code=3, place="vessels",
                 says=["fills 100 % of it"]),
    command_case(50, "a device with a typo in a choice that forbids it", fixing(
                 'lesion = 4\nkind = "ablation"\ndevice = "mwa-1-prob"\ndo = false'),
                 refused=["BAD_SETTINGS"], exit_code=2, place="settings",
                 says=["plan.fix[1].device", "mwa-1-prob", "mwa-1-probe"]),
    command_case(50, "a fixed lesion that is not there", fixing("lesion = 5\ndo = true"),
                 refused=["BAD_SETTINGS"], exit_code=2, place="plan.fix[1]", says=["4, 9", "lesion 5"]),
]  # fmt: skip
