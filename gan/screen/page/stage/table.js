// The table of an event, or the ratings, as much as a hall can read.
import { html } from "arena/html.js";
import { nameOf, ranked } from "arena/stage/reading.js";
import { t } from "arena/words.js";

const MOST_ROWS = 8;
const MOST_ROWS_BELOW = 5; // below another thing, with the width of the stage

export const hasTable = (state) =>
  [state.standings, state.ratings].some((rows) => Object.keys(rows || {}).length > 0);

export function Table({ state, isWide }) {
  const standings = ranked(state.standings);
  const head = headOf(standings, isWide);
  const rows = standings.length ? ofStandings(state, standings, head) : ofRatings(state.ratings || {});
  if (!rows.length) return null;
  return html`<table class="ranks">
    <caption>
      ${t(standings.length ? "stage.standings" : "stage.ratings")}
      ${standings.length > 0 && html`${" "}<span class="order">${t("stage.order")}</span>`}
    </caption>
    <thead>
      <tr><td class="number"><span class="unseen">${t("stage.place")}</span></td><th scope="col">${t("stage.team")}</th>
        ${head.map((key) => html`<th scope="col" class="number" key=${key}>${t(`stage.${key}`)}</th>`)}</tr>
    </thead>
    <tbody>
      ${rows.slice(0, isWide ? MOST_ROWS_BELOW : MOST_ROWS).map(
        ({ name, values }, index) => html`<tr key=${name}>
          <td class="number">${index + 1}</td>
          <th scope="row"><bdi>${name}</bdi></th>
          ${values.map((value, at) => html`<td class="number" key=${at}>${value}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

// Draws have a column if there are any; by how much a team leads, if there is room.
function headOf(standings, isWide) {
  if (!standings.length) return ["matches", "rating"];
  const hasDraws = standings.some(([, row]) => row.drawn > 0);
  return ["won", ...(hasDraws ? ["drawn"] : []), "lost", ...(isWide ? ["lead"] : []), "points"];
}

const signed = (number) => (number > 0 ? `+${number}` : String(number).replace("-", "\u2212"));

const ofStandings = (state, standings, head) =>
  standings.map(([team, row]) => {
    const shown = { ...row, lead: signed(row.points - row.against) };
    return { name: nameOf(state, team), values: head.map((key) => shown[key]) };
  });

const ofRatings = (ratings) =>
  Object.entries(ratings)
    .sort(([, a], [, b]) => b.ordinal - a.ordinal)
    .map(([name, rating]) => ({ name, values: [rating.matches, rating.ordinal.toFixed(1)] }));
