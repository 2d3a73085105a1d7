"""The shaft of a probe: how thick, how long, and where its tip lies in the zone that it makes."""

from __future__ import annotations

from math import pi, sin

import numpy as np

from netlm_imaging.plan.devices import Device

GAUGE_MM = {
    5: 5.588, 6: 5.156, 7: 4.572, 8: 4.191, 9: 3.759, 10: 3.404, 11: 3.048, 12: 2.769, 13: 2.413, 14: 2.108,
    15: 1.829, 16: 1.651, 17: 1.473, 18: 1.270, 19: 1.067, 20: 0.908, 21: 0.819, 22: 0.718, 23: 0.641,
    24: 0.565, 25: 0.514, 26: 0.464, 27: 0.413, 28: 0.362, 29: 0.337, 30: 0.311,
}  # fmt: skip
"""Outer diameter of needles (Birmingham wire gauge)."""
UNKNOWN_GAUGE = 13.0
"""The thickest in common use, taken where a device says nothing (ours, cautious)."""
UNKNOWN_SPACING_MM = 15.0
"""Between neighbors of several probes, where a device says nothing (ours; laser fibers 15-18, IRE 15)."""


def shaft_radius_mm(device: Device) -> float:
    """Half the outer diameter of one probe."""
    gauge = UNKNOWN_GAUGE if device.antenna_gauge is None else device.antenna_gauge
    return float(np.interp(gauge, list(GAUGE_MM), list(GAUGE_MM.values()))) / 2.0


def bundle_radius_mm(device: Device) -> float:
    """Radius of the cylinder around all parallel probes of a device.

    They stand at the corners of a regular polygon around the axis, its sides as long as their spacing.
    """
    if device.probes == 1:
        return shaft_radius_mm(device)
    spacing = UNKNOWN_SPACING_MM if device.probe_spacing_mm is None else device.probe_spacing_mm
    return spacing / (2.0 * sin(pi / device.probes)) + shaft_radius_mm(device)


def tip_beyond_center_mm(device: Device) -> float:
    """How far the tip lies beyond the middle of the zone, along the probe.

    Where it is not known how far the zone reaches beyond the tip, or between two values, the tip lies
    as deep as it can: at the zone's end, or short of it by the least. So no path seems shorter or
    clearer than it is.
    """
    beyond = 0.0 if device.beyond_tip_mm is None else device.beyond_tip_mm[0] * device.shrink
    return device.zone_mm[0] / 2.0 - beyond
