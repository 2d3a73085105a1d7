"""From what is drawn to a finished case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QMessageBox, QPushButton, QWidget

from napari_netlm.desk import Desk, key_of
from napari_netlm.masks import EDITABLE
from napari_netlm.runner import Runner, refusal
from napari_netlm.scene import MASK_NAMES
from napari_netlm.study import CASE_FILE
from napari_netlm.widgets.runner import ThreadRunner
from netlm_imaging.errors import Notice


class RunRow(QWidget):  # type: ignore[misc]
    """Take a mask for what it shows, and run the main job into a folder."""

    wanted = Signal(str)
    """The folder that the finished case goes into."""
    told = Signal(object)
    """With a Notice."""

    def __init__(self) -> None:
        super().__init__()
        self._desk: Desk | None = None
        self._run: Runner = ThreadRunner()
        self.use_as = QComboBox()
        self.use_as.setPlaceholderText("Use selected mask as ...")
        self.use_as.setToolTip("Take the labels of the selected layer, such as a SEG, for liver or lesions")
        for key in EDITABLE:
            self.use_as.addItem(MASK_NAMES[key], key)
        self.use_as.setCurrentIndex(-1)
        self.use_as.activated.connect(self._use)
        self.start = QPushButton("Find plan and save case...")
        self.start.setToolTip("netlm run with what is drawn and decided here: plan, Type and report")
        self.start.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.use_as)
        row.addWidget(self.start)
        self.setEnabled(False)

    def show_desk(self, desk: Desk | None) -> None:
        """Act on this desk, or on none."""
        self._desk = desk
        self.setEnabled(desk is not None)

    def _use(self, index: int) -> None:
        """Beside the window: a large mask takes a second."""
        desk, key = self._desk, self.use_as.itemData(index)
        self.use_as.setCurrentIndex(-1)
        active = None if desk is None else desk.viewer.layers.selection.active
        if desk is None or active is None or active._type_string != "labels":
            return
        if desk.voxels(key_of(active)) is None:
            self.told.emit(
                _not_taken("The selected layer is no mask of this study. Open its file here instead.")
            )
            return
        drawn: list[str] = []

        def done(answer: Any) -> None:
            for told in (desk.changed, desk.stroke):
                told.disconnect(drawn.append)
            self.use_as.setEnabled(True)
            if desk is not self._desk or refusal(answer) is not None:
                return
            if key in drawn:
                name = MASK_NAMES[key]
                self.told.emit(_not_taken(f"{name}: drawn on meanwhile, and left as it is. Take it again."))
            else:
                answer()

        for told in (desk.changed, desk.stroke):
            told.connect(drawn.append)
        self.use_as.setEnabled(False)
        self._run(desk.using(key_of(active), key), done)

    def _ask(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Folder for the finished case", "case")
        if path and self._may_replace(Path(path)):
            self.wanted.emit(path)

    def _may_replace(self, out: Path) -> bool:
        if not (out / CASE_FILE).is_file():
            return True
        yes = QMessageBox.StandardButton.Yes
        question = "This folder holds a finished case. Replace it?"
        return bool(QMessageBox.question(self, "Replace the case", question) == yes)


def _not_taken(why: str) -> Notice:
    return Notice(code="NOT_TAKEN", message=why)
