// The faces of a half round: one large with what is said of it, or a few at a time; and all of it in a row of small ones.
import { memo } from "arena/memo.js";
import { html } from "arena/html.js";
import { Fit } from "arena/stage/fit.js";
import { isTold, percent, saidOf } from "arena/stage/reading.js";
import { say, t } from "arena/words.js";

const truthWord = (card) => t(card.truth === 1 ? "stage.real" : "stage.generated");
export const verdictOf = (said) => (said ? (said.isRight ? "right" : "wrong") : "");
export const SIGNS = { right: "✓", wrong: "✗" };

// One face, large, and what is known of it. `names`: {judge, drawer}; `key`: the judge's side.
export function LargeFace({ card, at, count, names, side, rules }) {
  const told = isTold(card);
  const said = saidOf(card, rules);
  return html`<div class=${`large ${side}`} data-verdict=${verdictOf(said)}>
    <div class="frame"><img class="pixels" src=${card.image} alt=${t("stage.face_of", { n: at + 1, of: count })} /></div>
    <div class="panel">
      <${Fit} tag="p" class="question">
        ${told ? t("stage.face_now", { n: at + 1, of: count }) : say("stage.question", { judge: names.judge, n: at + 1, of: count })}
      <//>
      <${Fit} tag="p" class=${`truth ${told ? "" : "open"}`}>${told ? html`<span class="label">${t("stage.it_is")}</span> ${truthWord(card)}` : t("stage.which")}<//>
      <${Bar} card=${card} said=${said} rules=${rules} judge=${names.judge} />
      <${Fit} tag="p" class=${`verdict ${verdictOf(said)}`}>${verdictLine(card, said, names)}<//>
    </div>
  </div>`;
}

function verdictLine(card, said, names) {
  if (!said) return "\u00a0";
  const sign = html`<span class="sign" aria-hidden="true">${SIGNS[verdictOf(said)]}</span>`;
  if (said.isRight) return [sign, " ", say("stage.right", { judge: names.judge })];
  if (card.truth === 1) return [sign, " ", say("stage.wrong_real", { judge: names.judge })];
  return [sign, " ", say("stage.fooled", { judge: names.judge, drawer: names.drawer })];
}

// What the discriminator says: a bar from the threshold to its probability, "generated" to the left, "real" to the right.
export function Bar({ said, card, rules, judge }) {
  const threshold = rules.threshold * 100;
  const at = said ? card.p * 100 : threshold;
  const [left, right] = [Math.min(threshold, at), Math.max(threshold, at)];
  const word = said && t(said.isReal ? "stage.real" : "stage.generated");
  return html`<figure class="gauge" role="img" aria-label=${said ? t("stage.says_all", { judge, word, share: percent(said.share) }) : t("stage.says_nothing")}>
    <${Fit} tag="figcaption" class="says">
      <span>${say("stage.says", { judge })}</span>
      ${" "}${said && html`<strong>${t("stage.said", { share: percent(said.share), word })}</strong>`}
    <//>
    <div class="scale">
      <div class="fill" style=${{ left: `${left}%`, width: `${right - left}%` }}></div>
      <div class="threshold" style=${{ left: `${threshold}%` }}></div>
    </div>
    <div class="ends">
      <span>◂ 100% ${t("stage.generated")}</span>
      <span class="at" style=${{ left: `${threshold}%` }}>${Math.round(threshold)}%</span>
      <span>100% ${t("stage.real")} ▸</span>
    </div>
  </figure>`;
}

// Several faces at a time, each with what is known of it.
export function FaceGroup({ cards, first, side, rules }) {
  return html`<ol class=${`group ${side}`} data-size=${sizeOf(cards.length)}>
    ${cards.map(
      (card, index) =>
        html`<${GroupCard} key=${first + index} card=${card} rules=${rules} isWide=${cards.length <= MOST_WIDE} />`,
    )}
  </ol>`;
}

const sizeOf = (count) => [3, 5, 8, 12, 30].find((most) => count <= most);

const MOST_WIDE = 3; // cards at a time that have room for a sentence

const GroupCard = memo(({ card, rules, isWide }) => {
  const said = saidOf(card, rules);
  const verdict = verdictOf(said);
  return html`<li class="card" data-verdict=${verdict}>
    <img class="pixels" src=${card.image} alt="" />
    <p class="truth">${isTold(card) ? truthWord(card) : isWide ? t("stage.which") : "?"}</p>
    <p class="said">
      ${said
        ? html`<span class="sign">${SIGNS[verdict]}</span> ${t("stage.said", {
              share: percent(said.share),
              word: t(said.isReal ? "stage.real" : "stage.generated"),
            })}`
        : "\u00a0"}
    </p>
  </li>`;
});

// How many of the faces that are told were judged right, taken for real though generated, and refused though real.
export function countsOf(cards, rules) {
  const told = Object.values(cards).map((card) => [card, saidOf(card, rules)]).filter(([, said]) => said);
  const wrong = told.filter(([, said]) => !said.isRight);
  const refused = wrong.filter(([card]) => card.truth === 1).length;
  return { right: told.length - wrong.length, fooled: wrong.length - refused, refused };
}

// All faces of a half round in the order of showing, small, with right or wrong.
export function Film({ cards, count, rules, now }) {
  const { right, fooled, refused } = countsOf(cards, rules);
  return html`<figure class="film-box">
    <ol class="film" aria-label=${t("stage.all_faces")}>
      ${Array.from(
        { length: count },
        (_, at) => html`<${Frame} key=${at} card=${cards[at]} at=${at} rules=${rules} isNow=${now.includes(at)} />`,
      )}
    </ol>
    <${Fit} tag="figcaption" class="legend">
      ${t("stage.legend")}${" · "}<span class="right">${SIGNS.right} ${t("stage.count_right", { n: right })}</span>${" · "}
      <span class="wrong">${SIGNS.wrong} ${t("stage.count_fooled", { n: fooled })}${" · "}${SIGNS.wrong} ${t("stage.count_refused", { n: refused })}</span>
    <//>
  </figure>`;
}

const Frame = memo(({ card, at, rules, isNow }) => {
  const said = card && saidOf(card, rules);
  const verdict = verdictOf(said);
  const told = isTold(card);
  const words = said ? [truthWord(card), t(`stage.${verdict}_short`)].join(", ") : t(card ? "stage.open" : "stage.covered");
  return html`<li class="shot" data-verdict=${verdict} data-now=${isNow} aria-label=${`${at + 1}: ${words}`}>
    ${card ? html`<img class="pixels" src=${card.image} alt="" />` : html`<span class="blank" aria-hidden="true">${at + 1}</span>`}
    ${card && html`<span class="mark" aria-hidden="true">${told ? [SIGNS[verdict], html`<span class="word">${truthWord(card)}</span>`] : "?"}</span>`}
  </li>`;
});
