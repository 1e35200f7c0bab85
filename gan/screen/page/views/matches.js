// All matches of the event, by team.
import { useState } from "preact/hooks";
import { html } from "arena/html.js";
import { nameOf } from "arena/stage/reading.js";
import { useArrowKeys } from "arena/views/arrow_keys.js";
import { MatchList } from "arena/views/match_list.js";
import { inOrder } from "arena/views/match_words.js";
import { folded, SearchField } from "arena/views/search_field.js";
import { t } from "arena/words.js";

export function MatchesView({ state }) {
  const [typed, setTyped] = useState("");
  const list = useArrowKeys();
  const wanted = folded(typed);
  const has = (id) => folded(nameOf(state, id)).includes(wanted);
  const matches = inOrder(state.matches)
    .filter((match) => match.away && (!wanted || has(match.home) || has(match.away)))
    .reverse();
  return html`<section class="list" ref=${list}>
    <div class="heading">
      <h1>${t("nav.matches")}</h1>
      <${SearchField} value=${typed} onInput=${setTyped} found=${matches.length} />
    </div>
    <${MatchList} state=${state} matches=${matches} />
  </section>`;
}
