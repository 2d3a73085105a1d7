"""From dark parts of the liver to lesions, cysts and vessels, with what the other images say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from netlm_imaging.segment.focal import HALF_MAXIMUM, Box, Part, dark_parts, edge_of
from netlm_imaging.segment.liver import LiverImage
from netlm_imaging.segment.morphology import Floats, Spacing, components, depth_mm, shrunk, smoothed
from netlm_imaging.volume import BoolArray

SHARP_MM = 0.8
CYST_HBP = 0.45
"""Of the liver's brightness: fluid is darker, solid lesions are at 0.55 to 0.60 (clinical-rules 8)."""
CYST_PRECONTRAST = 0.60
"""Fluid is dark before contrast too; lesions are at about 0.8 of the liver (ours)."""
HOT_OVER_LIVER = 1.5
"""Uptake of more than this times the liver's mean speaks for a lesion (normal liver: clinical-rules 5)."""
LENIENT_REACH, LENIENT_EXITS = 3.0, 1.8
"""What a part with uptake may look like and still be a lesion, such as one that hugs a vein."""
UNCLEAR_REACH, UNCLEAR_EXITS, UNCLEAR_ML = 2.4, 1.2, 0.5
"""Without uptake such a part stays a vessel, but the reader is told."""
SMALLEST_ML = 0.03
RIM_MM, RIM_VOXELS = 3.0, 1.6
"""Parts that lie wholly in this outermost layer are partial volume of the surface."""
VESSEL_ML = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What is dark in the liver; all on the array of the liver."""

    lesions: npt.NDArray[np.uint16]
    """1 to n by descending volume."""
    cysts: BoolArray
    vessels: BoolArray
    doubtful: int
    """Parts between lesion and vessel that were left as vessel."""
    maybe_cysts: int
    """Lesions as dark as fluid, where no precontrast image can tell."""


def find_dark(
    liver: LiverImage, *, precontrast: Floats | None, suv: Floats | None, spacing: Spacing
) -> Findings:
    """Lesions, cysts and vessels inside ``liver``; the other images lie on the same array."""
    sharp = smoothed(liver.relative, SHARP_MM, spacing)
    dark = liver.region & (sharp < HALF_MAXIMUM)
    depth = depth_mm(np.pad(liver.region, 1), spacing)[1:-1, 1:-1, 1:-1]
    rim = max(RIM_MM, RIM_VOXELS * max(spacing))
    views = _Views.of(liver, precontrast, suv, spacing)
    found: list[tuple[Box, BoolArray]] = []
    cysts = np.zeros_like(dark)
    doubtful = maybe_cysts = 0
    for part in dark_parts(dark, spacing):
        if depth[part.box][part.region].max() < rim:
            continue
        box, region = edge_of(part, sharp, liver.region, spacing)
        volume_ml = float(np.count_nonzero(region)) * float(np.prod(spacing)) / 1000.0
        kind = views.kind(part, sharp, volume_ml)
        doubtful += kind == "doubtful"
        maybe_cysts += kind == "maybe cyst"
        if kind == "cyst":
            cysts[box] |= region
        elif kind in ("lesion", "maybe cyst"):
            found.append((box, region))
    lesions = _numbered(found, dark.shape)
    cysts &= lesions == 0
    return Findings(lesions, cysts, _vessels(dark, lesions, cysts, depth, spacing), doubtful, maybe_cysts)


@dataclass(frozen=True, slots=True, eq=False)
class _Views:
    """Other images in units of the liver's own value, None where not given."""

    precontrast: Floats | None
    suv: Floats | None

    @classmethod
    def of(
        cls, liver: LiverImage, precontrast: Floats | None, suv: Floats | None, spacing: Spacing
    ) -> _Views:
        inner = shrunk(liver.parenchyma, 4.0, spacing)
        if not inner.any():
            inner = liver.parenchyma
        calm = None if precontrast is None else smoothed(precontrast, SHARP_MM, spacing)
        return cls(_relative(calm, inner), _relative(suv, inner))

    def kind(self, part: Part, sharp: Floats, volume_ml: float) -> str:
        """``lesion``, ``cyst``, ``vessel``; ``doubtful`` where shape does not settle it.

        A part as dark as fluid that no precontrast image was there to compare is a ``maybe cyst``: it
        counts as a lesion, since tumor must not vanish on the word of one sequence.
        """
        if volume_ml < SMALLEST_ML:
            return "vessel"
        hot = self.suv is not None and float(self.suv[part.box][part.region].max()) > HOT_OVER_LIVER
        if not part.is_blob:
            near = part.reach <= LENIENT_REACH and part.exits <= LENIENT_EXITS
            if near and hot:
                return "lesion"
            unclear = part.reach <= UNCLEAR_REACH and part.exits <= UNCLEAR_EXITS
            return "doubtful" if unclear and volume_ml > UNCLEAR_ML else "vessel"
        if hot or not self._fluid_on_hbp(part, sharp):
            return "lesion"
        if self.precontrast is None:
            return "maybe cyst"
        return "cyst" if self._fluid_before_contrast(part, self.precontrast) else "lesion"

    def _fluid_on_hbp(self, part: Part, sharp: Floats) -> bool:
        return float(np.percentile(sharp[part.box][part.region], 25)) < CYST_HBP

    def _fluid_before_contrast(self, part: Part, precontrast: Floats) -> bool:
        return float(np.percentile(precontrast[part.box][part.region], 25)) < CYST_PRECONTRAST


def _relative(image: Floats | None, liver: BoolArray) -> Floats | None:
    if image is None:
        return None
    level = float(np.median(image[liver]))
    return np.asarray(image / np.float32(level)) if level > 0 else None


def _numbered(found: list[tuple[Box, BoolArray]], shape: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """Labels by descending volume; where two regions meet, the smaller one keeps the voxels."""
    order = sorted(found, key=lambda item: (-np.count_nonzero(item[1]), [s.start for s in item[0]]))
    painted = np.zeros(shape, np.uint16)
    for n, (box, region) in enumerate(order, start=1):
        painted[box][region] = n
    sizes = np.bincount(painted.ravel(), minlength=len(order) + 1)[1:]
    ranks = np.zeros(len(order) + 1, np.uint16)
    kept = [int(n) for n in np.argsort(-sizes, kind="stable") if sizes[n]]
    for rank, n in enumerate(kept, start=1):
        ranks[n + 1] = rank
    return np.asarray(ranks[painted])


def _vessels(
    dark: BoolArray,
    lesions: npt.NDArray[np.uint16],
    cysts: BoolArray,
    depth: npt.NDArray[np.float32],
    spacing: Spacing,
) -> BoolArray:
    """What is dark and no finding, without specks and without the partial volume of the surface."""
    rest = dark & (lesions == 0) & ~cysts
    labels, count = components(rest, connectivity=26)
    sizes = np.bincount(labels.ravel(), minlength=count + 1) * (float(np.prod(spacing)) / 1000.0)
    inner = np.bincount(labels[depth > RIM_MM].ravel(), minlength=count + 1) > 0
    keep = (sizes >= VESSEL_ML) & inner
    keep[0] = False
    return np.asarray(keep[labels])
