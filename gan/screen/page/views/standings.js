// The table of a league or of mock battles.
import { html } from "arena/html.js";
import { memo } from "arena/memo.js";
import { ranked } from "arena/stage/reading.js";
import { useShortened } from "arena/views/shortened.js";
import { Table } from "arena/views/table.js";
import { TeamName } from "arena/views/team_name.js";
import { t } from "arena/words.js";

const COLUMNS = [
  ["column.rank", "number", "unseen"],
  ["column.team"],
  ["column.won", "number"],
  ["column.drawn", "number"],
  ["column.lost", "number"],
  ["column.played", "number"],
  ["column.points", "number"],
];

const Row = memo(
  ({ rank, name, row }) =>
    html`<tr>
      <td class="number">${rank}.</td>
      <th scope="row"><${TeamName} name=${name} /></th>
      <td class="number">${row.won}</td>
      <td class="number">${row.drawn}</td>
      <td class="number">${row.lost}</td>
      <td class="number">${row.played}</td>
      <td class="number">${row.points} : ${row.against}</td>
    </tr>`,
);

export function Standings({ state }) {
  const [rows, more] = useShortened(ranked(state.standings));
  if (!rows.length) return html`<p class="empty">${t("matches.none")}</p>`;
  return html`<${Table} title="nav.table" class="standings" columns=${COLUMNS}>
      ${rows.map(
        ([id, row], index) => html`<${Row} key=${id} rank=${index + 1} name=${state.teams[id].name} row=${row} />`,
      )}
    <//>
    ${more}`;
}
