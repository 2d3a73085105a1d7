"""Multi-frame objects that were cut into several files (DICOM PS3.3 C.7.6.16.2.2.4): are all there?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from netlm_imaging.errors import Fault, Notice
from netlm_imaging.ingest.header import Header


def concatenation_faults(headers: Sequence[Header]) -> list[Fault]:
    """CONCAT_INCOMPLETE where a part of an object is not there, or parts do not follow each other."""
    faults = []
    for parts in _objects(headers):
        cuts = [(h.concatenation, h.frames) for _, h in sorted(parts.items()) if h.concatenation]
        declared = _declared(parts)
        frames_before = [sum(frames for _, frames in cuts[:n]) for n in range(len(cuts))]
        chained = all(
            cut.first_frame in (None, before) for (cut, _), before in zip(cuts, frames_before, strict=True)
        )
        if len(parts) < max(declared, max(parts)) or not chained:
            faults.append(
                Fault(
                    code="CONCAT_INCOMPLETE",
                    expected=f"all {declared or max(parts)} files of a concatenation",
                    found=f"the parts {', '.join(map(str, sorted(parts)))}",
                    remedy="Export the series again, complete",
                )
            )
    return faults


def concatenation_notices(headers: Sequence[Header]) -> list[Notice]:
    """Nobody can tell whether the last parts are there when no file says how many there are."""
    unknown = sum(not _declared(parts) for parts in _objects(headers))
    if not unknown:
        return []
    message = "An object cut into several files does not say into how many: slices may be missing at an end"
    return [Notice(code="SLICES_MAY_BE_MISSING", message=message)]


def _objects(headers: Sequence[Header]) -> list[dict[int, Header]]:
    """A frame of each part by its number, for each object."""
    objects: dict[str, dict[int, Header]] = defaultdict(dict)
    for h in headers:
        if h.concatenation is not None:
            objects[h.concatenation.uid][h.concatenation.part] = h
    return list(objects.values())


def _declared(parts: dict[int, Header]) -> int:
    """How many parts there are, as the files say; 0 where they do not."""
    return max(h.concatenation.parts or 0 for h in parts.values() if h.concatenation)
