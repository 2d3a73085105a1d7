"""How the study is looked at: plane, window, fusion."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from napari_netlm.desk import Desk
from napari_netlm.keys import COMMANDS, Command
from napari_netlm.mouse import set_window, top_image
from napari_netlm.windows import presets

_MOST_SUV = 60


class Display(QWidget):  # type: ignore[misc]
    """Buttons for planes and overlays, window presets of the selected image, PET fusion and its scale."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self._viewer = viewer
        self._desk: Desk | None = None
        rows = QGridLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(self._buttons(COMMANDS[:4]), 0, 0, 1, 2)
        rows.addLayout(self._buttons(COMMANDS[4:]), 1, 0, 1, 2)
        self._image: Any = None
        """Whose windows there are to choose from."""
        self._window = QComboBox()
        self._window.setToolTip("Window of the selected image. Or drag with the right mouse button")
        self._window.activated.connect(self._choose_window)
        self._fusion = _slider(0, 100, "How much PET covers the image below, %")
        self._fusion.valueChanged.connect(self._fuse)
        self._suv = _slider(2, _MOST_SUV, "SUV (g/mL) that is shown brightest")
        self._suv.valueChanged.connect(self._scale_suv)
        self._pet_row = (QLabel("PET fusion"), self._fusion, QLabel("SUV up to"), self._suv)
        rows.addWidget(QLabel("Window"), 2, 0)
        rows.addWidget(self._window, 2, 1)
        for n, (name, slider) in enumerate((self._pet_row[:2], self._pet_row[2:])):
            rows.addWidget(name, 3 + n, 0)
            rows.addWidget(slider, 3 + n, 1)
        viewer.layers.selection.events.active.connect(self._fill_windows)
        self.setEnabled(False)

    def show_desk(self, desk: Desk | None) -> None:
        """Act on this study, or on none."""
        self._desk = desk
        self.setEnabled(desk is not None)
        self.refresh()

    def refresh(self) -> None:
        """Read again what is shown."""
        pet = None if self._desk is None else self._desk.layer("pet")
        for widget in self._pet_row:
            widget.setVisible(pet is not None)
        if pet is not None:
            self._fusion.setValue(round(100 * pet.opacity))
            self._suv.setValue(round(pet.contrast_limits[1]))
        self._fill_windows()

    def _buttons(self, commands: tuple[Command, ...]) -> QHBoxLayout:
        row = QHBoxLayout()
        for command in commands:
            button = QPushButton(command.title)
            button.setToolTip(f"{command.do.__doc__} ({command.key.replace('Control', 'Ctrl')})")
            button.clicked.connect(lambda _checked=False, do=command.do: do(self._viewer))
            row.addWidget(button)
        return row

    def _fill_windows(self, _event: Any = None) -> None:
        image = None if self._desk is None else top_image(self._viewer)
        self._window.setCurrentIndex(-1)
        if image is self._image:
            return
        self._image = image
        self._window.clear()
        if image is None:
            return
        modality = image.metadata.get("netlm", {}).get("modality", "")
        for name, window in presets(image.data, modality=modality).items():
            low, high = window
            self._window.addItem(f"{name}  ({low:.4g} to {high:.4g})", window)
        self._window.setCurrentIndex(-1)
        self._window.setPlaceholderText(f"of {image.name}")

    def _choose_window(self, index: int) -> None:
        image = top_image(self._viewer)
        if image is not None:
            set_window(image, *self._window.itemData(index))

    def _fuse(self, percent: int) -> None:
        pet = None if self._desk is None else self._desk.layer("pet")
        if pet is not None:
            pet.opacity = percent / 100

    def _scale_suv(self, suv: int) -> None:
        pet = None if self._desk is None else self._desk.layer("pet")
        if pet is not None:
            set_window(pet, 0.0, float(suv))


def _slider(first: int, last: int, tip: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(first, last)
    slider.setToolTip(tip)
    return slider
