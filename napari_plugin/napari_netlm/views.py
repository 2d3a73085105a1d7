"""Axial, coronal and sagittal as radiologists hang them, with scale bar and orientation letters; no Qt."""

from __future__ import annotations

from typing import Any

from netlm_imaging.export.planes import PLANES, Plane

VIEWS = {plane.name: plane for plane in PLANES}
_LETTERS = {"left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center"}
"""Attribute of a Plane: where the letter stands on the canvas."""


def show_view(viewer: Any, name: str) -> None:
    """Turn to ``axial``, ``coronal`` or ``sagittal``: the patient's right on the left, head or front up.

    napari draws the second last axis downwards, so views with the head up turn the camera.
    """
    plane = VIEWS[name]  # type: ignore[index]
    others = [axis for axis in range(3) if axis != plane.axis]
    viewer.dims.ndisplay = 2
    _outline(viewer, seen=True)
    viewer.scene.camera.orientation2d = ("up" if plane.superior_up else "down", "right")
    viewer.dims.order = (plane.axis, *others)
    _write_letters(viewer, plane)
    viewer.fit_to_view()


def show_3d(viewer: Any) -> None:
    """The view from the front: head up, the patient's right on the left."""
    _outline(viewer, seen=False)
    viewer.dims.order = (1, 0, 2)
    viewer.scene.camera.orientation = ("away", "up", "right")
    viewer.dims.ndisplay = 3
    for name in _LETTERS:
        viewer.canvas.overlays[f"letter_{name}"].visible = False
    viewer.fit_to_view()


def current_view(viewer: Any) -> str | None:
    """The name of the view; None in 3D."""
    if viewer.dims.ndisplay != 2:
        return None
    return next(plane.name for plane in PLANES if plane.axis == viewer.dims.order[0])


def furnish(viewer: Any) -> None:
    """Scale bar in mm, letters, and a black ground, as on a reading station."""
    from napari.components.overlays import TextOverlay

    viewer.canvas.background_color_override = "black"
    viewer.canvas.overlays.scale_bar.visible = True
    for name, position in _LETTERS.items():
        viewer.canvas.overlays[f"letter_{name}"] = TextOverlay(
            position=position, font_size=14, color="yellow", box=False
        )


def _write_letters(viewer: Any, plane: Plane) -> None:
    for name in _LETTERS:
        letter = viewer.canvas.overlays[f"letter_{name}"]
        letter.text = getattr(plane, name)
        letter.visible = True


def _outline(viewer: Any, *, seen: bool) -> None:
    """Outlines exist in 2D only: napari draws the whole body of such labels in 3D, with a warning."""
    for layer in viewer.layers:
        pixels = layer.metadata.get("netlm", {}).get("outline", 0)
        if pixels:
            layer.contour = pixels if seen else 0
