"""The masks of one patient on one planning grid: what lesions, remnant and plan all work on."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from netlm_imaging.geometry import Grid
from netlm_imaging.volume import LabelMap, Mask, require_on

SEGMENT_NAMES = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
"""Couinaud segments; label n of a segment map is SEGMENT_NAMES[n - 1]."""
BY_LANDMARKS = "planes through landmarks"
BY_LANDMARKS_AND_HAND = f"{BY_LANDMARKS}, edited by hand"
SEGMENT_METHODS = (BY_LANDMARKS, BY_LANDMARKS_AND_HAND)
"""How a segment map was made here; files of masks and the case name it."""
LEFT_SEGMENTS = frozenset({"II", "III", "IV"})
RIGHT_SEGMENTS = frozenset({"V", "VI", "VII", "VIII"})
"""Segment I is drained on both sides and counts for neither."""


def segment_name(label: int) -> str:
    """The roman name of Couinaud label 1..8."""
    return SEGMENT_NAMES[label - 1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Anatomy:
    """Liver (tumor included), lesions inside it, and what else is known, all on one Grid.

    Raises GridMismatch when the parts lie on different grids. Lesion voxels are inside the liver;
    ``netlm_imaging.lesions.prepare`` makes them so from masks as they come.
    """

    liver: Mask
    lesions: LabelMap
    segments: LabelMap | None = None
    """Couinaud labels 1..8 inside the liver."""
    vessels: Mask | None = None
    """Portal and hepatic veins in and around the liver."""
    vessels_traced: bool = True
    """A person stands behind ``vessels``: their course may say which liver loses its inflow."""
    portal_vein: Mask | None = None
    """The portal vein and its branches alone, as far as they are given: the inflow of the liver."""
    cysts: Mask | None = None
    spleen: Mask | None = None
    bile_ducts: Mask | None = None
    """The main, right and left ducts: the central ones."""
    gallbladder: Mask | None = None
    bowel: Mask | None = None
    """Stomach, duodenum, small bowel and colon, as far as they are given."""

    def __post_init__(self) -> None:
        parts = (self.lesions, self.segments, self.vessels, self.portal_vein, self.cysts, self.spleen)
        require_on(self.liver.grid, (*parts, *self.protected.values()), what="all masks on the liver's grid")

    @property
    def grid(self) -> Grid:
        """The planning grid."""
        return self.liver.grid

    @property
    def protected(self) -> dict[str, Mask]:
        """What heat must stay away from, by its name for people; only what is given."""
        named = {"bile ducts": self.bile_ducts, "gallbladder": self.gallbladder, "bowel": self.bowel}
        return {name: mask for name, mask in named.items() if mask is not None}

    @property
    def functional(self) -> Mask:
        """Functional parenchyma: liver without tumor and without cysts (clinical-rules 2)."""
        inside = self.liver.array & (self.lesions.array == 0)
        if self.cysts is not None:
            inside &= ~self.cysts.array
        return Mask(inside, self.grid)

    def cropped(self, margin_mm: float = 0.0) -> Anatomy:
        """The same anatomy inside the liver's bounding box grown by ``margin_mm``.

        Parts outside the box (most of the spleen) are cut off.
        """
        box = self.liver.bounding_box(margin_mm)
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        parts: dict[str, Any] = {
            n: part.crop(box) if isinstance(part, Mask | LabelMap) else part for n, part in given.items()
        }
        return Anatomy(**parts)


def segment_volumes_ml(segments: LabelMap, inside: Mask) -> dict[str, float]:
    """mL of each Couinaud segment within ``inside``; every name is there, 0 where absent."""
    counts = np.bincount(segments.array[inside.array].ravel(), minlength=9)
    return {name: float(counts[n + 1]) * inside.grid.voxel_ml for n, name in enumerate(SEGMENT_NAMES)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Surroundings:
    """What lies around the liver on the way of a probe from the skin, on one Grid.

    Raises GridMismatch when the parts lie on different grids.
    """

    body: Mask
    """Without holes: all that lies under the skin. Where it touches the edge of the grid, that is no skin."""
    bone: Mask | None = None
    gas: Mask | None = None
    """Lung and gas in bowel."""
    dark: Mask | None = None
    """Where the gas of an image without units is not known: regions as dark as air, among them lung."""

    def __post_init__(self) -> None:
        require_on(self.body.grid, (self.bone, self.gas, self.dark), what="all masks on the body's grid")
