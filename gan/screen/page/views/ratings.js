// How strong the teams are, as far as is known, and how that came.
import { useMemo, useState } from "preact/hooks";
import { html } from "arena/html.js";
import { memo } from "arena/memo.js";
import { source } from "arena/source.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { useAsked } from "arena/views/asked.js";
import { Chart, MOST_LINES } from "arena/views/chart.js";
import { shareOf } from "arena/views/match_words.js";
import { folded, SearchField } from "arena/views/search_field.js";
import { useShortened } from "arena/views/shortened.js";
import { Table } from "arena/views/table.js";
import { TeamName } from "arena/views/team_name.js";
import { t } from "arena/words.js";

const byStrength = (ratings) => Object.entries(ratings).sort(([, a], [, b]) => b.ordinal - a.ordinal);
const NONE = {};

export function RatingsView({ state }) {
  const ratings = state.ratings || NONE;
  const [typed, setTyped] = useState("");
  const list = useArrowKeys();
  const { answer: history } = useAsked(() => source.get("ratings"), ratings);
  const ranked = useMemo(
    () => byStrength(ratings).map(([name, one], index) => ({ name, one, rank: index + 1 })),
    [ratings],
  );
  const wanted = folded(typed);
  const found = wanted ? ranked.filter(({ name }) => folded(name).includes(wanted)) : ranked;
  const lines = (found.length ? found : ranked)
    .slice(0, MOST_LINES)
    .map(({ name }) => name)
    .join("\n");
  const names = useMemo(() => lines.split("\n"), [lines]); // the same list as long as the names are the same
  return html`<section class="list" ref=${list}>
    <div class="heading">
      <h1>${t("nav.ratings")}</h1>
      ${ranked.length > 0 && html`<${SearchField} value=${typed} onInput=${setTyped} found=${found.length} />`}
    </div>
    ${
      ranked.length
        ? html`${history && html`<${Chart} history=${history} names=${names} />`}
            <${RatingTable} ranked=${found} all=${ranked} />
            <p class="soft explained">${t("ratings.explained")}</p>`
        : html`<p class="empty">${t("ratings.none")}</p>`
    }
  </section>`;
}

const Row = memo(({ rank, name, one, low, high }) => {
  const share = (value) => `${((value - low) / (high - low || 1)) * 100}%`;
  return html`<tr>
    <td class="number">${rank}.</td>
    <th scope="row"><${TeamName} name=${name} /></th>
    <td class="number">${one.mu.toFixed(1)} ± ${(one.high - one.mu).toFixed(1)}</td>
    <td class="bar-cell">
      <span class="bar" aria-hidden="true">
        <span class="bar-range" style=${{ left: share(one.low), right: `calc(100% - ${share(one.high)})` }}></span>
        <span class="bar-middle" style=${{ left: share(one.mu) }}></span>
      </span>
    </td>
    <td class="number" data-label=${t("column.real")}>${shareOf(one.real)}</td>
    <td class="number" data-label=${t("column.generated")}>${shareOf(one.generated)}</td>
    <td class="number" data-label=${t("column.fooled")}>${shareOf(one.fooled)}</td>
    <td class="number" data-label=${t("column.matches")}>${one.matches}</td>
  </tr>`;
});

const COLUMNS = [
  ["column.rank", "number", "unseen"],
  ["column.team"],
  ["column.rating", "number"],
  [""],
  ["column.real", "number"],
  ["column.generated", "number"],
  ["column.fooled", "number"],
  ["column.matches", "number"],
];

// `ranked`: the rows; `all`: those that the bars' scale is for.
function RatingTable({ ranked, all }) {
  const low = Math.min(...all.map(({ one }) => one.low));
  const high = Math.max(...all.map(({ one }) => one.high));
  const [rows, more] = useShortened(ranked);
  return html`<${Table} title="nav.ratings" class="stacked ratings" columns=${COLUMNS}>
      ${rows.map(
        ({ name, one, rank }) =>
          html`<${Row} key=${name} rank=${rank} name=${name} one=${one} low=${low} high=${high} />`,
      )}
    <//>
    ${more}`;
}
