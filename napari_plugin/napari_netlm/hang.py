"""A study onto a viewer: layers, furniture, mouse and keys."""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_netlm.autosave import Autosave
from napari_netlm.desk import Desk, clear_desk
from napari_netlm.keys import bind_keys
from napari_netlm.mouse import bind_mouse
from napari_netlm.opened import OpenedStudy
from napari_netlm.scene import scene_of
from napari_netlm.views import current_view, furnish, show_view
from napari_netlm.work import load_work, restore, work_folder


def put_on_desk(viewer: Any, study: OpenedStudy) -> Desk:
    """Show ``study`` in place of the one that was there; returns its desk."""
    from napari.layers import Layer

    viewer = getattr(viewer, "__wrapped__", viewer)  # widgets are given a proxy
    clear_desk(viewer)
    for data in scene_of(study):
        viewer.layers.append(Layer.create(*data))
    return adopt(viewer, study)


def adopt(viewer: Any, study: OpenedStudy) -> Desk:
    """A desk for layers of ``study`` that are on the viewer already, such as those of the reader.

    Work that was saved on this study comes back, and what follows is saved.
    """
    desk = Desk(viewer, study)
    for layer in desk.layers():
        desk.watch(layer)
    furnish(viewer)
    bind_mouse(viewer)
    bind_keys(viewer)
    show_view(viewer, current_view(viewer) or "axial")
    _look_at_the_liver(desk)
    desk.notices = (*desk.notices, *restore(desk, load_work(study)))
    desk.autosave = Autosave(desk, work_folder(study))
    if study.images:  # what windows act on
        viewer.layers.selection.active = desk.layer(study.images[0].role)
    return desk


def _look_at_the_liver(desk: Desk) -> None:
    liver = desk.study.masks.get("liver")
    grid = desk.study.grid
    middle = (np.asarray(grid.shape_kji) - 1) / 2
    if liver is not None and liver.array.any():
        middle = np.argwhere(liver.array).mean(axis=0)
    desk.go_to(grid.to_patient(middle))
