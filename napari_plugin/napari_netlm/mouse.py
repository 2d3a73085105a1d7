"""What the mouse does beside napari's own: window by dragging, the crosshair by a click; no Qt."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np

from napari_netlm.crosshair import crosshair_of
from napari_netlm.desk import desk_of
from napari_netlm.layers import one_picture

RIGHT = 2
LEFT = 1
_DRAG_SHARE = 1 / 400
"""Of the width of the window, for each pixel dragged."""


ZOOM_STEP = 1.15


def bind_mouse(viewer: Any) -> None:
    """Right drag: window. Click: crosshair, where it is shown. Wheel: slices; with Shift: zoom."""
    for callback in (drag_window, click_crosshair):
        if callback not in viewer.mouse_drag_callbacks:
            viewer.mouse_drag_callbacks.append(callback)
    if scroll not in viewer.mouse_wheel_callbacks:
        viewer.mouse_wheel_callbacks.append(scroll)


def scroll(viewer: Any, event: Any) -> None:
    """Towards oneself: to the feet, the back or the patient's left, as on a reading station."""
    if viewer.dims.ndisplay != 2 or desk_of(viewer) is None or not event.delta[1]:
        return
    away = event.delta[1] > 0
    if not event.modifiers:
        axis = viewer.dims.order[0]
        step = 1 if away == (axis == 0) else -1
        with one_picture(viewer):
            viewer.dims.set_current_step(axis, viewer.dims.current_step[axis] + step)
    elif "Shift" in event.modifiers:
        viewer.scene.camera.zoom *= ZOOM_STEP if away else 1 / ZOOM_STEP
    event.handled = True  # napari would zoom


def drag_window(viewer: Any, event: Any) -> Iterator[None]:
    """To the right: wider; up: brighter, as on reading stations."""
    image = top_image(viewer)
    if event.button != RIGHT or image is None:
        return
    event.handled = True  # napari would zoom
    low, high = image.contrast_limits
    start = np.asarray(event.pos, dtype=float)
    yield
    while event.type == "mouse_move":
        right, down = np.asarray(event.pos, dtype=float) - start
        level, width = moved_window(low, high, right=right, down=down)
        set_window(image, level - width / 2, level + width / 2)
        event.handled = True
        yield


def moved_window(low: float, high: float, *, right: float, down: float) -> tuple[float, float]:
    """Level and width after a drag of so many pixels from the window (``low``, ``high``)."""
    width = high - low
    new_width = width * float(np.exp(right * _DRAG_SHARE * 2))
    return (low + high) / 2 + down * _DRAG_SHARE * width, new_width


def set_window(image: Any, low: float, high: float) -> None:
    """The values that are black and white, also outside those of the image."""
    first, last = image.contrast_limits_range
    if low < first or high > last:
        image.contrast_limits_range = (min(low, first), max(high, last))
    image.contrast_limits = (low, high)


def is_drawing(viewer: Any) -> bool:
    """Whether the mouse paints or erases in the selected layer."""
    active = viewer.layers.selection.active
    return active is not None and str(active.mode) not in ("pan_zoom", "Mode.PAN_ZOOM")


def until_released(event: Any) -> Generator[None, None, bool]:
    """Wait for the end of a press of the mouse; whether it was dragged."""
    dragged = False
    yield
    while event.type == "mouse_move":
        dragged = True
        yield
    return dragged


def click_crosshair(viewer: Any, event: Any) -> Iterator[None]:
    """A click without a drag, where no tool is drawing, moves all three slices there."""
    desk = desk_of(viewer)
    if event.button != LEFT or desk is None or crosshair_of(desk) is None or is_drawing(viewer):
        return
    dragged = yield from until_released(event)
    if not dragged and viewer.dims.ndisplay == 2:
        desk.go_to(desk.frame.to_patient(event.position))


def top_image(viewer: Any) -> Any | None:
    """The image that windows act on: the selected one, else the topmost that is seen, PET last."""
    active = viewer.layers.selection.active
    if active is not None and active._type_string == "image":
        return active
    seen = [layer for layer in viewer.layers if layer._type_string == "image" and layer.visible]
    seen.sort(key=lambda layer: layer.metadata.get("netlm", {}).get("key") == "pet")
    return seen[0] if seen else None
