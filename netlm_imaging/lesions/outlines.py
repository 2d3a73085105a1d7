"""Which lesions that a study found those drawn now are, by where they lie: numbers change, places do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

import numpy as np

from netlm_imaging.lesions.records import SeenOn
from netlm_imaging.lesions.regions import Region, regions
from netlm_imaging.volume import LabelMap


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The lesions of a study as it found them."""

    found: tuple[Region, ...]

    @classmethod
    def of(cls, lesions: LabelMap) -> Outlines:
        """Those of a mask."""
        return cls(tuple(regions(lesions)))

    def same(self, region: Region) -> int:
        """The number of the lesion with exactly this outline; 0 where there is none."""
        for one in self.found:
            if one.box == region.box and np.array_equal(one.mask, region.mask):
                return one.label
        return 0

    def origins(self, region: Region) -> tuple[int, ...]:
        """The numbers of the lesions of which this is half or more, or that hold half or more of it.

        Several where lesions were merged; the same one for all parts of a lesion that was split.
        """
        return tuple(
            one.label
            for one in self.found
            if 2 * (shared := _shared_voxels(one, region)) >= min(one.voxels, region.voxels) and shared
        )

    def seen_on(self, region: Region, seen: Mapping[int, tuple[SeenOn, ...]]) -> tuple[SeenOn, ...]:
        """The images on which the study found it; ``seen``: those of its lesions, by their numbers."""
        on = {image for origin in self.origins(region) for image in seen.get(origin, ())}
        return tuple(image for image in get_args(SeenOn) if image in on)


def _shared_voxels(first: Region, second: Region) -> int:
    starts = [max(a.start, b.start) for a, b in zip(first.box, second.box, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(first.box, second.box, strict=True)]
    if any(stop <= start for start, stop in zip(starts, stops, strict=True)):
        return 0
    inside = [
        one.mask[
            tuple(slice(a - s.start, b - s.start) for a, b, s in zip(starts, stops, one.box, strict=True))
        ]
        for one in (first, second)
    ]
    return int(np.count_nonzero(inside[0] & inside[1]))
