"""Drawings for pages: SVG that suits light and dark. No TensorFlow; matplotlib is imported when something is drawn."""

import io
import re
from typing import NamedTuple

from gan.measure import quality

# Blue and orange stay apart for every kind of colour vision, on light and on dark ground.
BLUE, ORANGE, INK = "#2f80d0", "#d9731a", "#7a828c"
_SIZE = 4.2, 2.9  # inches
_STYLE = {"svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}
_DISTANCE = re.compile(r"frechet_\d+_[a-z_]+(?<!_low)(?<!_high)(?<!_floor)")


class _Line(NamedTuple):
    label: str
    trained: tuple | None  # learning_curves.Curve of the training
    evaluated: tuple | None  # of evaluations


def learning(curves, evaluation, step):
    """Draws a training's curves.

    Args:
        curves: tag -> learning_curves.Curve of the training.
        evaluation: name -> learning_curves.Curve of its evaluations, drawn as points.
        step: of the snapshot compared; marked.

    Returns:
        What each drawing shows -> SVG text; empty where there is nothing to draw.
    """
    drawings = {
        "how often the discriminator is right": [
            _Line("real faces", curves.get("accuracy/on_real"), evaluation.get("accuracy_on_real")),
            _Line("generated", curves.get("accuracy/on_fake"), evaluation.get("accuracy_on_fake")),
        ],
        "losses": [
            _Line("discriminator", curves.get("loss/discriminator"), evaluation.get("discriminator_loss")),
            _Line("generator", curves.get("loss/generator"), evaluation.get("generator_loss")),
        ],
    }
    for name in filter(_DISTANCE.fullmatch, evaluation):
        _, count, space = quality.parts(name)
        title = f"Frechet distance of {count} images, {space.replace('_', ' ')}: lower is better"
        drawings[title] = [_Line("evaluations", None, evaluation[name])]
    drawings = {title: [line for line in lines if line.trained or line.evaluated] for title, lines in drawings.items()}
    return {title: _draw(title, lines, step) for title, lines in drawings.items() if lines}


def _draw(title, lines, step):
    import matplotlib
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=_SIZE, layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.subplots()
        for line, colour in zip(lines, (BLUE, ORANGE)):
            _draw_line(axes, line, colour)
        _dress(axes, title, lines, step)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True)
    # The header names documents elsewhere, which a page that is to stand alone has no use for.
    svg = buffer.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)


def _draw_line(axes, line, colour):
    if line.trained:
        axes.plot(*line.trained, color=colour, linewidth=1, label=line.label)
    if line.evaluated:
        label = None if line.trained else line.label
        style = "o" if line.trained else "o-"
        axes.plot(*line.evaluated, style, color=colour, markersize=4, linewidth=1, label=label)


def _dress(axes, title, lines, step):
    if title.startswith("how often"):
        axes.set_ylim(-0.03, 1.03)
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    elif title.startswith("Frechet"):
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))  # a small change is to look small
    axes.set_title(title, color=INK, fontsize=9, wrap=True)
    axes.set_xlabel("training step", color=INK)
    axes.axvline(step, color=INK, linewidth=0.8, linestyle=":")
    axes.tick_params(colors=INK, labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(INK)
    if len(lines) > 1:
        place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.28), "ncols": len(lines)}
        axes.legend(frameon=False, labelcolor=INK, fontsize=8, borderpad=0, **place)
