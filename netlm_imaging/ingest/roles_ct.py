"""CT: its phase, its kernel, and whether it was made for a PET."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from netlm_imaging.ingest.header import Header
from netlm_imaging.ingest.verdict import CtPhase, Facts, Verdict
from netlm_imaging.ingest.vocabulary import folded, phase_in, phases_in, says

_PHASES: dict[str, CtPhase] = {
    "precontrast": "native", "arterial": "arterial", "portal": "portal", "transitional": "delayed",
}  # fmt: skip
ARTERIAL_UNTIL = timedelta(seconds=50)
PORTAL_UNTIL = timedelta(seconds=110)
DELAYED_UNTIL = timedelta(minutes=15)
"""After the start of the injection: late arterial 35-45 s, portal venous 60-90 s, delayed 3-10 min."""

_REFORMATS = ("MPR", "REFORMATTED", "CSA MPR", "CSA MPRTHICK", "CSAPARALLEL", "MPVR")
_SHARP = frozenset({"lung", "bone", "boneplus", "edge", "ultra", "d", "e", "l"})
"""GE (lung to ultra) and Philips (D, E, L)."""
_SOFT = frozenset({"standard", "soft", "stnd", "a", "b", "c", "ua", "ub", "uc"})
_NUMBERED = re.compile(r"([a-z]{1,2})(\d{2})")
"""Siemens (B30f, I31s, Br40d) and Canon (FC08): the higher the number, the sharper."""
_CANON_SHARP_FROM, _SIEMENS_SHARP_FROM = 30, 50


def ct_verdict(header: Header) -> Verdict:
    """The role of a CT; phase and kernel are facts of it."""
    text = folded(header.protocol.words[0])
    if says("ct", "map", text):
        return Verdict(role="other", reason="CT map, by its description", confidence=0.8)
    phase, why = _phase(header, text)
    facts = Facts(
        reformatted=any(w in _REFORMATS for w in header.image_type) or says("ct", "reformatted", text),
        ct_phase=phase,
        kernel=kernel_kind(header.protocol.kernel) or ("sharp" if says("ct", "sharp", text) else None),
        attenuation_ct=says("ct", "attenuation", text),
    )
    return Verdict(role="ct", reason=f"modality CT{why}", facts=facts)


def kernel_kind(kernel: str) -> Literal["soft", "sharp"] | None:
    """Whether a reconstruction kernel is for soft tissue, or for lung and bone; None where not known."""
    plain = kernel.lower().replace(" ", "")
    if plain in _SHARP or any(word in plain for word in ("lung", "bone", "sharp")):
        return "sharp"
    if plain in _SOFT or "soft" in plain or "standard" in plain:
        return "soft"
    numbered = _NUMBERED.match(plain)
    if numbered is None:
        return None
    family, number = numbered[1], int(numbered[2])
    limit = _CANON_SHARP_FROM if family == "fc" else _SIEMENS_SHARP_FROM
    return "sharp" if family == "bl" or number >= limit else "soft"


def _phase(header: Header, text: str) -> tuple[CtPhase | None, str]:
    """The phase and the words about it that follow the reason."""
    said = _said(text) or _said(folded(header.protocol.words[1]))
    timed, after = _timed(header)
    if said and timed and said != timed:
        return None, f"; described as {said} phase, but {after} after the contrast agent"
    if timed:
        return timed, f"; {timed} phase, {after} after the contrast agent"
    return said, f"; {said} phase by its description" if said else ""


def _said(text: str) -> CtPhase | None:
    if says("ct", "native", text) and not phases_in(text) - {"precontrast"}:
        return "native"
    phase = phase_in(text)
    return _PHASES.get(phase) if phase else None


def _timed(header: Header) -> tuple[CtPhase | None, str]:
    start = header.protocol.contrast_start
    if start is None or header.acquired is None:
        return None, ""
    after = header.acquired - start
    if not timedelta(seconds=10) <= after <= DELAYED_UNTIL:
        return None, ""
    seconds = f"{after.total_seconds():.0f} s"
    if after <= ARTERIAL_UNTIL:
        return "arterial", seconds
    return ("portal" if after <= PORTAL_UNTIL else "delayed"), seconds
