// What the hall looks at while nothing is played: how it works, snapshots being opened, the draw, the countdown.
import { html } from "arena/html.js";
import { useNow } from "arena/clock.js";
import { Fit } from "arena/stage/fit.js";
import { matchOnStage, nameOf, ranked, SIDES, winnerSide } from "arena/stage/reading.js";
import { Next } from "arena/stage/strip.js";
import { hasTable, Table } from "arena/stage/table.js";
import { dateOf, momentOf, timeOf } from "arena/time.js";
import { say, t, told } from "arena/words.js";

export function Nothing({ state }) {
  return html`<div class="before">
    <${Fit} tag="h1" class="title">${t("stage.nothing")}<//>
    <${HowItWorks} rules=${state.rules} />
  </div>`;
}

// The rules in three steps.
export function HowItWorks({ rules }) {
  if (!rules) return null;
  const { images_of_each: each, points_of_half_round: points } = rules;
  const steps = [t("how.networks"), t("how.half", { each, points }), t("how.wins")];
  return html`<ol class="how">
    ${steps.map(
      (step, index) =>
        html`<li key=${index}><span class="no" aria-hidden="true">${index + 1}</span><${Fit} tag="p" class="step">${step}<//></li>`,
    )}
  </ol>`;
}

const MOST_CHIPS = 12; // teams whose snapshots were opened last

export function Opening({ state }) {
  const { event } = state;
  const opened = event.teams_opened || 0;
  const teams = Object.values(state.teams || {}).sort((a, b) => b.id - a.id);
  const out = teams.filter((team) => team.why);
  return html`<div class="before">
    <${Fit} tag="h1" class="title">${t("stage.opening")}<//>
    <div class="opened">
      <p class="count"><strong>${opened}</strong> ${t("stage.of_teams", { n: event.num_teams })}</p>
      <progress max=${event.num_teams} value=${opened} aria-label=${t("stage.opening")}></progress>
    </div>
    <p class="note">${t("stage.opening_why")}</p>
    ${teams.length > 0 &&
    html`<div class="checked">
      <p class="label">${t("stage.checked_last")}</p>
      <ul class="chips">${teams.slice(0, MOST_CHIPS).map((team) => html`<${Chip} key=${team.id} team=${team} />`)}</ul>
    </div>`}
    ${out.length ? html`<${Refused} teams=${out} />` : html`<${HowItWorks} rules=${state.rules} />`}
  </div>`;
}

const SIGNS = { true: "✗", false: "✓" };

// A team whose snapshot was opened, and whether it may play.
const Chip = ({ team }) => {
  const isOut = Boolean(team.why);
  return html`<li data-out=${isOut}>
    <span class="sign" role="img" aria-label=${t(isOut ? "stage.is_out" : "stage.is_in")}>${SIGNS[isOut]}</span>${" "}
    <bdi class="chip-name" title=${team.name}>${team.name}</bdi>
  </li>`;
};

const MOST_REFUSED = 4;

// The teams that cannot take part, those that were opened last at first, and why.
function Refused({ teams }) {
  const more = teams.length - MOST_REFUSED;
  return html`<ul class="refused">
    ${teams.slice(0, MOST_REFUSED).map(
      (team) =>
        html`<li key=${team.id}>
          <${Fit} class="reason">
            <span class="sign" aria-hidden="true">✗</span> ${say("stage.unfit", { team: team.name, why: { node: told(team.why) } })}
          <//>
        </li>`,
    )}
    ${more > 0 && html`<li class="note">${t("stage.more_refused", { n: more })}</li>`}
  </ul>`;
}

const MOST_PAIRS = 8;

export function Draw({ state }) {
  const pairs = Object.entries(state.places || {})
    .filter(([place]) => place.startsWith("0:"))
    .sort(([one], [other]) => Number(one.slice(2)) - Number(other.slice(2)))
    .map(([, place]) => place);
  const met = pairs.filter((pair) => pair.home !== undefined && pair.away !== undefined);
  const byes = pairs.filter((pair) => pair.bye).length;
  return html`<div class="before draw">
    <${Fit} tag="h1" class="title">${t("stage.draw", { n: Object.keys(state.teams || {}).length })}<//>
    <ol class="pairs">
      ${met.slice(0, MOST_PAIRS).map(
        (pair) => html`<li key=${pair.home}>
          <${Fit} class="home"><${Entrant} state=${state} team=${pair.home} /><//>
          <span class="versus" aria-hidden="true">${t("stage.versus")}</span>
          <${Fit} class="away"><${Entrant} state=${state} team=${pair.away} /><//>
        </li>`,
      )}
    </ol>
    <p class="note">
      ${met.length > MOST_PAIRS && t("stage.more_pairs", { n: met.length - MOST_PAIRS })}
      ${" "}${byes > 0 && t("stage.byes", { n: byes })}
    </p>
    <${Next} state=${state} />
  </div>`;
}

// A team of a pair, and that it cannot take part.
const Entrant = ({ state, team }) =>
  html`<bdi>${nameOf(state, team)}</bdi>${isOut(state, team) && html`${" "}<span class="out">✗ ${t("stage.out")}</span>`}`;

const isOut = (state, team) => Boolean(((state.teams || {})[team] || {}).why);

export function Countdown({ state }) {
  const now = useNow(0.25);
  const until = state.stage.until || (state.event && state.event.next_battle) || now;
  const zone = state.stage.time_zone || (state.event && state.event.time_zone);
  return html`<div class="before countdown">
    <div class="clock">
      <h1 class="label">${t("stage.next_battle")}</h1>
      <p class="left" role="timer">${remaining(until - now)}</p>
      <p class="at">${timeOf(until, zone)}</p>
      <p class="soft">${dateOf(until, zone)}</p>
    </div>
    ${hasTable(state) ? html`<${Table} state=${state} />` : html`<${HowItWorks} rules=${state.rules} />`}
  </div>`;
}

// 1:02:03, 12:34 or 0:07
export function remaining(seconds) {
  const left = Math.max(0, Math.ceil(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(left / 3600), Math.floor(left / 60) % 60];
  return hours ? `${hours}:${two(minutes)}:${two(left % 60)}` : `${minutes}:${two(left % 60)}`;
}

// The arena waits: why, since when, and where the event stands. The table of a tournament says little of that.
export function Frozen({ state }) {
  const { event, stage } = state;
  const { reason, at } = event.frozen || stage;
  const last = matchOnStage(state);
  const isTournament = event.mode === "tournament";
  return html`<div class=${`before paused ${isTournament ? "alone" : ""}`}>
    <div class="words">
      <${Fit} tag="h1" class="title">${t("stage.frozen")}<//>
      <${Fit} tag="p" class="reason">${told(reason)}<//>
      <p class="note">${t("stage.since", { time: momentOf(at || stage.since, event.time_zone) })}</p>
      <p class="note">${t("stage.frozen_next")}</p>
    </div>
    ${isTournament
      ? html`<p class="count">${t("stage.told", { told: event.matches_told || 0, of: event.num_matches })}</p>`
      : html`<${Table} state=${state} />`}
    ${last && last.winner && html`<${Fit} tag="p" class="last">${say("stage.last", lastOf(state, last))}<//>`}
  </div>`;
}

function lastOf(state, match) {
  const [winner, loser] = winnerSide(match) ? [1, 0] : [0, 1];
  const [home, away] = [winner, loser].map((side) => nameOf(state, match[SIDES[side].key]));
  return { winner: home, loser: away, points: `${match.points[winner]} : ${match.points[loser]}` };
}

// The store cannot be read, and nothing of it was seen before.
export const Problem = () =>
  html`<div class="before">
    <${Fit} tag="h1" class="title">${t("problem.store_unreadable")}<//>
    <p class="note">${t("stage.problem_next")}</p>
  </div>`;

export function Over({ state }) {
  const { event } = state;
  const [first] = event.mode === "league" ? ranked(state.standings) : [];
  if (first) return html`<${LeagueWon} state=${state} team=${first[0]} />`;
  return html`<div class="before over">
    <p class="kind">${say("stage.over", { event: event.name })}</p>
    <${Fit} tag="h1" class="title">${t("stage.thanks")}<//>
    <${Table} state=${state} />
  </div>`;
}

const LeagueWon = ({ state, team }) =>
  html`<div class="result champion over">
    <p class="kind">
      <span class="stars" aria-hidden="true">★ ★ ★</span> ${t("stage.league_winner")} <span class="stars" aria-hidden="true">★ ★ ★</span>
    </p>
    <${Fit} tag="h1" class="winner"><bdi>${nameOf(state, team)}</bdi><//>
    <${Table} state=${state} isWide />
  </div>`;
