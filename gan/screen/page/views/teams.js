// The teams of the event.
import { useState } from "preact/hooks";
import { html } from "arena/html.js";
import { memo } from "arena/memo.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { folded, SearchField } from "arena/views/search_field.js";
import { useShortened } from "arena/views/shortened.js";
import { Table } from "arena/views/table.js";
import { TeamName } from "arena/views/team_name.js";
import { t, told } from "arena/words.js";

const COLUMNS = [["column.seeding", "number"], ["column.team"], ["column.snapshot", "number"], ["column.remarks"]];

export function TeamsView({ state }) {
  const [typed, setTyped] = useState("");
  const list = useArrowKeys();
  const wanted = folded(typed);
  const teams = Object.values(state.teams || {})
    .filter(({ name }) => folded(name).includes(wanted))
    .sort((a, b) => (a.seeding || Infinity) - (b.seeding || Infinity) || a.id - b.id);
  const [rows, more] = useShortened(teams);
  return html`<section class="list" ref=${list}>
    <div class="heading">
      <h1>${t("nav.teams")}</h1>
      <${SearchField} value=${typed} onInput=${setTyped} found=${teams.length} />
    </div>
    ${
      teams.length
        ? html`<${Table} title="nav.teams" class="stacked teams" columns=${COLUMNS}>
              ${rows.map((team) => html`<${Row} key=${team.id} team=${team} />`)}
            <//>
            ${more}`
        : html`<p class="empty">${t("teams.none")}</p>`
    }
  </section>`;
}

const Row = memo(
  ({ team }) =>
    html`<tr>
      <td class="number">${team.seeding}</td>
      <th scope="row"><${TeamName} name=${team.name} /></th>
      <td class="number" data-label=${t("column.snapshot")}>${team.step}</td>
      <td class="reason">
        ${team.disqualified && html`<strong>${t("team.disqualified")}</strong> `}
        ${team.refused && t("team.refused", { reason: told(team.why || team.refused) })}
      </td>
    </tr>`,
);
