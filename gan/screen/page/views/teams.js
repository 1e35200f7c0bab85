// The teams of the event.
import { useState } from "preact/hooks";
import { html } from "arena/html.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { teamLink } from "arena/views/match_words.js";
import { memo } from "arena/memo.js";
import { folded, SearchField } from "arena/views/search_field.js";
import { t, told } from "arena/words.js";

export function TeamsView({ state }) {
  const [typed, setTyped] = useState("");
  const list = useArrowKeys();
  const wanted = folded(typed);
  const teams = Object.values(state.teams || {})
    .filter(({ name }) => folded(name).includes(wanted))
    .sort((a, b) => (a.seeding || Infinity) - (b.seeding || Infinity) || a.id - b.id);
  const column = (word, kind = "") => html`<th scope="col" class=${kind}>${t(word)}</th>`;
  return html`<section class="list" ref=${list}>
    <div class="heading">
      <h1>${t("nav.teams")}</h1>
      <${SearchField} value=${typed} onInput=${setTyped} found=${teams.length} />
    </div>
    ${teams.length
      ? html`<div class="wide">
          <table class="stacked teams">
            <caption class="unseen">
              ${t("nav.teams")}
            </caption>
            <thead>
              <tr>
                ${column("column.seeding", "number")} ${column("column.team")} ${column("column.snapshot", "number")}
                ${column("column.remarks")}
              </tr>
            </thead>
            <tbody>
              ${teams.map((team) => html`<${Row} key=${team.id} team=${team} />`)}
            </tbody>
          </table>
        </div>`
      : html`<p class="empty">${t("teams.none")}</p>`}
  </section>`;
}

const Row = memo(
  ({ team }) =>
    html`<tr>
      <td class="number">${team.seeding}</td>
      <th scope="row"><a href=${teamLink(team.name)}><bdi class="cell-name" title=${team.name}>${team.name}</bdi></a></th>
      <td class="number">${team.step}</td>
      <td class="reason">
        ${team.disqualified && html`<strong>${t("team.disqualified")}</strong> `}
        ${team.refused && t("team.refused", { reason: told(team.refused) })}
      </td>
    </tr>`,
);
