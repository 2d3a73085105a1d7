"""A study onto a viewer: layers, furniture, mouse and keys."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from napari_netlm.autosave import Autosave
from napari_netlm.desk import Desk, clear_desk, desk_of, key_of
from napari_netlm.keys import bind_keys
from napari_netlm.layers import LayerData
from napari_netlm.mouse import bind_mouse
from napari_netlm.opened import OpenedStudy
from napari_netlm.review_files import open_review
from napari_netlm.scene import scene_of
from napari_netlm.views import current_view, follow_dimensions, furnish, hide_letters, show_view
from napari_netlm.waiting import Waiting
from napari_netlm.work import HeldWork, load_work, recover, restore, work_folder
from netlm_imaging.errors import UsageError
from netlm_imaging.volume import Mask

_LATE = ("pandas", "skimage.color")


@cache
def load_layers() -> None:
    """Import what napari imports with its first layers: half a second and more, in any thread.

    It makes no layer: what napari then makes of units stands no second thread.
    """
    for name in _LATE:
        with suppress(ImportError):  # of another napari
            import_module(name)


def load_units() -> None:
    """Have napari's units read, which it does with its first layer: half a second, in the window's thread."""
    with suppress(ImportError):  # of another napari
        import_module("pint").get_application_registry().get_base_units("mm")


def put_on_desk(viewer: Any, study: OpenedStudy, *, unseen_later: bool = False) -> Desk:
    """Show ``study`` in place of the one that was there; returns its desk.

    ``unseen_later``: layers that are not seen at first wait for ``Desk.make``, or for who asks for them.
    Raises UsageError (STUDY_OPEN) where another window works on it; the viewer stays as it is.
    """
    viewer = getattr(viewer, "__wrapped__", viewer)  # widgets are given a proxy
    held = _held(viewer, study)
    scene = scene_of(study)
    unseen_later &= any(data[1]["visible"] for data in scene)  # a study is on the viewer by its layers
    later = [data for data in scene if unseen_later and not data[1]["visible"]]
    now = [data for data in scene if data[1]["visible"] or not unseen_later]
    _add(viewer, now, active=study.images[0].role if study.images else None)
    return _on_desk(viewer, study, held, Waiting(scene, later))


def adopt(viewer: Any, study: OpenedStudy) -> Desk:
    """A desk for layers of ``study`` that are on the viewer already, such as those of the reader.

    They take the place of the study that was there. Work that was saved on this one comes back, and what
    follows is saved. Raises UsageError (STUDY_OPEN): the layers are taken off again.
    """
    try:
        held = _held(viewer, study)
    except UsageError:
        for layer in [x for x in viewer.layers if x.metadata.get("netlm", {}).get("study") is study]:
            viewer.layers.remove(layer)
        raise
    return _on_desk(viewer, study, held)


def _add(viewer: Any, scene: list[LayerData], *, active: str | None) -> None:
    """All layers at once, drawn and selected (the one of the key ``active``, else the last) only then.

    One by one each would be selected, and those before it drawn anew.
    """
    from napari.layers import Layer

    made, selection = [Layer.create(*data) for data in scene], viewer.layers.selection
    selection.clear()
    with viewer.layers.batched_update():
        with selection.events.blocker_all():
            viewer.layers.extend(made)
            selection.clear()
        # The window makes room for its controls: it draws at once, and nothing is seen yet.
        selection.active = next((one for one in made if key_of(one) == active), made[-1])


def _held(viewer: Any, study: OpenedStudy) -> HeldWork:
    """The work on ``study`` for this viewer alone; then the study that was there makes way."""
    folder, old = work_folder(study), desk_of(viewer)
    own = old is not None and old.autosave is not None and old.autosave.folder == folder
    held = None if own else HeldWork(folder)
    clear_desk(viewer)
    return held or HeldWork(folder)


def _on_desk(viewer: Any, study: OpenedStudy, held: HeldWork, waiting: Waiting | None = None) -> Desk:
    desk = Desk(viewer, study)
    desk.held, desk.waiting = held, waiting or Waiting()
    for layer in desk.layers():
        desk.watch(layer)
    furnish(viewer)
    bind_mouse(viewer)
    bind_keys(viewer)
    show_view(viewer, current_view(viewer) or "axial")
    _look_at_the_liver(desk)
    work = load_work(held.folder, study.grid)
    desk.notices = (*desk.notices, *restore(desk, work), *open_review(desk))
    desk.autosave = Autosave(desk, held.folder)
    desk.notices = (*desk.notices, *recover(desk, work.strokes))  # which is saved
    desk.begin_steps()  # undo takes back no work that was restored
    desk.closed.connect(held.release)  # after the last of the work is written
    follow_dimensions(desk)
    desk.closed.connect(lambda: hide_letters(viewer))
    if study.images:  # what windows act on
        viewer.layers.selection.active = desk.layer(study.images[0].role)
    return desk


def _look_at_the_liver(desk: Desk) -> None:
    liver = desk.study.masks.get("liver")
    grid = desk.study.grid
    if liver is None or not liver.array.any():
        desk.go_to(grid.to_patient((np.asarray(grid.shape_kji) - 1) / 2))
    else:
        desk.go_to((liver if isinstance(liver, Mask) else liver.any).middle_lps_mm)
