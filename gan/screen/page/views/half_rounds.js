// The half rounds of a match, in a table.
import { html } from "arena/html.js";
import { nameOf } from "arena/stage/reading.js";
import { ruleWord } from "arena/views/match_words.js";
import { Table } from "arena/views/table.js";
import { t, told } from "arena/words.js";

const COLUMNS = [
  ["column.half_round"],
  ["column.draws"],
  ["column.judges"],
  ["column.points", "number"],
  ["column.to_draw", "number"],
  ["column.to_judge", "number"],
  ["column.decided_by"],
  ["column.id", "number"],
];

const milliseconds = (seconds) => (seconds === undefined ? "–" : `${(1000 * seconds).toPrecision(3)} ms`);

const decidedBy = (half) => [ruleWord(half.rule), told(half.why)].filter(Boolean).join(": ");

// `onChoose(index)`: goes to a half round.
export function HalfRounds({ match, state, onChoose }) {
  if (!match.half_rounds.length) return null;
  return html`<${Table} title="replay.half_rounds" class="half-rounds stacked" columns=${COLUMNS}>
    ${match.half_rounds.map(
      (half, index) =>
        html`<tr key=${half.id}>
          <th scope="row">
            <button type="button" onClick=${() => onChoose(index)}>${t("column.half_round")} ${half.number + 1}</button>
          </th>
          <td data-label=${t("column.draws")}><bdi class="cell-name">${nameOf(state, half.generator)}</bdi></td>
          <td data-label=${t("column.judges")}><bdi class="cell-name">${nameOf(state, half.discriminator)}</bdi></td>
          <td class="number" data-label=${t("column.points")}>${half.points}</td>
          <td class="number" data-label=${t("column.to_draw")}>${milliseconds(half.generator_seconds)}</td>
          <td class="number" data-label=${t("column.to_judge")}>${milliseconds(half.discriminator_seconds)}</td>
          <td class="reason">${decidedBy(half)}</td>
          <td class="number soft" data-label=${t("column.id")}>${half.id}</td>
        </tr>`,
    )}
  <//>`;
}
