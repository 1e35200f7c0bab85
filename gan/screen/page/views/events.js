// All events of the arena, and one of them.
import { html } from "arena/html.js";
import { source } from "arena/source.js";
import { nameOf } from "arena/stage/reading.js";
import { momentOf } from "arena/time.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { useAsked } from "arena/views/asked.js";
import { Bracket } from "arena/views/bracket.js";
import { Forfeits } from "arena/views/forfeits.js";
import { MatchList } from "arena/views/match_list.js";
import { inOrder } from "arena/views/match_words.js";
import { useShortened } from "arena/views/shortened.js";
import { Standings } from "arena/views/standings.js";
import { Table } from "arena/views/table.js";
import { TeamName } from "arena/views/team_name.js";
import { say, t } from "arena/words.js";

const COLUMNS = [["column.event"], ["column.mode"], ["column.begun"], ["column.champion"]];

export function EventsView({ state }) {
  const list = useArrowKeys();
  const events = Object.values(state.events || {}).sort((a, b) => b.id - a.id);
  const [rows, more] = useShortened(events);
  return html`<section class="list" ref=${list}>
    <h1>${t("nav.events")}</h1>
    ${
      events.length
        ? html`<${Table} title="nav.events" class="stacked events" columns=${COLUMNS}>
              ${rows.map((event) => html`<${Row} key=${event.id} event=${event} />`)}
            <//>
            ${more}`
        : html`<p class="empty">${t("views.nothing")}</p>`
    }
  </section>`;
}

function Row({ event }) {
  const { id, name, mode, begun, finished, champion_name: champion } = event;
  return html`<tr>
    <th scope="row">
      <a href=${`#/event/${id}`}><bdi class="cell-name" title=${name}>${name}</bdi></a>
    </th>
    <td>${t(`mode.${mode}`)}${finished === undefined && html`, <strong>${t("event.open")}</strong>`}</td>
    <td class="number">${momentOf(begun)}</td>
    <td>${champion && html`<${TeamName} name=${champion} />`}</td>
  </tr>`;
}

export function EventView({ state, params }) {
  const id = Number(params.id);
  const isLatest = Boolean(state.event) && state.event.id === id;
  const list = useArrowKeys();
  // An event that is over stays as it is, until an organiser annuls or renames something, which changes the list.
  const { answer, isMissing } = useAsked(
    () => (isLatest ? Promise.resolve(null) : source.get(`events/${id}`)),
    isLatest || state.events,
  );
  const shown = isLatest ? state : answer;
  return html`<section class="list" ref=${list}>
    ${
      shown
        ? html`<${Event} state=${shown} />`
        : html`<h1>${t("nav.events")}</h1>
            <p class="empty">${t(isMissing ? "event.missing" : "app.loading")}</p>`
    }
  </section>`;
}

function Event({ state }) {
  const { event, rounds = [], matches, forfeits = [] } = state;
  const champion = event.champion && nameOf(state, event.champion);
  const played = inOrder(matches).filter((match) => match.away);
  return html`<h1><bdi>${event.name}</bdi></h1>
    <p>
      ${t(`mode.${event.mode}`)}, ${momentOf(event.begun, event.time_zone)}
      ${champion && html`<br />${say("event.champion", { name: champion })}`}
    </p>
    ${
      rounds.length
        ? html`<${Bracket} state=${state} title=${html`<h2>${t("nav.bracket")}</h2>`} />`
        : event.mode !== "tournament" &&
          html`<h2>${t("nav.table")}</h2>
            <${Standings} state=${state} />`
    }
    <h2>${t("nav.matches")}</h2>
    <${MatchList} state=${state} matches=${played.reverse()} />
    ${
      forfeits.length > 0 &&
      html`<h2>${t("nav.forfeits")}</h2>
        <${Forfeits} state=${state} />`
    }`;
}
