"""The tab of what is drawn by hand: a probe, a plane or a curved cut, dragged in the picture."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_netlm.drawing import HANDLE_TIPS, Drawing, new_plane, new_probe, surface_on
from napari_netlm.plan_figures import done_words, moved_words
from napari_netlm.planning import Planning
from napari_netlm.widgets.steady import Steady
from netlm_imaging.errors import NetlmError
from netlm_imaging.plan.devices import chosen_devices, comparison_devices
from netlm_imaging.plan.drawn import DrawnPlane
from netlm_imaging.settings import Settings

NOTHING = (
    "Draw a probe or a cut for a lesion, or take a treatment of the list with 'Move by hand'. Drag its "
    "cyan handles, in slices or in 3D: figures follow. Let go, and the rest is planned anew around it."
)


class ByHand(QWidget):  # type: ignore[misc]
    """Begins drawings and says what they do."""

    failed = Signal(object)
    """With the NetlmError."""

    def __init__(self) -> None:
        super().__init__()
        self.planning: Planning | None = None
        self.lesion = QComboBox()
        self.lesion.setToolTip("What is drawn begins at this lesion")
        self.device = QComboBox()
        self._devices_of: Settings | None = None
        self.device.setToolTip("Device of a new probe, with the zone that it makes, mm")
        self.text = QLabel(NOTHING)
        self.text.setWordWrap(True)
        self.said = Steady(self.text)
        self.buttons: dict[str, QPushButton] = {}
        self._lay_out()

    def show_plan(self, planning: Planning | None, _outlook: Any = None) -> None:
        """Of this plan, or of none."""
        self.planning = planning
        self.lesion.clear()
        if planning is None:
            return
        for lesion in sorted(planning.started.lesions, key=lambda x: -x.volume_ml):
            self.lesion.addItem(f"Lesion {lesion.id}: {lesion.longest_diameter_mm:.0f} mm", lesion.id)

    def _show_devices(self) -> None:
        """Those of the plan that stands: a plan that was opened may have others."""
        settings = None if self.planning is None else self.planning.settings
        if settings is None or settings is self._devices_of:
            return
        self._devices_of, before = settings, self.device.currentData()
        devices = {d.id: d for d in (*chosen_devices(settings), *comparison_devices(settings))}
        self.device.clear()
        for device in devices.values():
            zone = " x ".join(f"{axis:.0f}" for axis in device.zone_mm)
            text = f"{zone} mm: {device.name} ({device.evidence})"  # its end is cut off in a narrow panel
            self.device.addItem(text, device.id)
        self.device.setCurrentIndex(max(0, self.device.findData(before)))

    def refresh(self) -> None:
        """The plan as it stands."""
        self._show_devices()
        self.show_moved()
        self.said.fit()

    def show_moved(self) -> None:
        """What the drawing does where it is."""
        planning = self.planning
        drawing = None if planning is None else planning.hand.drawing
        for title in ("Do it here", "Put away"):
            self.buttons[title].setEnabled(drawing is not None)
        if planning is None or drawing is None:
            self.text.setText(NOTHING)
            return
        tips = [f"{name}: {HANDLE_TIPS[name]}" for name in drawing.handles_lps_mm if name in HANDLE_TIPS]
        if planning.hand.why_not is not None:
            said = tuple(str(planning.hand.why_not).splitlines())
        elif planning.hand.moved is not None:
            said = moved_words(planning.hand.moved, asked_mm=planning.settings.ablation.margin_mm)
        elif planning.worked_out and drawing.instead_of in planning.session.chosen:
            said = done_words(planning.session, drawing.instead_of)
        else:
            said = ("...",)
        self.text.setText("\n".join((*said, "", *tips)))

    # what is done

    def probe_in(self, lesion: int) -> None:
        """A new probe in the middle of a lesion."""
        self.lesion.setCurrentIndex(self.lesion.findData(lesion))
        self.probe()

    def probe(self) -> None:
        """A new probe in the middle of the lesion"""
        self._begin(lambda planning, lesion: new_probe(planning.session, lesion, self.device.currentData()))

    def plane(self) -> None:
        """A new flat cut beside the lesion; all liver beyond it is resected"""
        self._begin(lambda planning, lesion: new_plane(planning.session, lesion))

    def curve(self) -> None:
        """A new curved cut through nine points beside the lesion; all liver beyond it is resected"""

        def make(planning: Planning, lesion: int) -> Drawing:
            plane = new_plane(planning.session, lesion).drawn
            assert isinstance(plane, DrawnPlane)
            return Drawing(drawn=surface_on(plane))

        self._begin(make)

    def do_it(self) -> None:
        """Do what is drawn where it is, and plan the rest anew around it"""
        if self.planning is not None:
            self.planning.drop()

    def put_away(self) -> None:
        """The handles go; what was done stays done"""
        if self.planning is not None:
            self.planning.hand.take(None)

    def _begin(self, make: Any) -> None:
        planning, lesion = self.planning, self.lesion.currentData()
        if planning is None or lesion is None:
            return
        try:
            drawing = make(planning, lesion)
        except NetlmError as error:
            self.failed.emit(error)
            return
        found = next(x for x in planning.started.lesions if x.id == lesion)
        planning.desk.go_to(found.centroid_lps_mm)
        planning.hand.take(drawing)

    # how it looks

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("For", self.lesion)
        form.addRow("Device", self.device)
        self.device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        rows = QVBoxLayout(self)
        rows.addLayout(form)
        rows.addLayout(
            self._row((("New probe", self.probe), ("New plane", self.plane), ("New curve", self.curve)))
        )
        rows.addWidget(self.said)
        rows.addStretch(1)
        rows.addLayout(self._row((("Do it here", self.do_it), ("Put away", self.put_away))))

    def _row(self, commands: Any) -> QHBoxLayout:
        row = QHBoxLayout()
        for title, do in commands:
            button = QPushButton(title)
            button.setToolTip(do.__doc__)
            button.clicked.connect(lambda _checked=False, do=do: do())
            self.buttons[title] = button
            row.addWidget(button)
        return row
