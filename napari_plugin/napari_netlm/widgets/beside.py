"""From one widget to the next: opened beside each other as tabs of the window."""

from __future__ import annotations

from typing import Any

from qtpy.QtWidgets import QDockWidget, QHBoxLayout, QPushButton, QWidget

PLUGIN = "netlm-imaging"
NEXT = {
    "Review": "Judge the lesions, correct masks, set the landmarks of the segments",
    "Plan": "What is done for each lesion, and what that leaves",
    "Decide": "Facts of the patient, the Type with its reasons, the report",
}


def open_beside(viewer: Any, name: str) -> Any:
    """The widget of that name, opened where it is not, in front of its tabs; returns it."""
    dock, widget = viewer.window.add_plugin_dock_widget(PLUGIN, name, tabify=name in NEXT)
    dock.show()
    dock.raise_()
    return widget


class Docked(QWidget):  # type: ignore[misc]
    """A widget of the plugin, with a short title however it was opened."""

    def showEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """As tabs, titles that name the plugin are cut off."""
        super().showEvent(event)
        for dock in self.window().findChildren(QDockWidget):
            dock.setWindowTitle(dock.windowTitle().removesuffix(f" ({PLUGIN})"))


class BesideRow(QWidget):  # type: ignore[misc]
    """A button for each widget that comes after the study."""

    def __init__(self, viewer: Any) -> None:
        super().__init__()
        self.viewer = viewer
        self.buttons: dict[str, QPushButton] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for name, tip in NEXT.items():
            button = QPushButton(f"{name} \N{RIGHTWARDS ARROW}")
            button.setToolTip(tip)
            button.clicked.connect(lambda _checked=False, name=name: open_beside(self.viewer, name))
            row.addWidget(button)
            self.buttons[name] = button
        self.setEnabled(False)
