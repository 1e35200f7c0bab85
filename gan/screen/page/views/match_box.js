// One match of a bracket: who plays, who won, and the way to its replay.
import { html } from "arena/html.js";
import { memo } from "arena/memo.js";
import { SIDES } from "arena/stage/reading.js";
import { resultOf } from "arena/views/match_words.js";
import { t } from "arena/words.js";

const NOTES = { held: "match.held", annulled: "match.annulled" };

function Row({ team, result, points, isBye, isMarked }) {
  return html`<span class="box-row" data-result=${result} data-marked=${isMarked} data-team=${team && team.id}>
    <span class="seed">${team && team.seeding}</span>
    ${
      team
        ? html`<bdi class="box-name" title=${team.name}>${team.name}</bdi>`
        : html`<span class="box-name nobody">${isBye ? t("match.bye") : "·"}</span>`
    }
    ${team && result !== "won" && html`<${Out} team=${team} />`}
    ${result === "won" && html`<span class="won-mark" role="img" aria-label=${t("match.won")}>◀</span>`}
    <span class="box-points">${points}</span>
  </span>`;
}

// That a team cannot take part.
function Out({ team }) {
  if (!team.disqualified && !team.why) return null;
  return html`<span class="box-tag">${t(team.disqualified ? "team.disqualified_short" : "stage.out")}</span>`;
}

// `match`: may be missing; `home`, `away`: teams, as far as they are known; `isNow`: it is played at the moment;
// `marked`: "home", "away", "both" or "": the sides that were looked for.
export const MatchBox = memo(({ match, home, away, isBye, isNow, marked }) => {
  const rows = [home, away].map(
    (team, side) =>
      html`<${Row}
        team=${team}
        isBye=${isBye}
        result=${match ? resultOf(match, side) : ""}
        points=${match && !isBye ? match.points[side] : ""}
        isMarked=${marked === SIDES[side].key || marked === "both"}
      />`,
  );
  const note = isNow ? "match.now" : match && NOTES[match.status];
  const parts = html`${rows}${note && html`<span class="box-note">${t(note)}</span>`}`;
  const attributes = { class: "box", "data-now": isNow, "data-way": marked !== "" };
  return match && !isBye
    ? html`<a ...${attributes} href=${`#/match/${match.id}`}>${parts}</a>`
    : html`<div ...${attributes}>${parts}</div>`;
});
