// A team's page: how it stands, what it played, whom it met, its snapshots, and what its generator draws.
import { useMemo } from "preact/hooks";
import { html } from "arena/html.js";
import { source } from "arena/source.js";
import { momentOf } from "arena/time.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { useAsked } from "arena/views/asked.js";
import { Chart } from "arena/views/chart.js";
import { Forfeits } from "arena/views/forfeits.js";
import { shareOf } from "arena/views/match_words.js";
import { useShortened } from "arena/views/shortened.js";
import { Table } from "arena/views/table.js";
import { TeamName } from "arena/views/team_name.js";
import { say, t, told } from "arena/words.js";

export function TeamView({ state, params }) {
  const list = useArrowKeys();
  const { name } = params;
  // It changes with each match that is told; an event that begins brings another snapshot.
  const version = [name, state.event && state.event.id, state.event && state.event.matches_told].join();
  const { answer: team, isMissing } = useAsked(() => source.team(name), version);
  return html`<section class="list team-page" ref=${list}>
    <h1><bdi>${team ? team.name : name}</bdi></h1>
    ${
      team
        ? html`<${Page} team=${team} state=${state} />`
        : html`<p class="empty">${t(isMissing ? "team.missing" : "app.loading")}</p>`
    }
  </section>`;
}

function Page({ team, state }) {
  const { name, former_names: former = [], history = [], matches = [], snapshots = [] } = team;
  const names = useMemo(() => [name], [name]);
  return html`${former.length > 0 && html`<p class="soft">${say("team.formerly", { names: former.join(", ") })}</p>`}
    <${Facts} team=${team} state=${state} />
    <${Failed} state=${state} name=${name} />
    ${history.length > 1 && html`<${Chart} history=${named(history, name)} names=${names} isLow=${true} />`}
    <div class="fakes">
      <${Fakes} title="team.best_fakes" fakes=${team.best_fakes} />
      <${Fakes} title="team.worst_fakes" fakes=${team.worst_fakes} />
    </div>
    <div class="beside-each-other">
      <section>
        <h2>${t("nav.matches")}</h2>
        ${
          matches.length
            ? html`<${Played} matches=${matches} events=${state.events || {}} />`
            : html`<p class="empty">${t("matches.none")}</p>`
        }
      </section>
      <section>
        <${HeadToHead} met=${team.head_to_head || {}} />
        ${snapshots.length > 0 && html`<${Snapshots} snapshots=${snapshots} events=${state.events || {}} />`}
      </section>
    </div>`;
}

const namedBefore = new WeakMap(); // the same list for the same history, so that the chart is not drawn again

function named(history, name) {
  if (!namedBefore.has(history))
    namedBefore.set(
      history,
      history.map((one) => ({ ...one, name })),
    );
  return namedBefore.get(history);
}

function Facts({ team, state }) {
  const { rating } = team;
  const ranked = Object.entries(state.ratings || {}).sort(([, a], [, b]) => b.ordinal - a.ordinal);
  const rank = ranked.findIndex(([name]) => name === team.name) + 1;
  const facts = rating
    ? [
        ["team.rating", `${rating.mu.toFixed(1)} ± ${(rating.high - rating.mu).toFixed(1)}`],
        rank > 0 && ["team.rank", t("team.rank_of", { rank, of: ranked.length })],
        ["column.matches", rating.matches],
        ["team.real", shareOf(rating.real)],
        ["team.generated", shareOf(rating.generated)],
        ["team.fooled", shareOf(rating.fooled)],
      ].filter(Boolean)
    : [["team.rating", t("team.unrated")]];
  return html`<dl class="facts">
    ${facts.map(
      ([word, value]) =>
        html`<div key=${word}>
          <dt>${t(word)}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

// Why the team cannot take part in the event, and what of its networks failed: the whole sentences, for the team.
function Failed({ state, name }) {
  const entry = Object.values(state.teams || {}).find((one) => one.name === name);
  if (!entry) return null;
  const forfeits = (state.forfeits || []).filter(({ team }) => team === entry.id);
  const isTold = forfeits.some(({ network }) => !network); // by the list, too
  return html`${entry.refused && !isTold && html`<p class="reason">${t("team.refused", { reason: told(entry.refused) })}</p>`}
    ${forfeits.length > 0 &&
    html`<h2>${t("nav.forfeits")}</h2>
      <${Forfeits} state=${{ ...state, forfeits }} isDetailed />`}`;
}

function Fakes({ title, fakes = [] }) {
  if (!fakes.length) return null;
  return html`<section>
    <h2>${t(title)}</h2>
    <ul class="fake-list">
      ${fakes.map(({ image, p }, index) => {
        const percent = Math.round(100 * p);
        return html`<li key=${index}>
          <img src=${image} alt=${t("team.fake", { percent })} width="50" height="50" />
          <span aria-hidden="true">${percent}%</span>
        </li>`;
      })}
    </ul>
  </section>`;
}

function Points({ match, points }) {
  const label = t("matches.replay_of", { number: match, points });
  return html`<a href=${`#/match/${match}`} aria-label=${label}>${points}</a>`;
}

function Played({ matches, events }) {
  const columns = [["column.event"], ["column.opponent"], ["column.points", "number"], ["column.result"]];
  const [newest, more] = useShortened([...matches].reverse());
  const rows = newest.map(({ match, event, opponent, points, result }) => {
    return html`<tr key=${match}>
      <td>
        <a href=${`#/event/${event}`}><bdi class="cell-name">${events[event] ? events[event].name : event}</bdi></a>
      </td>
      <td>${opponent === undefined ? t("match.bye") : html`<${TeamName} name=${opponent} />`}</td>
      <td class="number score-cell">${points && html`<${Points} match=${match} points=${points.join(" : ")} />`}</td>
      <td data-result=${result}>${t(`result.${result}`)}</td>
    </tr>`;
  });
  return html`<${Table} title="nav.matches" class="stacked" columns=${columns}>${rows}<//> ${more}`;
}

function HeadToHead({ met }) {
  const opponents = Object.entries(met).sort(([, a], [, b]) => playedWith(b) - playedWith(a));
  if (!opponents.length) return null;
  const columns = [
    ["column.opponent"],
    ["column.won", "number"],
    ["column.drawn", "number"],
    ["column.lost", "number"],
    ["column.points", "number"],
  ];
  const rows = opponents.map(
    ([name, { won, drawn, lost, points, against }]) =>
      html`<tr key=${name}>
        <th scope="row"><${TeamName} name=${name} /></th>
        <td class="number" data-label=${t("column.won")}>${won}</td>
        <td class="number" data-label=${t("column.drawn")}>${drawn}</td>
        <td class="number" data-label=${t("column.lost")}>${lost}</td>
        <td class="number">${points} : ${against}</td>
      </tr>`,
  );
  return html`<h2>${t("team.head_to_head")}</h2>
    <${Table} title="team.head_to_head" class="stacked" columns=${columns}>${rows}<//>`;
}

const playedWith = ({ won, drawn, lost }) => won + drawn + lost;

function Snapshots({ snapshots, events }) {
  const columns = [["column.event"], ["column.snapshot"], ["column.since"]];
  const rows = [...snapshots].reverse().map(
    ({ event, name, step, since }, index) =>
      html`<tr key=${index}>
        <td>
          <a href=${`#/event/${event}`}><bdi class="cell-name">${events[event] ? events[event].name : event}</bdi></a>
        </td>
        <td>${name && html`<bdi>${name}</bdi> `}${step !== undefined && t("team.step", { step })}</td>
        <td class="number">${since && momentOf(since)}</td>
      </tr>`,
  );
  return html`<h2>${t("team.snapshots")}</h2>
    <${Table} title="team.snapshots" class="stacked" columns=${columns}>${rows}<//>`;
}
