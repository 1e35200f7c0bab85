// What was forfeited, by whom and why.
import { html } from "arena/html.js";
import { nameOf } from "arena/stage/reading.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { Table } from "arena/views/table.js";
import { TeamName } from "arena/views/team_name.js";
import { t, told } from "arena/words.js";

const COLUMNS = [["column.team"], ["column.what_forfeited"], ["column.why"]];

export function ForfeitsView({ state }) {
  const list = useArrowKeys();
  return html`<section class="list" ref=${list}>
    <h1>${t("nav.forfeits")}</h1>
    <${Forfeits} state=${state} />
  </section>`;
}

// `isDetailed`: with what the team can do about it, in words for who built its networks.
export function Forfeits({ state, isDetailed }) {
  const { forfeits = [], matches = {} } = state;
  if (!forfeits.length) return html`<p class="empty">${t("forfeits.none")}</p>`;
  return html`<${Table} title="nav.forfeits" class="stacked forfeits" columns=${COLUMNS}>
    ${forfeits.map(
      (forfeit, index) =>
        html`<tr key=${index}>
          <th scope="row"><${TeamName} name=${nameOf(state, forfeit.team)} /></th>
          <td><${What} forfeit=${forfeit} matches=${matches} /></td>
          <td class="reason">${told((!isDetailed && forfeit.why) || forfeit.reason)}</td>
        </tr>`,
    )}
  <//>`;
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
    (id, index) =>
      html`${index > 0 && ", "}<a href=${`#/match/${id}`}>${t("match.number", { number: numberOf(matches, id) })}</a>`,
  );
}
