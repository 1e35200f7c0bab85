"""What a report shows of one contestant: its images, its discriminator's mistakes, its training. No TensorFlow."""

from typing import NamedTuple

import numpy as np

from gan.contest import rules
from gan.measure import cross_play, training_record
from gan.measure.comparison import Comparison, MeasuredContestant
from gan.report import charts, page
from gan.report.page import Figure, Picture, Term

_SAMPLES, _SHOWN = 40, 8  # images of the sheet of samples, and of each row of single ones


class Convincing(NamedTuple):
    """The generated images that convince discriminators most, and least."""

    num_images: int  # of all images
    by_others: bool  # or by its own discriminator
    most: list[Figure]
    least: list[Figure]


class Refused(NamedTuple):
    """The real faces that its discriminator takes for generated ones."""

    num_images: int
    of: int  # all real faces
    faces: list[Figure]  # those refused most firmly


class Section(NamedTuple):
    """Values of contestant.html.j2."""

    name: str
    path: str
    snapshot: str | None  # which one it is; None for images made elsewhere
    note: str | None  # why it is not the one that the file `checkpoint` names; None if it is
    samples: Picture
    convincing: Convincing | None  # None if there is no discriminator
    nearest_training: list[Figure]  # empty without training images
    refused: Refused | None  # None if it has no discriminator
    curves: list[Picture]
    is_marked: bool  # whether the curves show where the snapshot is
    training: list[Term]


def section(found: Comparison, contestant: MeasuredContestant) -> Section:
    """Prepares what is shown of one contestant."""
    return Section(
        name=contestant.name,
        path=contestant.path,
        snapshot=f"training step {contestant.step:,}" if contestant.step is not None else contestant.snapshot,
        note=contestant.note,
        samples=page.sheet(contestant.images[:_SAMPLES], f"generated images of {contestant.name}"),
        convincing=_convincing(found, contestant) if found.verdicts.real else None,
        nearest_training=_nearest_training(found, contestant),
        refused=_refused(found, contestant) if contestant.name in found.verdicts.real else None,
        curves=_curves(contestant),
        is_marked=contestant.step is not None,
        training=_training(contestant),
    )


def _convincing(found: Comparison, contestant: MeasuredContestant) -> Convincing:
    scores = cross_play.convincing(found.verdicts, contestant.name)
    order = np.argsort(-scores, kind="stable")
    most, least = (
        [_judged(contestant.images[i], scores[i], "generated image") for i in chosen[:_SHOWN]]
        for chosen in (order, order[::-1])
    )
    by_others = bool(set(found.verdicts.real) - {contestant.name})
    return Convincing(len(scores), by_others, most, least)


def _nearest_training(found: Comparison, contestant: MeasuredContestant) -> list[Figure]:
    if contestant.nearest is None or not found.held_out_distance:
        return []
    training, distances = contestant.nearest
    return [
        page.face(
            np.stack([contestant.images[i], training[i]]),
            "a generated image, and below it the training face nearest to it",
            f"{distances[i] / found.held_out_distance:.0%}",
        )
        for i in np.argsort(distances, kind="stable")[:_SHOWN]
    ]


def _refused(found: Comparison, contestant: MeasuredContestant) -> Refused:
    on_real = found.verdicts.real[contestant.name]
    refused = np.flatnonzero(on_real <= rules.THRESHOLD)
    worst = refused[np.argsort(on_real[refused], kind="stable")][:_SHOWN]
    faces = [_judged(found.real[i], on_real[i], "real face") for i in worst]
    return Refused(len(refused), len(on_real), faces)


def _judged(image: np.ndarray, probability: float, what: str) -> Figure:
    return page.face(image[None], f"{what}, judged {probability:.0%} real", f"{probability:.0%} real")


def _curves(contestant: MeasuredContestant) -> list[Picture]:
    drawings = charts.learning(contestant.curves, contestant.step)
    return [page.chart(svg, f"{contestant.name}: {what}") for what, svg in drawings.items()]


def _training(contestant: MeasuredContestant) -> list[Term]:
    if contestant.training is None:
        return []
    return [Term(what, value) for what, value in training_record.described(contestant.training).items()]
