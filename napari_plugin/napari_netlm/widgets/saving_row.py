"""Who reviews, and saving what was reviewed."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from napari_netlm.review_files import FOLDER
from napari_netlm.tools import Tools
from napari_netlm.work import keep_reviewer, last_reviewer
from netlm_imaging.errors import NetlmError


class SavingRow(QWidget):  # type: ignore[misc]
    """Of the review whose tools it follows."""

    said = Signal(str)
    """Where it is saved."""
    failed = Signal(object)
    """With the NetlmError."""

    def __init__(self, *, beside: QWidget) -> None:
        super().__init__()
        self.tools: Tools | None = None
        self.who = QLineEdit()
        self.who.setPlaceholderText("your name")
        self.who.setMaxLength(64)
        self.who.setToolTip("Stands beside each change in the audit trail, review.jsonl")
        self.who.textChanged.connect(self._sign)
        self.who.editingFinished.connect(self._remember)
        self.button = QPushButton("Save review")
        self.button.setToolTip("Masks on their own grid and audit trail, beside the case")
        self.button.clicked.connect(lambda _checked=False: self.save())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(QLabel("Reviewer"))
        row.addWidget(self.who, 1)
        row.addWidget(beside)
        row.addWidget(self.button)

    @property
    def name(self) -> str:
        """Of who reviews: as written here, else as last time."""
        return self.who.text() or last_reviewer()

    def follow(self, tools: Tools | None) -> None:
        """Sign and save another review, or none."""
        self.tools = tools
        if tools is not None:
            self.who.setText(tools.reviewing.journal.who)

    def save(self) -> None:
        """Save masks and audit trail beside the case; of other studies, in a folder that is asked for."""
        if self.tools is None:
            return
        work = self.tools.reviewing
        folder = work.desk.study.path / FOLDER
        if not work.desk.study.finished:
            chosen = QFileDialog.getExistingDirectory(self, "Folder for the reviewed masks")
            if not chosen:
                return
            folder = Path(chosen)
        if self.tools.attempt(work.save, folder):
            self.said.emit(
                f"Saved in {folder.name}. Plan with it: netlm plan --liver {folder.name}/liver.nii.gz "
                f"--lesions {folder.name}/lesions.nii.gz --out NEW_FOLDER"
            )

    def _sign(self, name: str) -> None:
        if self.tools is not None:
            self.tools.reviewing.journal.who = name

    def _remember(self) -> None:
        """The field is filled with it next time."""
        try:
            keep_reviewer(self.who.text())
        except NetlmError as error:
            self.failed.emit(error)
