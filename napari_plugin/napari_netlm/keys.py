"""Commands with shortcuts: one list for the keyboard, the menu, the tooltips and the docs; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_netlm.crosshair import crosshair_of, show_crosshair
from napari_netlm.desk import desk_of
from napari_netlm.views import outline, show_3d, show_view

if TYPE_CHECKING:
    from napari import Viewer  # by this name napari knows what a command of the menu wants


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing to do with a viewer on which a study is open."""

    key: str
    title: str
    do: Callable[[Any], None]


def axial(viewer: Viewer) -> None:
    """From the feet: the patient's right on the left, front up."""
    show_view(viewer, "axial")


def coronal(viewer: Viewer) -> None:
    """From the front: the patient's right on the left, head up."""
    show_view(viewer, "coronal")


def sagittal(viewer: Viewer) -> None:
    """From the patient's left: front on the left, head up."""
    show_view(viewer, "sagittal")


def three_d(viewer: Viewer) -> None:
    """The whole, from the front."""
    show_3d(viewer)


def toggle_outlines(viewer: Viewer) -> None:
    """Lesions and liver as outlines, or filled."""
    desk = desk_of(viewer)
    if desk is not None and viewer.dims.ndisplay == 2:
        lesions = desk.layer("lesions") or desk.layer("liver")
        outline(viewer, seen=lesions is not None and lesions.contour == 0)


def toggle_masks(viewer: Viewer) -> None:
    """Hide all masks to see the image under them, or show again those that were seen."""
    desk = desk_of(viewer)
    if desk is None:
        return
    masks = [layer for layer in desk.layers() if layer._type_string == "labels"]
    seen = [layer for layer in masks if layer.visible]
    hidden = [layer for layer in masks if layer.metadata["netlm"].pop("hidden", False)]
    for layer in seen:
        layer.metadata["netlm"]["hidden"] = True
        layer.visible = False
    if not seen:
        for layer in hidden:
            layer.visible = True


def toggle_pet(viewer: Viewer) -> None:
    """PET over the other images, or not."""
    desk = desk_of(viewer)
    pet = None if desk is None else desk.layer("pet")
    if pet is not None:
        pet.visible = not pet.visible


def toggle_crosshair(viewer: Viewer) -> None:
    """Three lines where the slices meet; a click moves them."""
    desk = desk_of(viewer)
    if desk is not None:
        show_crosshair(desk, seen=crosshair_of(desk) is None)


COMMANDS = (
    Command(key="Control-1", title="Axial", do=axial),
    Command(key="Control-2", title="Coronal", do=coronal),
    Command(key="Control-3", title="Sagittal", do=sagittal),
    Command(key="Control-4", title="3D", do=three_d),
    Command(key="Shift-O", title="Outlines", do=toggle_outlines),
    Command(key="Shift-H", title="Hide masks", do=toggle_masks),
    Command(key="Shift-F", title="PET fusion", do=toggle_pet),
    Command(key="Shift-X", title="Crosshair", do=toggle_crosshair),
)
"""All of them; napari uses none of these keys."""


def bind_keys(viewer: Any) -> None:
    """The shortcuts, as long as the viewer lives."""
    for command in COMMANDS:
        viewer.bind_key(command.key, _bound(command), overwrite=True)


def _bound(command: Command) -> Callable[[Any], None]:
    def press(viewer: Any) -> None:
        command.do(viewer)

    press.__doc__ = f"{command.title}: {command.do.__doc__}"  # napari lists it under Help
    return press
