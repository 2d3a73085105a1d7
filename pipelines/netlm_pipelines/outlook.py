"""What a run would do with a study as it lies, without reading a pixel."""

from __future__ import annotations

from dataclasses import dataclass

from netlm_imaging.errors import Fault, NetlmError, Notice
from netlm_imaging.ingest import Series, Study
from netlm_imaging.study.choice import ChosenSeries, choose_series


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The series that a run would use, by what for; or why it would stop."""

    uses: tuple[tuple[str, Series], ...] = ()
    masks_needed: bool = False
    """It finds no hepatobiliary phase to segment: liver and lesions would have to be given."""
    notices: tuple[Notice, ...] = ()
    faults: tuple[Fault, ...] = ()


def outlook(study: Study) -> Outlook:
    """How a run would begin: with the built-in segmentation, else with masks that the user gives."""
    try:
        return _of(study, choose_series(study, {}, segment=True), masks_needed=False)
    except NetlmError as error:
        if error.code != "MASKS_NEEDED":
            return Outlook(faults=error.faults)
    try:
        return _of(study, choose_series(study, {}, segment=False), masks_needed=True)
    except NetlmError as error:
        return Outlook(faults=error.faults)


def _of(study: Study, chosen: ChosenSeries, *, masks_needed: bool) -> Outlook:
    used = (
        (chosen.role, chosen.reference),
        ("precontrast", chosen.precontrast),
        ("pet", chosen.pet),
        ("ct of the pet", chosen.pet_ct),
    )
    read = tuple((what, series) for what, series in used if series is not None)
    faults = tuple(fault for _, series in read for fault in series.faults)
    if faults:
        return Outlook(faults=faults)
    # What the series say themselves stands with them already.
    own = {notice for series in study.series for notice in series.notices}
    notices = tuple(n for n in chosen.notices if n not in own)
    return Outlook(uses=read, masks_needed=masks_needed, notices=notices)
