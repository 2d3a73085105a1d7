"""Everything that a review can be told to do: one list for keys, buttons, tooltips and docs; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari_netlm.review_files import PARTS
from napari_netlm.tools import Tools
from netlm_imaging.review import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCommand:
    """One thing to do; its docstring is the tooltip."""

    title: str
    key: str
    """As the viewer writes it; empty for none."""
    do: Callable[[Tools], object]
    group: str


def accept(tools: Tools) -> None:
    """It is a lesion and its outline is right. Goes on to the next one to review"""
    _judge(tools, "accepted")


def reject(tools: Tools) -> None:
    """It is no lesion: it does not count in volumes and plan. Goes on to the next one to review"""
    _judge(tools, "rejected")


def unsure(tools: Tools) -> None:
    """To be discussed: it counts until it is rejected. Goes on to the next one to review"""
    _judge(tools, "unsure")


def next_lesion(tools: Tools) -> None:
    """The next lesion that nobody has judged"""
    tools.reviewing.go_on()


def down(tools: Tools) -> None:
    """The next lesion of the list"""
    tools.reviewing.step(1)


def up(tools: Tools) -> None:
    """The lesion before it in the list"""
    tools.reviewing.step(-1)


def paint(tools: Tools) -> None:
    """Draw the selected lesion with the brush; [ and ] change its size"""
    tools.draw("paint")


def erase(tools: Tools) -> None:
    """Erase with the brush"""
    tools.draw("erase")


def grow(tools: Tools) -> None:
    """Click into a lesion that is not in the list: a new one grows to its edge in the image"""
    tools.choose("grow")


def threshold(tools: Tools) -> None:
    """Drag over the selected lesion: paints only what is like the first voxel, or in the range given"""
    tools.choose("threshold")


def split(tools: Tools) -> None:
    """Two clicks into the two parts of the selected lesion: it is cut at the neck between them"""
    tools.choose("split")


def cut(tools: Tools) -> None:
    """Two clicks: the selected lesion is cut along the line through them, straight into the image"""
    tools.choose("cut")


def landmarks(tools: Tools) -> None:
    """Click the landmarks of the Couinaud segments one after the other: planes through them part the liver"""
    tools.attempt(tools.set_landmarks)


def fill(tools: Tools) -> None:
    """Fill the selected lesion between the slices that are drawn, in the plane that is shown"""
    tools.attempt(tools.fill)


def new(tools: Tools) -> None:
    """A new lesion, to be drawn with the brush"""
    if tools.attempt(tools.new):
        tools.draw("paint")


def merge(tools: Tools) -> None:
    """All selected lesions become one (select several with Ctrl or Shift)"""
    tools.attempt(tools.merge, list(tools.reviewing.marked))


def pieces(tools: Tools) -> None:
    """Each loose piece of the selected lesion becomes a lesion of its own"""
    tools.attempt(tools.pieces)


def delete(tools: Tools) -> None:
    """Take the selected lesions out of the mask. Rejecting keeps them, and is the better record"""
    for lesion in tools.reviewing.marked:
        tools.attempt(tools.delete, lesion)


def undo(tools: Tools) -> None:
    """Take back the last edit or judgement"""
    tools.attempt(tools.reviewing.undo)


def redo(tools: Tools) -> None:
    """Do again what was taken back"""
    tools.attempt(tools.reviewing.redo)


def rest(tools: Tools) -> None:
    """Put the tool away: the mouse moves the image"""
    tools.draw("pan_zoom")


JUDGE, DRAW, SHAPE, STEPS, SEGMENTS = "judge", "draw", "shape", "steps", "segments"
COMMANDS = (
    ReviewCommand(title="Accept", key="A", do=accept, group=JUDGE),
    ReviewCommand(title="Reject", key="R", do=reject, group=JUDGE),
    ReviewCommand(title="Unsure", key="U", do=unsure, group=JUDGE),
    ReviewCommand(title="Next", key="N", do=next_lesion, group=JUDGE),
    ReviewCommand(title="Paint", key="P", do=paint, group=DRAW),
    ReviewCommand(title="Erase", key="E", do=erase, group=DRAW),
    ReviewCommand(title="Grow", key="G", do=grow, group=DRAW),
    ReviewCommand(title="Threshold", key="T", do=threshold, group=DRAW),
    ReviewCommand(title="New", key="Shift-N", do=new, group=DRAW),
    ReviewCommand(title="Split", key="S", do=split, group=SHAPE),
    ReviewCommand(title="Cut", key="C", do=cut, group=SHAPE),
    ReviewCommand(title="Pieces", key="", do=pieces, group=SHAPE),
    ReviewCommand(title="Merge", key="J", do=merge, group=SHAPE),
    ReviewCommand(title="Fill slices", key="I", do=fill, group=SHAPE),
    ReviewCommand(title="Delete", key="Delete", do=delete, group=SHAPE),
    ReviewCommand(title="Landmarks", key="L", do=landmarks, group=SEGMENTS),
    ReviewCommand(title="Undo", key="Control-Z", do=undo, group=STEPS),
    ReviewCommand(title="Redo", key="Control-Shift-Z", do=redo, group=STEPS),
    ReviewCommand(title="Move", key="Z", do=rest, group=STEPS),
)
WALK = (
    ReviewCommand(title="Next lesion", key="Down", do=down, group="walk"),
    ReviewCommand(title="Previous lesion", key="Up", do=up, group="walk"),
)
"""Keys without a button."""


def bind_review_keys(tools: Tools, run: Callable[[ReviewCommand], object] | None = None) -> None:
    """The keys, in the window and on the masks that are edited; ``run`` does what they say."""
    act = run or (lambda command: command.do(tools))
    desk = tools.reviewing.desk
    places = [desk.viewer, *(layer for part in PARTS if (layer := desk.layer(part)) is not None)]
    for command in (*COMMANDS, *WALK):
        if command.key:
            for place in places:
                place.bind_key(command.key, _pressed(command, act), overwrite=True)


def free_review_keys(tools: Tools) -> None:
    """Give the keys back."""
    desk = tools.reviewing.desk
    places = [desk.viewer, *(layer for part in PARTS if (layer := desk.layer(part)) is not None)]
    for command in (*COMMANDS, *WALK):
        if command.key:
            for place in places:
                place.bind_key(command.key, None, overwrite=True)


def _judge(tools: Tools, status: Status) -> None:
    work = tools.reviewing
    if not work.marked:
        tools.said.emit("Select a lesion of the list first.")
        return
    work.judge(work.marked, status)
    if tools.goes_on and not work.go_on():
        tools.said.emit("All lesions are reviewed. Save the review, then plan with it.")


def _pressed(command: ReviewCommand, run: Callable[[ReviewCommand], object]) -> Callable[[Any], None]:
    def press(_where: Any) -> None:
        run(command)

    press.__doc__ = f"{command.title}: {command.do.__doc__}"
    return press
