"""The opened study on a viewer: its layers, what people do to them, and who wants to know; no Qt.

All widgets of a viewer share one Desk: ``desk_of(viewer)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from psygnal import Signal

from napari_netlm.frame import Frame
from napari_netlm.judged import review_in
from napari_netlm.layers import LayerData, one_picture, selection_kept
from napari_netlm.masks import EDITABLE, anatomy_drawn, used_as
from napari_netlm.opened import Addition, OpenedStudy, ShownImage
from napari_netlm.scene import finish_layer, layer_of_image, layer_of_mask
from napari_netlm.waiting import Waiting, key_in
from netlm_imaging.anatomy import Anatomy
from netlm_imaging.errors import Notice
from netlm_imaging.review import Change
from netlm_imaging.volume import LabelMap, Mask

if TYPE_CHECKING:
    from napari_netlm.autosave import Autosave
    from napari_netlm.planning import Planning
    from napari_netlm.work import HeldWork


class Desk:
    """One opened study on one viewer (a napari Viewer or ViewerModel).

    ``records`` holds what people decide beside the masks, by the name of who keeps it (``review``,
    ``plan``, ``clinical``): values that JSON can hold. Change it with ``record`` only.
    """

    changed = Signal(str)
    """The key of a mask or the name of a record, after each change of it."""
    stroke = Signal(str)
    """The key of a mask at each step of a brush that is still down."""
    closed = Signal()
    """It is about to leave the viewer."""

    def __init__(self, viewer: Any, study: OpenedStudy) -> None:
        self.viewer = viewer
        self.study = study
        self.frame = Frame(study.grid)
        self.records: dict[str, Any] = {}
        self.plane: str = "axial"
        """The plane that is shown, or was before 3D."""
        self.edited: set[str] = set()
        """Masks that are not as they were opened."""
        self.autosave: Autosave | None = None
        """Keeps the work on disk."""
        self.held: HeldWork | None = None
        """Keeps other windows off the same work."""
        self.planning: Planning | None = None
        """The plan that is edited; told of by ``changed`` under ``planning``."""
        self.notices: tuple[Notice, ...] = study.notices
        """Of the study and of what joined it later."""
        self.waiting = Waiting()
        """Layers that are not made yet: whoever asks for one gets it."""
        self.replaced: str | None = None
        """The mask for which another one is being taken."""
        self._histories: dict[str, tuple[int, int, int]] = {}
        self._left = False
        viewer.layers.events.removed.connect(self._leave_with_last)

    def __deepcopy__(self, memo: object) -> Desk:
        """Itself: napari copies the metadata of a layer with it."""
        return self

    # masks

    @property
    def keys(self) -> tuple[str, ...]:
        """Of all layers of the study, bottom to top."""
        self.make()
        return tuple(key_of(layer) for layer in self.layers())

    def layer(self, key: str) -> Any | None:
        """The napari layer of a mask (``lesions``) or an image role (``hbp``); None where there is none."""
        found = next((layer for layer in self.layers() if key_of(layer) == key), None)
        return self._make(key) if found is None and key in self.waiting else found

    def make(self, count: int | None = None) -> None:
        """Make as many of the layers that wait; None: all."""
        for key in self.waiting.keys[:count]:
            self.layer(key)

    def _make(self, key: str) -> Any:
        layer = self._created(self.waiting[key])  # after an error it still waits
        self.waiting.drop(key)  # before others hear of it, who may ask for it
        return self._insert(layer, at=self.waiting.place(key, self.viewer.layers, key_of))

    def voxels(self, key: str) -> npt.NDArray[Any] | None:
        """The array of a layer, also of one that is not made yet; None where there is none."""
        if key in self.waiting:
            return np.asarray(self.waiting[key][0])
        layer = self.layer(key)
        return None if layer is None else np.asarray(layer.data)

    @property
    def series_shown(self) -> set[int]:
        """Numbers of the series that have layers."""
        made = {_meta(layer).get("number") for layer in self.layers()}
        return {number for number in made | self.waiting.numbers if number is not None}

    def layers(self) -> Iterator[Any]:
        """The layers of the study that are made, bottom to top."""
        return (layer for layer in self.viewer.layers if _meta(layer).get("study") is self.study)

    def labels(self, key: str) -> LabelMap:
        """A copy of the labels as drawn now, on the study's grid. Raises KeyError."""
        array = self.voxels(key)
        if array is None:
            raise KeyError(key)
        return self.frame.labels(array)

    def mask(self, key: str) -> Mask:
        """As ``labels``, all values together."""
        return self.labels(key).any

    def edit(self, key: str, where: tuple[npt.NDArray[np.intp], ...], values: Any) -> None:
        """Set voxels of a mask, as one step that can be undone.

        ``where``: index arrays k, j, i into the *layer's* array (``layer.data``).
        """
        layer = self.layer(key)
        if layer is None:
            raise KeyError(key)
        with layer.block_history():  # told of the change only after it is made
            layer.data_setitem(where, values)

    def undo(self, key: str) -> None:
        """Take back the last edit of a mask, whether it is seen or not."""
        layer = self.layer(key)
        if layer is not None:
            layer.undo()
            self._look_at_history(layer)

    def redo(self, key: str) -> None:
        """Do again what was taken back last."""
        layer = self.layer(key)
        if layer is not None:
            layer.redo()
            self._look_at_history(layer)

    def show_labels(self, key: str, labels: LabelMap | Mask) -> Any:
        """A mask's layer with these voxels, made where it is absent; returns it. Over a mask: one step."""
        return self.show_mask(layer_of_mask(labels, key, study=self.study))

    def show_mask(self, data: LayerData, change: Change | None = None) -> Any:
        """As ``show_labels``, with what ``layer_of_mask`` gave. ``change``: to what is there, if known."""
        key, array = key_in(data), data[0]
        layer = self.layer(key)
        if layer is None:
            layer = self._add(data, at=len(self.viewer.layers))
        else:
            change = change or Change.between(layer.data, array)
            wide = np.promote_types(layer.data.dtype, array.dtype)  # large numbers are not cut, nor by undo
            layer.data = layer.data.astype(wide, copy=False)
            if change.voxels.size:
                self.replaced = key
                try:
                    self.edit(key, change.indices_kji, change.new)  # which tells of it
                finally:
                    self.replaced = None
                return layer
        self._tell(key)
        return layer

    def begin_steps(self) -> None:
        """Undo ends here: what was done before stays."""
        for layer in self.layers():
            if layer._type_string == "labels":
                layer._reset_history()
                self._histories[key_of(layer)] = _history(layer)

    def using(self, source: str, key: str) -> Callable[[], Callable[[], Any]]:
        """What makes the labels of one layer another mask: those of a SEG ``lesions``. In any thread.

        It gives what shows them, while nobody has drawn on that mask. Raises KeyError.
        """
        array = self.voxels(source)
        if array is None:
            raise KeyError(source)
        there = self.voxels(key)

        def lay_out() -> Callable[[], Any]:
            data = layer_of_mask(used_as(self.frame.labels(array), key), key, study=self.study)
            change = None if there is None else Change.between(there, data[0])
            return lambda: self.show_mask(data, change)

        return lay_out

    def anatomy(self) -> Anatomy | None:
        """All masks as drawn now, without rejected lesions; None without liver or lesions."""
        return self.drawing()()

    def drawing(self) -> Callable[[], Anatomy | None]:
        """What copies all masks into an ``anatomy``, as drawn when that is called, in any thread."""
        arrays = {key: array for key in EDITABLE if (array := self.voxels(key)) is not None}
        review = review_in(self.records)

        return lambda: anatomy_drawn(self.study, self.frame, arrays, review)

    # records

    def record(self, name: str, value: Any) -> None:
        """Keep ``value`` (of JSON types) and tell all who listen."""
        self.records[name] = value
        self.changed.emit(name)

    # looking

    def go_to(self, point_lps_mm: npt.ArrayLike) -> None:
        """Show the slice of a point, and the point in the middle where one looks closer than the whole."""
        world = self.frame.to_world(point_lps_mm)
        with one_picture(self.viewer):
            self.viewer.dims.point = self._on_slices(world)
            if self.viewer.dims.ndisplay == 2 and self._zoomed_in():
                self.viewer.scene.camera.center = tuple(float(world[axis]) for axis in self.viewer.dims.order)

    @property
    def point_lps_mm(self) -> npt.NDArray[np.float64]:
        """Where the slices shown meet, LPS mm."""
        return self.frame.to_patient(self.viewer.dims.point)

    def add_image(self, image: ShownImage) -> Any:
        """Show one more image, above the others and below the masks; returns its layer."""
        old = self.layer(image.role)
        if old is not None and _meta(old).get("number") == image.number:
            return old
        images = [n for n, layer in enumerate(self.viewer.layers) if layer._type_string == "image"]
        data = layer_of_image(image, study=self.study, first=False)
        return self._add(data, at=images[-1] + 1 if images else 0)

    def joining(self, found: Addition) -> Callable[[], None]:
        """What shows what was read later, once this has laid out its masks, in any thread."""
        masks = [layer_of_mask(labels, key, study=self.study) for key, labels in found.masks.items()]

        def join() -> None:
            self.notices = (*self.notices, *found.notices)
            if found.image is not None:
                self.add_image(found.image)
            for data in masks:
                self.show_mask(data)

        return join

    def _on_slices(self, world: npt.NDArray[np.float64]) -> tuple[float, ...]:
        """The nearest point on slices: from any other the viewer goes there itself, and draws twice."""
        steps = self.viewer.dims.range
        return tuple(
            float(r.start + round((v - r.start) / r.step) * r.step) for v, r in zip(world, steps, strict=True)
        )

    def close(self) -> None:
        """Leave the viewer: the layers of the study go, others stay."""
        self._left, self.waiting = True, Waiting()
        self.closed.emit()
        with self.viewer.layers.batched_update():  # one picture without all of them
            for layer in list(self.layers()):
                self.viewer.layers.remove(layer)

    def _leave_with_last(self) -> None:
        """Who deletes the last layer has closed the study."""
        if not self._left and next(self.layers(), None) is None:
            self.close()

    def _zoomed_in(self) -> bool:
        height, width = self.viewer.canvas.size
        lengths = np.asarray(self.frame.shown_grid.shape_kji) * self.frame.shown_grid.spacing_kji_mm
        seen = np.asarray([height, width]) / self.viewer.scene.camera.zoom
        return bool((seen < 0.9 * lengths[list(self.viewer.dims.displayed)]).any())

    def _add(self, data: LayerData, *, at: int) -> Any:
        return self._insert(self._created(data), at=at)

    def _created(self, data: LayerData) -> Any:
        from napari.layers import Layer

        layer = Layer.create(*data)
        self.watch(layer)
        return layer

    def _insert(self, layer: Any, *, at: int) -> Any:
        with selection_kept(self.viewer):
            self.viewer.layers.insert(at, layer)
        return layer

    def watch(self, layer: Any) -> None:
        """Finish a layer of the study and listen to its edits."""
        _meta(layer)["desk"] = self
        finish_layer(layer)
        if layer._type_string != "labels":
            return
        self._histories[key_of(layer)] = _history(layer)
        for event in (layer.events.paint, layer.events.set_data):  # set_data comes with undo and redo
            event.connect(lambda _event, of=layer: self._look_at_history(of))
        layer.events.labels_update.connect(lambda _event: self.stroke.emit(key_of(layer)))

    def _look_at_history(self, layer: Any) -> None:
        key, now = key_of(layer), _history(layer)
        if self._histories.get(key) != now:
            self._histories[key] = now
            self._tell(key)

    def _tell(self, key: str) -> None:
        self.edited.add(key)
        self.changed.emit(key)


def desk_of(viewer: Any) -> Desk | None:
    """The desk of a viewer; None while no study is open."""
    desks = (_meta(layer).get("desk") for layer in reversed(viewer.layers))
    return next((desk for desk in desks if desk is not None), None)


def clear_desk(viewer: Any) -> None:
    """Close the study that is open: its layers go, other layers stay."""
    desk = desk_of(viewer)
    if desk is not None:
        desk.close()


def key_of(layer: Any) -> str:
    """What a layer is: ``lesions``, ``hbp``, ...; empty for layers that are not ours."""
    return str(_meta(layer).get("key", ""))


def _meta(layer: Any) -> dict[str, Any]:
    found = layer.metadata.get("netlm")
    return found if isinstance(found, dict) else {}


def _history(layer: Any) -> tuple[int, int, int]:
    """Steps that can be undone and redone; napari tells of neither. The last step tells a full history."""
    done = layer._undo_history
    return len(done), len(layer._redo_history), id(done[-1]) if done else 0
