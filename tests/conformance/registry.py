"""All cases of the corpus, in the order of the rows."""

from __future__ import annotations

from conformance import (
    rows_codecs,
    rows_command,
    rows_files,
    rows_hostile,
    rows_kinds,
    rows_multiframe,
    rows_nifti,
    rows_plan,
    rows_plane,
    rows_rtstruct,
    rows_seg,
    rows_settings,
    rows_stack,
    rows_suv,
    rows_values,
    rows_zip,
)
from conformance.case import Case

_MODULES = (
    *(
        rows_stack,
        rows_plane,
        rows_kinds,
        rows_values,
        rows_files,
        rows_codecs,
        rows_multiframe,
        rows_hostile,
        rows_suv,
    ),
    *(rows_nifti, rows_seg, rows_rtstruct, rows_settings, rows_command, rows_plan, rows_zip),
)
CASES: tuple[Case, ...] = tuple(
    sorted((case for module in _MODULES for case in module.CASES), key=lambda case: case.row)
)
