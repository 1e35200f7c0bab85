// The table of a league or of mock battles.
import { html } from "arena/html.js";
import { memo } from "arena/memo.js";
import { teamLink } from "arena/views/match_words.js";
import { t } from "arena/words.js";

// Wins, then points more than the opponents', then points: as the arena ranks.
export const ranked = (standings) =>
  Object.entries(standings || {}).sort(
    ([, a], [, b]) => b.won - a.won || b.points - b.against - (a.points - a.against) || b.points - a.points,
  );

const Row = memo(
  ({ rank, team, row }) =>
    html`<tr>
      <td class="number">${rank}.</td>
      <th scope="row"><a href=${teamLink(team.name)}><bdi class="cell-name" title=${team.name}>${team.name}</bdi></a></th>
      <td class="number">${row.won}</td>
      <td class="number">${row.drawn || 0}</td>
      <td class="number">${row.played}</td>
      <td class="number">${row.points} : ${row.against}</td>
    </tr>`,
);

// `most`: so many rows at most.
export function Standings({ state, most = Infinity }) {
  const rows = ranked(state.standings)
    .filter(([id]) => state.teams[id])
    .slice(0, most);
  if (!rows.length) return html`<p class="empty">${t("matches.none")}</p>`;
  return html`<div class="wide">
    <table class="standings">
      <caption class="unseen">
        ${t("nav.table")}
      </caption>
      <thead>
        <tr>
          <th scope="col" class="number"><span class="unseen">${t("column.rank")}</span></th>
          <th scope="col">${t("column.team")}</th>
          <th scope="col" class="number">${t("column.won")}</th>
          <th scope="col" class="number">${t("column.drawn")}</th>
          <th scope="col" class="number">${t("column.played")}</th>
          <th scope="col" class="number">${t("column.points")}</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          ([id, row], index) => html`<${Row} key=${id} rank=${index + 1} team=${state.teams[id]} row=${row} />`,
        )}
      </tbody>
    </table>
  </div>`;
}
