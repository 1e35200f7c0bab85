// Matches below each other.
import { html } from "arena/html.js";
import { memo } from "arena/memo.js";
import { nameOf, roundName, SIDES } from "arena/stage/reading.js";
import { aboutMatch, pointsOf, resultOf } from "arena/views/match_words.js";
import { useShortened } from "arena/views/shortened.js";
import { Table } from "arena/views/table.js";
import { TeamName } from "arena/views/team_name.js";
import { t } from "arena/words.js";

const COLUMNS = [
  ["column.number", "number"],
  ["column.round"],
  ["column.home"],
  ["column.points", "number"],
  ["column.away"],
  ["column.decided_by"],
  ["column.id", "number"],
];

function Team({ name, side, result }) {
  return html`<td class=${`team-cell ${SIDES[side].key}`} data-result=${result}>
    <span class="marked">
      <${TeamName} name=${name} />
      ${result === "won" && html`<span class="won-mark" role="img" aria-label=${t("match.won")}>◀</span>`}
    </span>
  </td>`;
}

const Row = memo(({ match, home, away, round }) => {
  return html`<tr data-status=${match.status}>
    <td class="number no">${match.number}</td>
    <td class="round">
      ${round}${match.num_rounds > 1 && html` <span class="soft">(${t("match.sum_of", { n: match.num_rounds })})</span>`}
      ${match.attempt > 1 && html` <span class="soft">${t("match.attempt", { number: match.attempt })}</span>`}
    </td>
    <${Team} name=${home} side=${0} result=${resultOf(match, 0)} />
    <td class="number score-cell">
      <a href=${`#/match/${match.id}`} aria-label=${t("matches.replay", { home, away, points: pointsOf(match) })}>
        ${pointsOf(match)}
      </a>
    </td>
    <${Team} name=${away} side=${1} result=${resultOf(match, 1)} />
    <td class="about">${aboutMatch(match)}</td>
    <td class="number soft id-cell">${match.id}</td>
  </tr>`;
});

// `matches`: of the event that `state` is about, in the order to be shown in.
export function MatchList({ state, matches }) {
  const [rows, more] = useShortened(matches);
  if (!matches.length) return html`<p class="empty">${t("matches.none")}</p>`;
  return html`<${Table} title="nav.matches" class="stacked matches" columns=${COLUMNS}>
      ${rows.map(
        (match) =>
          html`<${Row}
            key=${match.id}
            match=${match}
            home=${nameOf(state, match.home)}
            away=${nameOf(state, match.away)}
            round=${roundName(state, match.round)}
          />`,
      )}
    <//>
    ${more}`;
}
