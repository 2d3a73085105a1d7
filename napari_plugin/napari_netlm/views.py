"""Axial, coronal and sagittal as radiologists hang them, with scale bar and orientation letters; no Qt."""

from __future__ import annotations

import warnings
from typing import Any

from napari_netlm.desk import Desk, desk_of
from netlm_imaging.export.planes import PLANES, Edges, edges

VIEWS = {plane.name: plane for plane in PLANES}
_LETTERS = {"left": "middle_left", "right": "middle_right", "top": "top_center", "bottom": "bottom_center"}
"""Attribute of Edges: where the letter stands on the canvas."""
_WRITTEN = "RLAPSI0123456789.mc "
"""What letters and scale bar are written with."""


def show_view(viewer: Any, name: str) -> None:
    """Turn to ``axial``, ``coronal`` or ``sagittal``: the patient's right on the left, head or front up.

    napari draws the second last axis downwards, so views with the head up turn the camera.
    """
    plane = VIEWS[name]  # type: ignore[index]
    desk = desk_of(viewer)
    if desk is None:  # nothing to look at
        return
    desk.plane = plane.name
    others = [axis for axis in range(3) if axis != plane.axis]
    viewer.dims.ndisplay = 2
    outline(viewer, seen=True)
    _bring_back_images(viewer)
    viewer.scene.camera.orientation2d = ("up" if plane.superior_up else "down", "right")
    viewer.dims.order = (plane.axis, *others)
    _write_letters(viewer, edges(desk.frame.shown_grid, plane))
    viewer.fit_to_view()


def show_3d(viewer: Any) -> None:
    """The view from the front: head up, the patient's right on the left; slices' images are put away."""
    outline(viewer, seen=False)
    _put_away_images(viewer)
    viewer.dims.order = (1, 0, 2)
    viewer.scene.camera.orientation = ("away", "up", "right")
    viewer.dims.ndisplay = 3
    hide_letters(viewer)
    viewer.fit_to_view()


def follow_dimensions(desk: Desk) -> None:
    """napari's own button between 2D and 3D does what the commands do, as long as the study is open."""
    viewer, changed = desk.viewer, desk.viewer.dims.events.ndisplay
    # napari draws the layers once before it tells of the button; outlines are gone when one looks.
    warnings.filterwarnings("ignore", message="Contours are not displayed during 3D rendering")

    def turn(_event: Any) -> None:
        if viewer.dims.ndisplay == 3:
            show_3d(viewer)
        else:
            show_view(viewer, desk.plane)

    changed.connect(turn)
    desk.closed.connect(lambda: changed.disconnect(turn))


def current_view(viewer: Any) -> str | None:
    """The name of the view; None in 3D."""
    if viewer.dims.ndisplay != 2:
        return None
    return next(plane.name for plane in PLANES if plane.axis == viewer.dims.order[0])


def furnish(viewer: Any) -> None:
    """Scale bar in mm, letters, and a black ground, as on a reading station."""
    viewer.canvas.background_color_override = "black"
    viewer.canvas.overlays.scale_bar.visible = True
    _add_letters(viewer)


def write_unseen(viewer: Any) -> None:
    """Have letters and digits drawn before there is a study, in no color: the first time takes a second."""
    _add_letters(viewer)
    for name in _LETTERS:
        letter = viewer.canvas.overlays[f"letter_{name}"]
        letter.text, letter.color, letter.visible = _WRITTEN, "transparent", True


def hide_letters(viewer: Any) -> None:
    """They say nothing of what is shown after a study, or in 3D."""
    for name in _LETTERS:
        viewer.canvas.overlays[f"letter_{name}"].visible = False


def _add_letters(viewer: Any) -> None:
    from napari.components.overlays import TextOverlay

    for name, position in _LETTERS.items():
        if f"letter_{name}" not in viewer.canvas.overlays:
            viewer.canvas.overlays[f"letter_{name}"] = TextOverlay(position=position, font_size=14, box=False)


def _write_letters(viewer: Any, at: Edges) -> None:
    for name in _LETTERS:
        letter = viewer.canvas.overlays[f"letter_{name}"]
        letter.text, letter.color, letter.visible = getattr(at, name), "yellow", True


def outline(viewer: Any, *, seen: bool) -> None:
    """Outlines exist in 2D only: napari draws the whole body of such labels in 3D, with a warning."""
    for layer in viewer.layers:
        ours = layer.metadata.get("netlm", {})
        if "outline_pixels" in ours:
            layer.contour = ours["outline_pixels"] if seen else 0
            layer.opacity = 1.0 if seen else ours["filled_opacity"]


def _put_away_images(viewer: Any) -> None:
    """A projection of the body would hide masks; without masks PET is what is seen, else what there is."""
    seen = [layer for layer in viewer.layers if layer.metadata.get("netlm") and layer.visible]
    for wanted in (_is_mask, _is_pet):
        if any(wanted(layer) for layer in seen):
            for layer in seen:
                if layer._type_string == "image" and not wanted(layer):
                    layer.metadata["netlm"]["put_away"] = True
                    layer.visible = False
            return


def _bring_back_images(viewer: Any) -> None:
    for layer in viewer.layers:
        if layer.metadata.get("netlm", {}).pop("put_away", False):
            layer.visible = True


def _is_pet(layer: Any) -> bool:
    return bool(layer.metadata["netlm"].get("key") == "pet")


def _is_mask(layer: Any) -> bool:
    return bool(layer._type_string == "labels")
