"""Which part of a mask object a user means: a segment or ROI by its name or number."""

from __future__ import annotations

from collections.abc import Mapping

from netlm_imaging.errors import Fault, InputError


def pick(names: Mapping[int, str], wanted: str | None, *, kind: str, shown: Mapping[int, str]) -> list[int]:
    """The numbers of the parts meant; all of them where nothing is ``wanted``.

    ``kind`` is "SEGMENT" or "ROI"; ``shown`` says what is known of each without free text, which may
    name the patient. Raises InputError (SEGMENT_UNKNOWN, SEGMENT_AMBIGUOUS, ROI_UNKNOWN, ROI_AMBIGUOUS).
    """
    if wanted is None:
        return sorted(names)
    asked = _plain(wanted)
    found = [n for n, name in names.items() if _plain(name) == asked]
    found = found or [n for n in names if str(n) == asked]
    if len(found) == 1:
        return found
    word = {"SEGMENT": "segment", "ROI": "ROI"}[kind]
    listed = "; ".join(f"{n} ({shown[n]})" if shown.get(n) else str(n) for n in sorted(names)[:20])
    more = f" and {len(names) - 20} more" if len(names) > 20 else ""
    several = f"{len(found)} of that name among " if found else ""
    raise InputError(
        Fault(
            code=f"{kind}_AMBIGUOUS" if found else f"{kind}_UNKNOWN",
            expected=f"one {word} of the name or number after #",
            found=f"{several}the {word}s {listed}{more}" if names else f"no {word}s",
            remedy="Name one of them, or give its number",
        )
    )


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
