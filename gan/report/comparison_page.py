"""Writes a comparison as one HTML page for people who have not seen one before. No TensorFlow."""

import os

from gan.measure import comparison, cross_play, quality
from gan.report import contestant_section, markup
from gan.report.markup import cell, paragraph, terms, text

_ACCEPTANCE = comparison.percent(cross_play.ACCEPTANCE)
_RULES = (
    "A GAN is two networks: the <b>generator</b> draws faces, and the <b>discriminator</b> says of an image how likely "
    "it is a real photograph. In a <b>round</b> each team's discriminator looks at 15 images of the other team's "
    "generator and 15 real ones, and gets a point for each that it gets right. More points win."
)
_RANKING = {
    "wins": "Mean chance to win a round against each of the others. Equal points, when the faster networks win, count "
    "half. Below it: where the true chance lies with 95% confidence, since it was measured on a limited number of "
    "images.",
    "wins, level": f"The same if every discriminator accepted {_ACCEPTANCE} of real faces. In a battle an image counts "
    "as real where p &gt; 0.5; a discriminator that sees well but says yes or no too often loses there. Here its "
    "threshold is moved, so that only what it sees counts.",
    "fools": "Share of its generated images that the others' discriminators take for real.",
    "recognises": "Share of the others' generated images that its discriminator finds out.",
}
_PAIRS = (
    "Chance that the <b>row</b> beats the <b>column</b> in one round. Blue: it wins more often than not; orange: it "
    "loses more often. Below: the 95% interval."
)
_MATCHES = (
    "Points are right guesses of 30. Chances are computed from how often each discriminator is right; beside them, "
    "battles that were really played with images drawn by lot."
)
_JUDGEMENTS = (
    "How often the discriminator in the <b>row</b> is right about real faces, and about the images of the generator in "
    "the <b>column</b>. 50% is what guessing gets. Orange cells are images that fool it. A discriminator that is right "
    "about nearly all generated images but few real ones only says no to everything."
)
_LEVEL = (
    "Thresholds are moved so that all are equally kind to real faces: the fairest look at who sees best, and at which "
    "generator is hardest to find out."
)
_MEASURES = (
    "The numbers depend on how many images are compared and in which features, so compare them only within one table. "
    "Below each: its 95% interval; two generators whose intervals overlap widely may be equally good."
)
_FLOOR = (
    "The row <b>real faces</b> is the floor: what other real faces get, which is as good as a generator can become. "
)
_NO_FLOOR = "What other real faces would get, the floor, is shown with --train_data_pattern. "


def write(path, found):
    """Writes a comparison.Comparison as an HTML file, whole or not at all."""
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write(page(found))
    os.replace(path + ".part", path)


def page(found):
    """A comparison.Comparison as the text of an HTML page."""
    title = "How good is this GAN?" if len(found.entries) == 1 else "Which GAN is the best?"
    parts = [
        f"<h1>{title}</h1>",
        paragraph(f"{_strongest(found)} {_nearest_to_real(found)}", "lead"),
        paragraph(_RULES),
        *(paragraph(warning, "warning") for warning in _warnings(found)),
        _links(found),
        *(_winners(found) if found.battle.ranking else []),
        *(_judgements(found) if found.verdicts.real else []),
        *_images(found),
        *(contestant_section.section(found, entry, _anchor(number)) for number, entry in enumerate(found.entries)),
        "<h2>For the record</h2>",
        terms({text(name): text(value) for name, value in found.about.items() if value is not None}),
    ]
    return markup.document(title, parts)


def _strongest(found):
    for name, chance in found.battle.ranking.items():
        wins = f"it wins <b>{_percent(chance.value)}</b> of all rounds against the others"
        return f"Of these, <b>{text(name)}</b> is the strongest: {wins}."
    return ""


def _nearest_to_real(found):
    measure = next(iter(found.entries[0].measures))
    kind = quality.parts(measure)[0]
    title = quality.MEANINGS[kind].title
    copiers = comparison.copiers(found)
    honest = [entry for entry in found.entries if entry.name not in copiers] or found.entries
    best = min(honest, key=lambda entry: quality.value_of(entry.measures[measure]))
    value = f"<b>{comparison.readable(kind, best.measures[measure])[0]}</b>"
    floor = " (lower is better)"
    if measure in found.floor:
        floor = f" (other real faces have {comparison.readable(kind, found.floor[measure])[0]}; lower is better)"
    if len(found.entries) == 1:
        return f"Its images are at a {title} of {value} from real faces{floor}."
    return f"The images of <b>{text(best.name)}</b> are nearest to real faces, at a {title} of {value}{floor}."


def _warnings(found):
    for name, reason in found.left_out.items():
        yield f"Left out: <b>{text(name)}</b>: {text(reason)}"
    for name, share in comparison.copiers(found).items():
        yield (
            f"<b>{text(name)}</b>: {_percent(share)} of its images are hardly different from training faces. Copying "
            "them is forbidden; look at the pictures below."
        )


def _anchor(number):
    return f"contestant{number}"


def _links(found):
    links = (f'<a href="#{_anchor(number)}">{text(entry.name)}</a>' for number, entry in enumerate(found.entries))
    return f"<nav>Pictures of: {' '.join(links)}</nav>"


def _winners(found):
    return [
        "<h2>Who would win</h2>",
        _ranking(found),
        terms(_RANKING),
        "<h3>Every pair</h3>",
        paragraph(_PAIRS, "note"),
        _pairs(found.battle),
        markup.folded("Every match in numbers", paragraph(_MATCHES, "note") + _matches(found)),
        f"<h3>Every pair, level: each discriminator accepts {_ACCEPTANCE} of real faces</h3>",
        _pairs(found.level),
    ]


def _ranking(found):
    fools, recognises = comparison.strengths(found.battle)
    rows = []
    for place, (name, chance) in enumerate(found.battle.ranking.items(), 1):
        level = found.level.ranking[name]
        cells = [
            cell(f"<b>{_percent(chance.value)}</b>{markup.bar(chance.value)}", [_interval(chance)]),
            cell(_percent(level.value), [_interval(level)]),
            cell(_percent(fools[name])),
            cell(_percent(recognises[name])),
        ]
        rows.append((f"{place}. {text(name)}", cells))
    return markup.table(["", *_RANKING], rows)


def _pairs(contest):
    def chance(first, second):
        if first == second:
            return cell("–")
        number = contest.matches[first, second].chance
        return cell(f"<b>{_percent(number.value)}</b>", [_interval(number)], number.value)

    names = list(contest.ranking)
    rows = [(text(first), [chance(first, second) for second in names]) for first in names]
    return markup.table(["row beats column", *map(text, names)], rows)


def _matches(found):
    rows = []
    for first, second in comparison.pairs(found.battle):
        match, played = found.battle.matches[first, second], found.simulated.get((first, second))
        cells = [
            cell(f"{match.points:.1f} : {match.against:.1f}"),
            *(cell(_percent(share)) for share in (match.win, match.tie, match.loss)),
            cell(f"{played.wins} : {played.losses}", [f"{played.ties} equal"]) if played else cell("–"),
        ]
        rows.append((f"{text(first)} against {text(second)}", cells))
    head = ["", "points expected", "more points", "equal points", "fewer points", "battles played"]
    return markup.table(head, rows)


def _judgements(found):
    return [
        "<h2>What each discriminator sees</h2>",
        paragraph(_JUDGEMENTS, "note"),
        _shares(found, found.battle),
        f"<h3>The same, level: each discriminator accepts {_ACCEPTANCE} of real faces</h3>",
        paragraph(_LEVEL, "note"),
        _shares(found, found.level),
    ]


def _shares(found, contest):
    names = [entry.name for entry in found.entries]
    rows = []
    for judge, on_real in contest.shares.real.items():
        cells = [cell(_percent(on_real.value), [_interval(on_real)] if contest is found.battle else ["fixed"])]
        for name in names:
            right = contest.shares.fake[judge, name]
            small = [_interval(right)] + ["its own"] * (judge == name)
            cells.append(cell(f"<b>{_percent(right.value)}</b>", small, right.value))
        rows.append((text(judge), cells))
    return markup.table(["discriminator of", "real faces", *map(text, names)], rows)


def _images(found):
    shown = {quality.parts(name)[0] for name in found.entries[0].measures}
    meanings = {
        f'{meaning.title} <span class="soft">(better: {meaning.better})</span>': meaning.text
        for kind, meaning in quality.MEANINGS.items()
        if kind in shown
    }
    parts = ["<h2>How good the images are</h2>"]
    for count, space in comparison.spaces(found):
        title = f"{count} images, compared in: {text(space.replace('_', ' '))}"
        parts += [f"<h3>{title}</h3>", _measures(found, count, space)]
    note = (_FLOOR if found.floor else _NO_FLOOR) + _MEASURES
    return [*parts, paragraph(note, "note"), terms(meanings)]


def _measures(found, count, space):
    kinds = comparison.kinds(found, count, space)

    def cells(measures):
        numbers = [(kind, measures.get(f"{kind}_{count}_{space}")) for kind in kinds]
        return [cell("") if number is None else _measure(kind, number) for kind, number in numbers]

    rows = [(text(entry.name), cells(entry.measures)) for entry in found.entries]
    if found.floor:
        rows.append(("real faces", cells(found.floor)))
    head = [f"{quality.MEANINGS[kind].title}<small>better: {quality.MEANINGS[kind].better}</small>" for kind in kinds]
    return markup.table(["", *head], rows, apart=len(found.entries))


def _measure(kind, number):
    value, interval = (text(part) for part in comparison.readable(kind, number))
    return cell(value, [interval] if interval else [])


def _percent(share):
    return text(comparison.percent(share))


def _interval(estimate):
    return text(comparison.interval(estimate))
