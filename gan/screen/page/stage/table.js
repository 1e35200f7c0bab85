// The table of an event, or the ratings, as much as a hall can read.
import { html } from "arena/html.js";
import { nameOf, ranked } from "arena/stage/reading.js";
import { t } from "arena/words.js";

const MOST_ROWS = 8;

export const hasTable = (state) =>
  [state.standings, state.ratings].some((rows) => Object.keys(rows || {}).length > 0);

export function Table({ state }) {
  const standings = ranked(state.standings);
  const rows = standings.length ? ofStandings(state, standings) : ofRatings(state.ratings || {});
  if (!rows.length) return null;
  const head = standings.length ? ["won", "lost", "points"] : ["matches", "rating"];
  return html`<table class="ranks">
    <caption>${t(standings.length ? "stage.standings" : "stage.ratings")}</caption>
    <thead>
      <tr><td class="number"><span class="unseen">${t("stage.place")}</span></td><th scope="col">${t("stage.team")}</th>
        ${head.map((key) => html`<th scope="col" class="number" key=${key}>${t(`stage.${key}`)}</th>`)}</tr>
    </thead>
    <tbody>
      ${rows.slice(0, MOST_ROWS).map(
        ({ name, values }, index) => html`<tr key=${name}>
          <td class="number">${index + 1}</td>
          <th scope="row"><bdi>${name}</bdi></th>
          ${values.map((value, at) => html`<td class="number" key=${at}>${value}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

const ofStandings = (state, standings) =>
  standings.map(([team, row]) => ({ name: nameOf(state, team), values: [row.won, row.lost, row.points] }));

const ofRatings = (ratings) =>
  Object.entries(ratings)
    .sort(([, a], [, b]) => b.ordinal - a.ordinal)
    .map(([name, rating]) => ({ name, values: [rating.matches, rating.ordinal.toFixed(1)] }));
