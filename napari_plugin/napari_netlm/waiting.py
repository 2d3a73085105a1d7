"""Layers of a study that are not seen at first: made when they are asked for, or later, one by one; no Qt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from napari_netlm.layers import LayerData


def key_in(data: LayerData) -> str:
    """What a layer that is not made yet will be."""
    return str(data[1]["metadata"]["netlm"]["key"])


class Waiting:
    """``later``: those of ``scene`` (all layers, bottom to top) that are still to be made."""

    def __init__(self, scene: Sequence[LayerData] = (), later: Sequence[LayerData] = ()) -> None:
        self._order = tuple(key_in(data) for data in scene)
        self._later = {key_in(data): data for data in later}

    def __contains__(self, key: str) -> bool:
        return key in self._later

    @property
    def keys(self) -> tuple[str, ...]:
        """Of those that are left."""
        return tuple(self._later)

    @property
    def numbers(self) -> set[int | None]:
        """Of the series that they show."""
        return {data[1]["metadata"]["netlm"].get("number") for data in self._later.values()}

    def __getitem__(self, key: str) -> LayerData:
        return self._later[key]

    def drop(self, key: str) -> None:
        """It is made, and waits no more."""
        del self._later[key]

    def place(self, key: str, layers: Sequence[Any], key_of: Callable[[Any], str]) -> int:
        """Where it goes among ``layers``, bottom to top: above those of the study that lie below it."""
        below = set(self._order[: self._order.index(key)])
        return max((n + 1 for n, layer in enumerate(layers) if key_of(layer) in below), default=0)
