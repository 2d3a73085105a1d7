"""The frontier: debulking against the remnant; a click takes a point for the plan."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QPainter, QPen
from qtpy.QtWidgets import QToolTip, QWidget

from netlm_imaging.plan.records import FrontierPoint

MARGIN, GRIP = (44, 10, 12, 34), 14.0
"""Pixels left, top, right, bottom; how near a click has to be."""
INK, AXIS, POINT, KNEE, NOW, LIMIT = "#e6edf3", "#6e7681", "#58a6ff", "#F0E442", "#7ee787", "#ff7b72"


class FrontierPlot(QWidget):  # type: ignore[misc]
    """Draws points; tells which was clicked."""

    chosen = Signal(object)
    """With the FrontierPoint."""

    def __init__(self) -> None:
        super().__init__()
        self.points: tuple[FrontierPoint, ...] = ()
        self._now: tuple[float, float] | None = None
        self._threshold = 0.0
        self.setMinimumHeight(190)
        self.setMouseTracking(True)

    def show_points(
        self, points: tuple[FrontierPoint, ...], *, now: tuple[float, float], threshold_percent: float
    ) -> None:
        """``now``: FLR % and debulking % of the plan that stands."""
        self.points, self._now, self._threshold = points, now, threshold_percent
        self.update()

    def place(self, flr_percent: float, debulking_percent: float) -> QPointF:
        """Where a plan stands in the widget; more remnant to the right, more debulking up."""
        area, low = self._area(), self._least()
        x = area.left() + area.width() * (flr_percent - low) / max(100.0 - low, 1e-9)
        return QPointF(x, area.bottom() - area.height() * debulking_percent / 100.0)

    def paintEvent(self, _event: Any) -> None:  # noqa: N802 Qt's name
        """Axes, threshold, curve, points, the plan that stands."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_axes(painter)
        spots = [self.place(p.flr_percent, p.debulking_percent) for p in self.points]
        painter.setPen(QPen(QColor(POINT), 1))
        for first, second in pairwise(spots):
            painter.drawLine(first, QPointF(second.x(), first.y()))
            painter.drawLine(QPointF(second.x(), first.y()), second)
        for point, spot in zip(self.points, spots, strict=True):
            painter.setBrush(QColor(KNEE if point.knee else POINT))
            painter.drawEllipse(spot, 4.5, 4.5)
        if self._now is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(NOW), 2))
            painter.drawEllipse(self.place(*self._now), 8.0, 8.0)

    def mousePressEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """Take the point under the mouse."""
        found = self._at(event)
        if found is not None:
            self.chosen.emit(found)

    def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 Qt's name
        """Say what the point under the mouse is."""
        found = self._at(event)
        self.setCursor(Qt.CursorShape.ArrowCursor if found is None else Qt.CursorShape.PointingHandCursor)
        if found is not None:
            QToolTip.showText(event.globalPosition().toPoint(), words_of(found), self)

    def _at(self, event: Any) -> FrontierPoint | None:
        def apart(point: FrontierPoint) -> float:
            away = self.place(point.flr_percent, point.debulking_percent) - event.position()
            return float((away.x() ** 2 + away.y() ** 2) ** 0.5)

        nearest = min(self.points, key=apart, default=None)
        return nearest if nearest is not None and apart(nearest) <= GRIP else None

    def _area(self) -> QRectF:
        left, top, right, bottom = MARGIN
        return QRectF(left, top, self.width() - left - right, self.height() - top - bottom)

    def _least(self) -> float:
        known = [p.flr_percent for p in self.points] + ([self._now[0]] if self._now else [])
        return max(0.0, 5.0 * (min(known, default=0.0) // 5.0))

    def _paint_axes(self, painter: QPainter) -> None:
        area, low = self._area(), self._least()
        for debulking in (0.0, 25.0, 50.0, 75.0, 100.0):
            at = self.place(low, debulking)
            painter.setPen(QPen(QColor(AXIS), 1))
            painter.drawLine(at, QPointF(area.right(), at.y()))
            painter.setPen(QColor(INK))
            painter.drawText(
                QRectF(0, at.y() - 9, area.left() - 5, 18),
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                f"{debulking:.0f} %",
            )
        for share in (0.0, 0.5, 1.0):
            flr = low + share * (100.0 - low)
            x = self.place(flr, 0.0).x()
            painter.drawText(
                QRectF(x - 40, area.bottom() + 2, 52 if share == 1.0 else 80, 16),
                int(Qt.AlignmentFlag.AlignRight if share == 1.0 else Qt.AlignmentFlag.AlignHCenter),
                f"{flr:.4g} %",
            )
        painter.drawText(
            QRectF(area.left(), area.bottom() + 16, area.width(), 16),
            int(Qt.AlignmentFlag.AlignHCenter),
            "remnant (FLR), debulking upwards",
        )
        painter.setPen(QPen(QColor(LIMIT), 1, Qt.PenStyle.DashLine))
        y = self.place(low, self._threshold).y()
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))


def words_of(point: FrontierPoint) -> str:
    """One point."""
    text = (
        f"Debulking {point.debulking_percent:.1f} %, FLR {point.flr_percent:.1f} %, "
        f"{point.parenchyma_lost_ml:.0f} mL lost, {point.interventions} interventions"
    )
    text += "" if point.proven else "; best found, not proven"
    return text + ("; beyond it tumor costs much more liver" if point.knee else "")
