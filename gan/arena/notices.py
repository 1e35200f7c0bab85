"""What a webhook is told of an event: mock battles to come or skipped, results, the champion, what waits.

No TensorFlow.
"""

import datetime

from gan.arena import notes, schema
from gan.arena.events import Outcome
from gan.arena.schema import Match, Team
from gan.arena.store import Store
from gan.arena.webhook import Undelivered, Webhook
from gan.console import printable
from gan.contest import faults

NEXT, SKIPPED = "next battle", "skipped battle"  # kinds of messages
RESULT, HELD, CHAMPION = "result", "held", "champion"


class Notices:
    """Tells a webhook, if there is one. Nothing here waits for it.

    Args:
        webhook: open; None tells nobody.
    """

    def __init__(self, webhook: Webhook | None) -> None:
        self._webhook = webhook

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
        if self._webhook is None or away is None or home is away:
            return
        teams = [home.name, away.name]
        if row.status == schema.HELD:
            reason = printable.without_places(faults.sentence(row.reason))
            text = f"{home.name} - {away.name} is held for the organiser: {reason}"
            self._webhook.post(HELD, text, match=row.id, teams=teams, reason=reason)
        elif row.status == schema.DONE:
            winner = {home.id: home.name, away.id: away.name}.get(row.winner or 0)
            text = f"{home.name} {row.home_points} : {row.away_points} {away.name}. "
            text += f"{winner or 'Nobody'} wins: {row.rule}."
            points = [row.home_points, row.away_points]
            self._webhook.post(RESULT, text, match=row.id, teams=teams, points=points, winner=winner, rule=row.rule)

    def outcome(self, outcome: Outcome) -> None:
        """Tells an event's champion, or how many of its matches are held."""
        if self._webhook is None:
            return
        name, champion = outcome.event.name, outcome.champion
        if champion:
            self._webhook.post(CHAMPION, f"{champion.name} wins {name}.", name=name, champion=champion.name)
        elif outcome.held:
            number = len(outcome.held)
            text = f"{name} waits for the organiser: {number} {'match is' if number == 1 else 'matches are'} held."
            self._webhook.post(HELD, text, name=name, held=number)


def note_undelivered(kept: Store, undelivered: Undelivered) -> None:
    """Notes in the log what a webhook did not get."""
    problem = undelivered.reason
    kept.log.add("webhook", notes.note("webhook_failed", number=undelivered.number, problem=problem))
