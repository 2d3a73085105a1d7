"""The injection of 68Ga-DOTATATE and the clock of the PET scan."""

from __future__ import annotations

import math
from dataclasses import dataclass

HALF_LIFE_S = 4062.6
"""68Ga (clinical-rules 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """Dose and times; seconds count from the injection."""

    dose_bq: float
    weight_kg: float
    scan_start_s: float
    bed_duration_s: float = 180.0
    beds: int = 2
    injected_at_s: float = 9 * 3600 + 12 * 60
    """Seconds since midnight."""
    half_life_s: float = HALF_LIFE_S

    @property
    def bqml_per_suv(self) -> float:
        """Activity (Bq/mL at scan start) of SUVbw 1 g/mL."""
        decayed = self.dose_bq * 2 ** (-self.scan_start_s / self.half_life_s)
        return decayed / (self.weight_kg * 1000)

    def bed(self, slice_index: int, slices: int) -> int:
        """The bed position that measured a slice."""
        return min(self.beds - 1, slice_index * self.beds // slices)

    def bed_start_s(self, bed: int) -> float:
        """When a bed position began."""
        return self.scan_start_s + bed * self.bed_duration_s

    def frame_reference_s(self, bed: int) -> float:
        """Time after the series start at which the activity equals its mean over the bed's frame."""
        lt = math.log(2) / self.half_life_s * self.bed_duration_s
        within = math.log(lt / (1 - math.exp(-lt))) / lt * self.bed_duration_s
        return self.bed_start_s(bed) - self.scan_start_s + within

    def decay_factor(self, bed: int) -> float:
        """What the pixels of a bed were multiplied by to refer to the series start."""
        return 2 ** (self.frame_reference_s(bed) / self.half_life_s)

    def clock(self, seconds: float) -> str:
        """DICOM time of day, ``seconds`` after the injection."""
        total = round(self.injected_at_s + seconds)
        return f"{total // 3600 % 24:02d}{total // 60 % 60:02d}{total % 60:02d}.000000"
