"""Uptake of each lesion on PET and its Krenning-like score (clinical-rules 5)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from netlm_imaging.lesions.records import Uptake
from netlm_imaging.lesions.regions import Region, regions
from netlm_imaging.volume import LabelMap, Volume, require_on

Score = Literal[0, 1, 2, 3, 4]

# Borders between the scores, as ratios to the liver's SUVmean. The scale was made for planar
# 111In images (0 none, 1 much lower than liver, 2 slightly below or equal, 3 greater than liver,
# 4 greater than spleen); its borders on PET are derived from two cohorts, and ours.
NONE_RATIO = 0.2
"""Below: no uptake; muscle has SUVmax 1.0 where the liver has SUVmean 4.8 (clinical-rules 8)."""
MUCH_LOWER_RATIO = 0.7
ABOVE_LIVER_RATIO = 1.5
"""Normal liver's own SUVmax is about 1.9 times its SUVmean."""
ABOVE_LIVER_SD = 2.0
BORDERLINE_FRACTION = 0.1


def uptake(
    suv: Volume,
    labels: LabelMap,
    *,
    liver_mean: float,
    liver_sd: float,
    spleen_mean: float | None = None,
    kidney_mean: float | None = None,
) -> dict[int, Uptake]:
    """SUVmax, SUVmean and the Krenning-like score (PET) of every label, by id.

    ``suv`` in g/mL on the grid of ``labels``; the means are SUVs of normal liver, spleen and, where
    the spleen is absent, kidney. Raises GridMismatch.
    """
    require_on(suv.grid, (labels,), what="PET and lesions on one grid")
    reference = PetReference(
        liver_mean=liver_mean,
        liver_sd=liver_sd,
        spleen_mean=spleen_mean if spleen_mean is not None else kidney_mean,
    )
    return {region.label: reference.uptake(suv, region) for region in regions(labels)}


@dataclass(frozen=True, slots=True, kw_only=True)
class PetReference:
    """SUVs of normal tissue that lesions are compared with, g/mL."""

    liver_mean: float
    liver_sd: float
    spleen_mean: float | None
    """Of the kidney where the spleen is absent."""

    def uptake(self, suv: Volume, region: Region) -> Uptake:
        """The uptake of one region of the grid of ``suv``."""
        values = suv.array[region.box][region.mask].astype(float)
        suv_max = float(values.max())
        score, borderline = krenning_like(
            suv_max, liver_mean=self.liver_mean, liver_sd=self.liver_sd, spleen_mean=self.spleen_mean
        )
        return Uptake(
            suv_max=suv_max,
            suv_mean=float(values.mean()),
            liver_ratio=suv_max / self.liver_mean,
            spleen_ratio=None if self.spleen_mean is None else suv_max / self.spleen_mean,
            krenning=score,
            borderline=borderline,
        )


def krenning_like(
    suv_max: float, *, liver_mean: float, liver_sd: float, spleen_mean: float | None
) -> tuple[Score, bool]:
    """The score and whether it is borderline: SUVmax within 10 % of a border between two scores.

    Without spleen and kidney 4 cannot be told from 3: the score stays 3 and is borderline.
    """
    above_liver = max(liver_mean + ABOVE_LIVER_SD * liver_sd, ABOVE_LIVER_RATIO * liver_mean)
    borders = [NONE_RATIO * liver_mean, MUCH_LOWER_RATIO * liver_mean]
    near = any(abs(suv_max - border) <= BORDERLINE_FRACTION * border for border in [*borders, above_liver])
    if spleen_mean is not None:
        near = near or abs(suv_max - spleen_mean) <= BORDERLINE_FRACTION * spleen_mean
    if suv_max < borders[0]:
        return 0, near
    if suv_max < borders[1]:
        return 1, near
    if suv_max <= above_liver:
        return 2, near
    if spleen_mean is None:
        return 3, True
    return (4 if suv_max > spleen_mean else 3), near
