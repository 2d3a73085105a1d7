"""Whether the work is saved, and a button to throw it away."""

from __future__ import annotations

from qtpy.QtCore import QTimer, Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QMessageBox, QPushButton, QWidget

from napari_netlm.desk import Desk, clear_desk
from napari_netlm.work import discard_work

_LOOK_MS = 500


class WorkRow(QWidget):  # type: ignore[misc]
    """Says when the last change was written, or why it could not be."""

    discarded = Signal(object)
    """With the study, as it was before any work."""

    def __init__(self) -> None:
        super().__init__()
        self._desk: Desk | None = None
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.discard = QPushButton("Discard work...")
        self.discard.setToolTip("Throw away all that was drawn and decided on this study")
        self.discard.clicked.connect(self._ask)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.text, 1)
        row.addWidget(self.discard)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.refresh)

    def show_desk(self, desk: Desk | None) -> None:
        """Watch the work on this desk, or none."""
        self._desk = desk
        if desk is None:
            self._timer.stop()
        else:
            self._timer.start(_LOOK_MS)
        self.refresh()

    def refresh(self) -> None:
        """Read again how the saving goes."""
        saving = None if self._desk is None else self._desk.autosave
        self.setVisible(saving is not None)
        if saving is None:
            return
        if saving.trouble is not None:
            self.text.setText(f'<span style="color:#ff7b72">NOT SAVED</span> {saving.trouble}')
        elif saving.pending:
            self.text.setText("Saving ...")
        elif saving.saved is not None:
            self.text.setText(f"Work saved at {saving.saved:%H:%M:%S}")
        else:
            self.text.setText("Each change is saved at once")

    def throw_away(self) -> None:
        """The study as it was before any work."""
        if self._desk is not None:
            study = self._desk.study
            clear_desk(self._desk.viewer)
            discard_work(study)
            self.discarded.emit(study)

    def _ask(self) -> None:
        if self._desk is None:
            return
        yes = QMessageBox.StandardButton.Yes
        question = "Throw away all that you have drawn and decided on this study? This cannot be undone."
        if QMessageBox.question(self, "Discard work", question) == yes:
            self.throw_away()
