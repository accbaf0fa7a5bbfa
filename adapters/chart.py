"""Draws the numbers as bars: `python -m adapters.chart` reads a drawing as JSON and writes a picture.

It runs in a process of its own, since matplotlib takes 50 MB that nobody needs between two charts.
"""

import io
import json
import sys
from collections.abc import Sequence
from typing import Any
from xml.etree import ElementTree

WIDTH, MARGIN = 400, 16  # pixels
ROW, HEAD, GAP = 36, 30, 16  # pixels: a row, the head of a panel, the space between panels
BAR = 7  # pixels
SHARP = 2  # pixels of a PNG for each of ours
MAX_NAME = 36  # characters, which leave room for numbers of five digits
_WEEK, _MONTH = WIDTH - MARGIN - 74, WIDTH - MARGIN  # where the columns of numbers end
# The first two hold text; each keeps a contrast of 4.5:1 to the ground, the bars 3:1 to it (a test measures it).
THEMES = {
    "light": {"ink": "#1b1f23", "soft": "#555d66", "week": "#0b6b61", "month": "#579c93", "ground": "#ffffff", "track": "#f1efe9"},
    "dark": {"ink": "#eceeef", "soft": "#a9b2ba", "week": "#63cdbd", "month": "#3f8076", "ground": "#1c2125", "track": "#23292e"},
}  # fmt: skip
SVG = "http://www.w3.org/2000/svg"


def draw(panels: Sequence[dict[str, Any]], form: str, theme: str) -> bytes:
    """The panels as `png` or `svg`. A panel has a title and rows of (name, number of 7 days, number of 30 days).

    The same panels always give the same bytes. The SVG holds no style and no script, so that the strictest content
    security policy shows it.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    colors = THEMES[theme]
    height = height_of(panels)
    out = io.BytesIO()
    with rc_context({"font.family": "DejaVu Sans", "svg.hashsalt": "smtpbot", "text.parse_math": False}):
        figure = Figure((WIDTH / 100, height / 100), dpi=100, facecolor=colors["ground"])
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(height, 0))
        axes.set_axis_off()
        top = MARGIN
        for panel in panels:
            _draw_panel(axes, panel, top, colors)
            top += HEAD + ROW * len(panel["rows"]) + GAP
        if form == "png":
            FigureCanvasAgg(figure).print_figure(
                out, dpi=100 * SHARP, format="png", metadata={"Software": None}, facecolor="auto"
            )
            return out.getvalue()
        FigureCanvasSVG(figure).print_figure(
            out, format="svg", metadata={"Date": None, "Creator": None}, facecolor="auto"
        )
    return plain_svg(out.getvalue())


def height_of(panels: Sequence[dict[str, Any]]) -> int:
    """Pixels from top to bottom."""
    return 2 * MARGIN + sum(HEAD + ROW * len(panel["rows"]) for panel in panels) + GAP * (len(panels) - 1)


def _draw_panel(axes: Any, panel: dict[str, Any], top: int, colors: dict[str, str]) -> None:
    rows = panel["rows"]
    longest = max([month for _, _, month in rows] or [1])
    middle = top + 8
    axes.text(MARGIN, middle, panel["title"], color=colors["ink"], size=9.5, weight="bold", va="center")
    for end, title, color in ((_WEEK, "7 days", "week"), (_MONTH, "30 days", "month")):
        axes.text(end, middle, title, color=colors["soft"], size=8, ha="right", va="center")
        axes.barh(middle, 8, 8, left=end - (50 if color == "week" else 57), color=colors[color])
    for number, (name, week, month) in enumerate(rows):
        middle = top + HEAD + ROW * number + 6
        axes.text(MARGIN, middle, _shortened(name), color=colors["ink"], size=9, va="center")
        axes.text(_WEEK, middle, f"{week:,}", color=colors["ink"], size=9, ha="right", va="center")
        axes.text(_MONTH, middle, f"{month:,}", color=colors["ink"], size=9, weight="bold", ha="right", va="center")
        whole = WIDTH - 2 * MARGIN
        for part, color in ((longest, "track"), (month, "month"), (week, "week")):
            axes.barh(middle + 15, whole * part / longest, BAR, left=MARGIN, color=colors[color])


def _shortened(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1].rstrip() + "…"


def plain_svg(raw: bytes) -> bytes:
    """The SVG with attributes in the place of styles."""
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", "http://www.w3.org/1999/xlink")
    root = ElementTree.fromstring(raw)  # noqa: S314  # matplotlib wrote it
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}style", f"{{{SVG}}}metadata"):
                parent.remove(child)
        for rule in filter(str.strip, parent.attrib.pop("style", "").split(";")):
            name, _, value = rule.partition(":")
            parent.set(name.strip(), value.strip())
    root.set("stroke-linejoin", "round")
    return bytes(ElementTree.tostring(root, "utf-8", xml_declaration=True))


def main() -> None:
    """From standard input to standard output."""
    asked = json.load(sys.stdin)
    sys.stdout.buffer.write(draw(asked["panels"], asked["form"], asked["theme"]))


if __name__ == "__main__":
    main()
