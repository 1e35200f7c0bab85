"""What a report shows of one contestant: its images, its discriminator's mistakes, its training. No TensorFlow."""

import numpy as np

from gan.contest import rules
from gan.measure import cross_play
from gan.report import charts, markup
from gan.report.markup import paragraph, text

_SAMPLES, _SHOWN = 40, 8  # images of the sheet of samples, and of each row of single ones
_COPIES = (
    "Above, the generated images that lie nearest to a training face; below each, that face, mirrored where that is "
    "nearer. They should be different people. The number is their distance in pixels, where 100% is usual between a "
    "face that was not trained on and the training face nearest to it; 0% is a copy."
)
_CURVES = (
    "Lines are from the training, points from evaluations; the dotted line is the snapshot compared here. A "
    "discriminator that is right about everything for long has won, and its generator learns nothing more."
)


def section(found, entry, anchor):
    """One contestant's section of the page.

    Args:
        found: comparison.Comparison.
        entry: comparison.Entry.
        anchor: id that links lead to.
    """
    step = f"training step {entry.step:,}" if entry.step is not None else "images made elsewhere"
    parts = [
        f'<h2 id="{anchor}">{text(entry.name)}</h2>',
        paragraph(f"{text(entry.path)}, {step}", "note"),
        markup.sheet(entry.images[:_SAMPLES], f"generated images of {entry.name}"),
        *(_convincing(found, entry) if found.verdicts.real else []),
        *(_copies(found, entry) if entry.nearest else []),
        *(_refused(found, entry) if entry.name in found.verdicts.real else []),
        *_learning(entry),
    ]
    return "\n".join(parts)


def _convincing(found, entry):
    scores = cross_play.convincing(found.verdicts, entry.name)
    order = np.argsort(-scores, kind="stable")
    parts = []
    for title, chosen in (("Most convincing", order[:_SHOWN]), ("Least convincing", order[::-1][:_SHOWN])):
        figures = [_judged(entry.images[i], scores[i], "generated image") for i in chosen]
        parts += [f"<h3>{title}</h3>", markup.faces(figures)]
    others = set(found.verdicts.real) - {entry.name}
    whose = "the others' discriminators" if others else "its own discriminator, since there is no other"
    note = f"Of {len(scores)} generated images, by the mean probability of {whose} that they are real."
    return [*parts, paragraph(note, "note")]


def _copies(found, entry):
    training, distances = entry.nearest
    figures = [
        markup.face(
            np.stack([entry.images[i], training[i]]),
            f"{distances[i] / found.held_out_distance:.0%}",
            "a generated image, and below it the training face nearest to it",
        )
        for i in np.argsort(distances, kind="stable")[:_SHOWN]
    ]
    return ["<h3>Copied from the training faces?</h3>", paragraph(_COPIES, "note"), markup.faces(figures)]


def _refused(found, entry):
    on_real = found.verdicts.real[entry.name]
    refused = np.flatnonzero(on_real <= rules.THRESHOLD)
    worst = refused[np.argsort(on_real[refused], kind="stable")][:_SHOWN]
    figures = [_judged(found.real[i], on_real[i], "real face") for i in worst]
    note = f"Its discriminator takes {len(refused)} of {len(on_real)} real faces for generated ones"
    note += ", these most firmly:" if figures else "."
    return [
        "<h3>Real faces that it refuses</h3>",
        paragraph(note, "note"),
        *([markup.faces(figures)] if figures else []),
    ]


def _judged(image, probability, what):
    return markup.face(image[None], f"{probability:.0%} real", f"{what}, judged {probability:.0%} real")


def _learning(entry):
    drawings = charts.learning(entry.curves, entry.evaluation, entry.step)
    if not drawings:
        return []
    shown = markup.charts([markup.chart(svg, f"{entry.name}: {what}") for what, svg in drawings.items()])
    return ["<h3>How it learned</h3>", shown, paragraph(_CURVES, "note")]
