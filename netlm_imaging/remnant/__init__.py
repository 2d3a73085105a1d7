"""The future liver remnant in all its denominators and the minimums that apply."""

from netlm_imaging.remnant.body import (
    body_size_notices,
    bsa_dubois_m2,
    bsa_mosteller_m2,
    etlv_ml,
    etlv_urata_ml,
    etlv_vauthey_ml,
)
from netlm_imaging.remnant.limits import flr_limits, flr_notices
from netlm_imaging.remnant.liver_function import LiverFunction, liver_function
from netlm_imaging.remnant.records import FlrLimit, Remnant
from netlm_imaging.remnant.shares import remnant, remnant_notices

__all__ = [
    "FlrLimit",
    "LiverFunction",
    "Remnant",
    "body_size_notices",
    "bsa_dubois_m2",
    "bsa_mosteller_m2",
    "etlv_ml",
    "etlv_urata_ml",
    "etlv_vauthey_ml",
    "flr_limits",
    "flr_notices",
    "liver_function",
    "remnant",
    "remnant_notices",
]
