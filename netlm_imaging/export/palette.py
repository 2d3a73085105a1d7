"""One color a meaning, in pictures and report: from Okabe and Ito's set, told apart by color-blind readers.

Okabe & Ito, Color Universal Design, 2008.
"""

from __future__ import annotations

CLEARED = "#F0E442"
"""A lesion that the plan clears (yellow)."""
RESIDUAL = "#D55E00"
"""A lesion that the plan leaves, or clears in part (vermillion)."""
TREATED = "#009E73"
"""Liver that is resected or ablated (bluish green)."""
VESSEL = "#0072B2"
"""Portal and hepatic veins (blue)."""
LIVER = "#B9876F"


def rgb(color: str) -> tuple[float, float, float]:
    """``#RRGGBB`` as three numbers from 0 to 1."""
    return (int(color[1:3], 16) / 255, int(color[3:5], 16) / 255, int(color[5:7], 16) / 255)
