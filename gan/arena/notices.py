"""What a webhook is told of an event: mock battles to come or skipped, results, the champion, what waits.

No TensorFlow.
"""

import datetime

from gan.arena import notes, schema, team_names
from gan.arena.events import Outcome
from gan.arena.schema import Match, Team
from gan.arena.store import Store
from gan.arena.webhook import Undelivered, Webhook
from gan.console import printable
from gan.contest import faults

NEXT, SKIPPED = "next battle", "skipped battle"  # kinds of messages
RESULT, HELD, CHAMPION = "result", "held", "champion"


class Notices:
    """Tells a webhook, if there is one. Nothing here waits for it, and what an earlier run told is not told again.

    Args:
        webhook: open; None tells nobody.
        kept: the arena's store, as the run begins; None if nothing was told before.
    """

    def __init__(self, webhook: Webhook | None, kept: Store | None = None) -> None:
        self._webhook = webhook
        self._matches, self._over = dict[int, str](), set[int]()  # statuses by id, ids of events
        if kept is None or webhook is None:
            return
        for event in kept.events.all():
            self._matches |= {row.id: row.status for row in kept.matches.of_event(event.id)}
            self._over |= {event.id} if event.finished is not None else set()

    def next_battle(self, name: str, moment: datetime.datetime) -> None:
        """Tells which mock battle comes next, and when: an aware datetime."""
        if self._webhook:
            at = moment.isoformat(timespec="seconds")
            self._webhook.post(NEXT, f"Next: {name}", battle=name, begins=at)

    def skipped_battle(self, name: str, why: str) -> None:
        """Tells which mock battle does not take place, and why; `name` may stand for several of them."""
        if self._webhook:
            reason = printable.without_places(why)
            self._webhook.post(SKIPPED, f"{name} is skipped: {reason}", battle=name, reason=reason)

    def match(self, row: Match, home: Team, away: Team | None) -> None:
        """Tells how a match ended, or that it is held; byes and checks are told to nobody."""
        if self._webhook is None or away is None or home is away or self._matches.get(row.id) == row.status:
            return
        teams = [home.name, away.name]
        if row.status == schema.HELD:
            reason = printable.without_places(faults.sentence(row.reason))
            text = f"{' - '.join(map(team_names.apart, teams))} is held for the organiser: {reason}"
            self._webhook.post(HELD, text, match=row.id, teams=teams, reason=reason)
        elif row.status == schema.DONE:
            winner = {home.id: home.name, away.id: away.name}.get(row.winner or 0)
            sides = [*map(team_names.apart, teams)]
            text = f"{sides[0]} {row.home_points} : {row.away_points} {sides[1]}. "
            text += f"{team_names.apart(winner) if winner else 'Nobody'} wins: {row.rule}."
            points = [row.home_points, row.away_points]
            self._webhook.post(RESULT, text, match=row.id, teams=teams, points=points, winner=winner, rule=row.rule)

    def outcome(self, outcome: Outcome) -> None:
        """Tells an event's champion, or how many of its matches are held."""
        if self._webhook is None or outcome.event.id in self._over:
            return
        name, champion = outcome.event.name, outcome.champion
        if champion:
            self._webhook.post(CHAMPION, f"{champion.name} wins {name}.", name=name, champion=champion.name)
        elif any(self._matches.get(row.id) != row.status for row in outcome.held):
            number = len(outcome.held)
            text = f"{name} waits for the organiser: {number} {'match is' if number == 1 else 'matches are'} held."
            self._webhook.post(HELD, text, name=name, held=number)


def note_undelivered(kept: Store, undelivered: Undelivered) -> None:
    """Notes in the log what a webhook did not get."""
    problem = undelivered.reason
    kept.log.add("webhook", notes.note("webhook_failed", number=undelivered.number, problem=problem))
