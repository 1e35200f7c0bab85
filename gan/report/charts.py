"""Drawings for pages: SVG that suits light and dark. No TensorFlow; matplotlib is imported when something is drawn."""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from gan.measure import metric_registry
from gan.measure.learning_curves import Curve, Curves
from gan.measure.metric_registry import Direction, Unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Blue and orange can be told apart with every kind of colour vision, on light and on dark ground.
BLUE, ORANGE, INK = "#2f80d0", "#d9731a", "#7a828c"
_SIZE = 4.2, 2.9  # inches
_STYLE: Any = {"svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}


class _Line(NamedTuple):
    label: str
    trained: Curve | None
    evaluated: Curve | None  # drawn as points


class _Drawing(NamedTuple):
    title: str
    lines: list[_Line]
    unit: Unit | None  # None: a loss, whose scale says nothing


def learning(curves: Curves, step: int | None) -> dict[str, str]:
    """Draws a training's curves.

    Args:
        curves: of the training, and of its evaluations.
        step: of the snapshot compared; marked. None if it is not known.

    Returns:
        What each drawing shows -> SVG text; without those that have nothing to draw.
    """
    drawings = [
        _Drawing(
            "how often the discriminator is right",
            [
                _line(curves, "real faces", "accuracy_on_real"),
                _line(curves, "generated", "accuracy_on_fake"),
            ],
            Unit.SHARE,
        ),
        _Drawing(
            "losses",
            [
                _line(curves, "discriminator", "discriminator_loss"),
                _line(curves, "generator", "generator_loss"),
            ],
            None,
        ),
        *_of_metrics(curves),
    ]
    drawings = [one._replace(lines=[line for line in one.lines if line.trained or line.evaluated]) for one in drawings]
    return {one.title: _draw(one, step) for one in drawings if one.lines}


def _line(curves: Curves, label: str, name: str) -> _Line:
    tag = metric_registry.DISCRIMINATOR_TAGS[name]
    return _Line(label, curves.trained.get(tag), curves.evaluated.get(name))


def _of_metrics(curves: Curves) -> Iterator[_Drawing]:
    for quantity, curve in curves.measured.items():
        metric = quantity.metric
        if metric.has_chart:
            better = f"{metric.better} is better" if metric.direction is not Direction.NEAR else f"best {metric.better}"
            title = f"{metric.title} of {quantity.count} images, {quantity.space.replace('_', ' ')}: {better}"
            yield _Drawing(title, [_Line("evaluations", None, curve)], metric.unit)


def _draw(drawing: _Drawing, step: int | None) -> str:
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for line, colour in zip(drawing.lines, (BLUE, ORANGE)):
            _draw_line(axes, line, colour)
        _dress(axes, drawing, step)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True)
    # The header names documents elsewhere; a page that stands alone has no use for them.
    svg = buffer.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)


def _draw_line(axes: "Axes", line: _Line, colour: str) -> None:
    if line.trained:
        axes.plot(line.trained.steps, line.trained.values, color=colour, linewidth=1, label=line.label)
    if line.evaluated:
        label = None if line.trained else line.label
        style = "o" if line.trained else "o-"
        steps, values = line.evaluated
        axes.plot(steps, values, style, color=colour, markersize=4, linewidth=1, label=label)


def _dress(axes: "Axes", drawing: _Drawing, step: int | None) -> None:
    if drawing.unit is Unit.SHARE:
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    elif drawing.unit is Unit.DISTANCE:
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))  # a small change should look small
    axes.set_title(drawing.title, color=INK, fontsize=9, wrap=True)
    axes.set_xlabel("training step", color=INK)
    if step is not None:
        axes.axvline(step, color=INK, linewidth=0.8, linestyle=":")
    axes.tick_params(colors=INK, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    if len(drawing.lines) > 1:
        axes.legend(
            frameon=False,
            labelcolor=INK,
            fontsize=8,
            borderpad=0,
            loc="upper center",
            bbox_to_anchor=(0.5, -0.28),
            ncols=len(drawing.lines),
        )
