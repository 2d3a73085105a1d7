"""Images and masks as napari layer data; knows no Qt.

Every layer carries ``metadata["netlm"]``: its ``key`` (such as ``lesions``), the ``grid`` of its file
and, where it belongs to an opened study, that ``study``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, cast

import numpy as np

from napari_netlm.frame import Frame
from napari_netlm.windows import first_window
from netlm_imaging.volume import LabelMap, Mask, Volume

LayerData = tuple[Any, dict[str, Any], str]


def within_images(made: Any) -> None:
    """A layer that changes at each step of a drag, and never reaches beyond the images.

    The viewer would measure its whole world anew each time, and its dimensions.
    """
    made.events._extent_augmented.block()
    made.events.data.block()  # what draws it listens to others


def drawn_only(viewer: Any) -> AbstractContextManager[Any]:
    """While what layers show changes: else the window's list of all layers is laid out anew at each step.

    Layers may come and go meanwhile: only what a layer tells of itself is not passed on.
    """
    return cast(AbstractContextManager[Any], viewer.layers.events.blocker())


@contextmanager
def unwatched(viewer: Any) -> Iterator[None]:
    """While the mouse moves something or slices change: what lies under it is told at the end.

    The viewer would work that out beside each step, and for any word that changes the whole window is drawn.
    """
    with viewer.cursor.events.position.blocker():
        yield
    viewer.update_status_from_cursor()


@contextmanager
def one_picture(viewer: Any) -> Iterator[None]:
    """While slices change: all that is seen of it is drawn at once."""
    with drawn_only(viewer), unwatched(viewer):
        yield


@contextmanager
def selection_kept(viewer: Any) -> Iterator[None]:
    """While layers come: they do not take the tool or the window from what is selected, if anything is."""
    viewer.layers._activate_on_insert = False
    try:
        yield
    finally:
        viewer.layers._activate_on_insert = True


def layer(
    item: Volume | Mask | LabelMap, name: str, *, key: str = "", modality: str = "", **kwargs: Any
) -> LayerData:
    """One layer in millimeters, k to the superior, j to the posterior, i to the patient's left.

    ``kwargs`` go to the layer. Labels are a copy that can be drawn on.
    """
    turned = item.canonical()
    kwargs = {
        "name": name,
        **Frame(item.grid).placed(),
        "metadata": {"netlm": {"key": key or name, "grid": item.grid, "modality": modality}},
        **kwargs,
    }
    if isinstance(turned, Volume):
        window = first_window(turned.array, modality=modality)
        return turned.array, {"contrast_limits": window, **kwargs}, "image"
    array = turned.array.view(np.uint8) if isinstance(turned, Mask) else turned.array
    return np.array(array, order="C"), {"opacity": 0.7, **kwargs}, "labels"
