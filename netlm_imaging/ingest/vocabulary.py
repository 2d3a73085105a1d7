"""Words and codes that roles are told from, and how they are found in the free text of a header.

The text itself goes no further: what comes out is always a name of ``vocabulary.toml``.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

Phase = Literal["hbp", "arterial", "portal", "transitional", "precontrast"]
_LETTER = r"[^\W\d_]"
_HAN_KANA_HANGUL = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_LATIN = str.maketrans({"\u0131": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})
"""Letters (dotless i first) that Unicode does not take apart into a plain letter and an accent."""
_MINUTES = re.compile(r"(?<![\d.])(\d{1,3}(?:\.\d+)?) ?(?:min(?!ip)|mn(?![a-z])|dk(?![a-z])|dak|分|분)")
_SECONDS = re.compile(r"(?<![\d.])(\d{2,3}) ?(?:s|sec|sek|secs|seg|sn|秒|초)(?![a-z])")
_BREATH = re.compile(r"\bbh|breath|atem|apn|hold")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """An MR contrast agent."""

    name: str
    hbp_from_minutes: float | None
    """From when on liver cells hold enough of it; None where it never enters them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracer:
    """A PET tracer."""

    name: str
    receptor: bool
    """It binds somatostatin receptors."""
    nuclides: tuple[str, ...]
    """What it may be labeled with; empty where any."""


@cache
def folded(text: str) -> str:
    """Lower case without accents, words parted by one blank; decimals stay, CamelCase becomes two words."""
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    if not text.isascii():
        plain = unicodedata.normalize("NFKD", text.casefold()).translate(_LATIN)
        kept = "".join(c for c in plain if unicodedata.category(c) != "Mn")
        text = unicodedata.normalize("NFC", kept)
    text = re.sub(r"(?<=\d)[.,](?=\d)", ".", text.casefold())
    return " ".join(re.sub(r"[^\w.]|_|(?<!\d)\.|\.(?!\d)", " ", text).split())


def says(section: str, entry: str, text: str) -> bool:
    """Whether a folded text holds a phrase of one entry of the vocabulary."""
    return bool(text) and _pattern(section, entry).search(text) is not None


def first_said(section: str, text: str) -> str:
    """The first entry of a section with a phrase in a folded text; empty where there is none."""
    return next((entry for entry in _toml()[section] if says(section, entry, text)), "")


def phases_in(text: str) -> frozenset[Phase]:
    """The contrast phases that a folded text names."""
    return frozenset(phase for phase in _toml()["phases"] if says("phases", phase, text))


def phase_in(text: str) -> Phase | None:
    """The one contrast phase that a folded text names; None where it names none or several.

    "Late arterial" is arterial, "late hepatobiliary" hepatobiliary, "late venous" transitional.
    """
    named = phases_in(text)
    if len(named) > 1 and "transitional" in named:
        named = named - {"portal"} if "portal" in named else named - {"transitional"}
    return next(iter(named)) if len(named) == 1 else None


def minutes_in(text: str) -> float | None:
    """The longest time in minutes that a folded text names: "20 min", "70 s"; no breath-hold times."""
    found = [float(m) for m in _MINUTES.findall(text)]
    if not found and not _BREATH.search(text):
        found = [int(s) / 60 for s in _SECONDS.findall(text) if 15 <= int(s) <= 300]
    return max(found, default=None)


def agents_in(text: str, codes: Iterable[str] = ()) -> tuple[Agent, ...]:
    """The contrast agents that a text names, or the codes of a sequence."""
    plain, given = folded(text.lower()), set(codes)  # brand names are one word: ProHance
    return tuple(
        Agent(name=name, hbp_from_minutes=entry.get("hbp_from_minutes"))
        for name, entry in _toml()["agents"].items()
        if given & set(entry.get("codes", ())) or _agent_names()[name].search(plain)
    )


def is_no_agent(text: str) -> bool:
    """The text says that nothing was given, or nothing at all ("none", "0")."""
    plain = folded(text)
    return not plain or plain in _toml()["contrast"]["none"] or set(plain) <= set("0. ")


def tracers_in(text: str, codes: Iterable[str] = ()) -> tuple[Tracer, ...]:
    """The PET tracers that a text names, or the codes of a sequence; a plain name beats its kind."""
    plain, given = folded(text.lower()), set(codes)  # brand names are one word: ProHance
    found = [
        Tracer(name=name, receptor=entry["receptor"], nuclides=tuple(entry.get("nuclides", ())))
        for name, entry in _toml()["tracers"].items()
        if given & {*entry.get("codes", ()), *entry.get("private_codes", ())}
        or _pattern("tracers", name, key="names").search(plain)
    ]
    exact = [tracer for tracer in found if not tracer.name.startswith("somatostatin")]
    return tuple(exact or found)


@cache
def _toml() -> Mapping[str, Any]:
    text = files("netlm_imaging.ingest").joinpath("vocabulary.toml").read_text(encoding="utf-8")
    content: Mapping[str, Any] = tomllib.loads(text)
    return content


@cache
def _pattern(section: str, entry: str, *, key: str = "") -> re.Pattern[str]:
    phrases = _toml()[section][entry]
    return _compiled(phrases[key] if key else phrases, _phrase)


@cache
def _agent_names() -> Mapping[str, re.Pattern[str]]:
    return {name: _compiled(entry["names"], _name) for name, entry in _toml()["agents"].items()}


def _compiled(phrases: Iterable[str], form: Callable[[str], str]) -> re.Pattern[str]:
    return re.compile("|".join(form(folded(p.rstrip("*")) + "*" * p.endswith("*")) for p in phrases))


def _phrase(phrase: str) -> str:
    body = re.escape(phrase.rstrip("*")).replace(r"\ ", " ?")
    if _HAN_KANA_HANGUL.search(phrase):
        return body
    if len(phrase) <= 2:
        return rf"(?<!\w){body}(?!\w)"
    end = "" if phrase.endswith("*") else rf"(?!{_LETTER})"
    return rf"(?<!{_LETTER}){body}{end}"


def _name(name: str) -> str:
    """Anywhere in the text, unless so short that it could be a part of another word."""
    body = re.escape(name).replace(r"\ ", " ?")
    return body if len(name) > 5 or _HAN_KANA_HANGUL.search(name) else rf"(?<!{_LETTER}){body}(?!{_LETTER})"
