// What was forfeited, by whom and why.
import { html } from "arena/html.js";
import { nameOf } from "arena/stage/reading.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { teamLink } from "arena/views/match_words.js";
import { t, told } from "arena/words.js";

export function ForfeitsView({ state }) {
  const list = useArrowKeys();
  return html`<section class="list" ref=${list}>
    <h1>${t("nav.forfeits")}</h1>
    <${Forfeits} state=${state} />
  </section>`;
}

export function Forfeits({ state }) {
  const { forfeits = [], teams = {}, matches = {} } = state;
  if (!forfeits.length) return html`<p class="empty">${t("forfeits.none")}</p>`;
  return html`<div class="wide">
    <table class="stacked forfeits">
      <caption class="unseen">
        ${t("nav.forfeits")}
      </caption>
      <thead>
        <tr>
          <th scope="col">${t("column.team")}</th>
          <th scope="col">${t("column.what_forfeited")}</th>
          <th scope="col">${t("column.why")}</th>
        </tr>
      </thead>
      <tbody>
        ${forfeits.map((forfeit, index) => {
          const name = nameOf(state, forfeit.team);
          return html`<tr key=${index}>
            <th scope="row"><a href=${teamLink(name)}><bdi class="cell-name" title=${name}>${name}</bdi></a></th>
            <td><${What} forfeit=${forfeit} matches=${matches} /></td>
            <td class="reason">${told(forfeit.reason)}</td>
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

const numberOf = (matches, id) => (matches[id] ? matches[id].number : id);

// A network in one half round, or all that a team had to play.
function What({ forfeit, matches }) {
  const { network, match, number, team } = forfeit;
  if (network) {
    const what = t("forfeits.network", { network: t(`network.${network}`), number: number + 1 });
    return html`<a href=${`#/match/${match}`}>${t("match.number", { number: numberOf(matches, match) })}</a>, ${what}`;
  }
  const lost = forfeit.matches || [];
  const isPlayed = (one) => one.away && one.status === "done" && [one.home, one.away].includes(team);
  const hasPlayed = Object.values(matches).some((one) => isPlayed(one) && !lost.includes(one.id));
  if (!hasPlayed || !lost.length) return t("forfeits.every_match");
  return lost.map(
    (id, index) => html`${index > 0 && ", "}<a href=${`#/match/${id}`}>${t("match.number", { number: numberOf(matches, id) })}</a>`,
  );
}
