"""The evidence file: what stands behind each sentence of the decision."""

from __future__ import annotations

import tomllib
from collections import Counter
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field

from netlm_imaging.settings import Section

Status = Literal["read", "abstract", "recalled", "derived", "ours"]


class Evidence(Section):
    """One entry of evidence.toml."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
    citation: Annotated[str, Field(min_length=1)]
    section: str | None = None
    """Section of the paper."""
    statement: Annotated[str, Field(min_length=1)]
    status: Status
    """How far the source was read; ``ours`` is an assumption of this project."""
    background: bool = False
    """Context for the reader; no sentence of the decision rests on it."""
    figures: dict[str, float] = Field(default_factory=dict)


class _File(Section):
    entry: Annotated[tuple[Evidence, ...], Field(strict=False)]


def parse_evidence(text: str) -> MappingProxyType[str, Evidence]:
    """Entries by id, in the file's order. Raises ValueError for an invalid entry or an id used twice."""
    entries = _File.model_validate(tomllib.loads(text)).entry
    twice = [name for name, count in Counter(entry.id for entry in entries).items() if count > 1]
    if twice:
        raise ValueError(f"evidence ids used twice: {', '.join(twice)}")
    return MappingProxyType({entry.id: entry for entry in entries})


@cache
def evidence() -> MappingProxyType[str, Evidence]:
    """The entries of the evidence file that ships with the package, by id."""
    return parse_evidence(files(__package__).joinpath("evidence.toml").read_text(encoding="utf-8"))
