"""What a segmenter gets and gives, and the Protocol that any segmenter follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from netlm_imaging.errors import Notice
from netlm_imaging.volume import LabelMap, Mask, Volume, require_on


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Images:
    """The images of one patient on one grid, that of the hepatobiliary phase.

    Raises GridMismatch when they lie on different grids.
    """

    hbp: Volume
    """T1 MRI 20 minutes after gadoxetate, arbitrary units."""
    precontrast: Volume | None = None
    """T1 MRI before contrast, arbitrary units."""
    suv: Volume | None = None
    """PET as SUVbw (g/mL), registered to the MRI."""

    def __post_init__(self) -> None:
        require_on(self.hbp.grid, [self.precontrast, self.suv], what="all images on the HBP grid")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Segmentation:
    """Masks on the grid of the images."""

    liver: Mask
    """Tumors, cysts and the vessels inside it included."""
    lesions: LabelMap
    """Lesions seen on MRI, 1 to n by descending volume."""
    vessels: Mask | None = None
    """Portal and hepatic veins inside the liver."""
    cysts: Mask | None = None
    spleen: Mask | None = None
    notices: tuple[Notice, ...] = ()
    method: str
    """The segmenter's name."""


class Segmenter(Protocol):
    """Images to masks.

    Deterministic; independent of the order in which the array's axes are stored. Raises InputError
    (LIVER_NOT_FOUND) rather than return a mask that cannot be a liver.
    """

    name: str

    def segment(self, images: Images) -> Segmentation:
        """Masks on the grid of ``images.hbp``."""
        ...
