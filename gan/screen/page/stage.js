// The stage: two teams, their points, and the faces of a half round uncovered one by one.
"use strict";

Arena.SIDES = [
  { key: "home", sign: "◆" },
  { key: "away", sign: "●" },
];

// A scene is what there is to see:
//   match, teams (id -> team), roundName, attempt (its name), explanations, forfeits (of this match)
//   event, isOpening (its teams' snapshots), problem (of the store): before the first match
//   phase: waiting, playing, between, deciding, done, annulled, held, champion
//   half: the half round, or null; uncovered: how many of its cards; points: [home, away] before it
Arena.Stage = class {
  constructor() {
    this.headline = Arena.el("h1", { class: "headline", tabindex: "-1" });
    this.element = Arena.el("section", { class: "stage", "aria-label": "The match" }, this.headline);
  }

  // Builds anew only where that is needed, so that nothing flickers.
  show(scene) {
    const settled = Arena.isSettled(scene) && [scene.phase, scene.match, scene.champion];
    const built = JSON.stringify([settled, scene.match && scene.match.id, scene.half && scene.half.id]);
    const beginning = [scene.event && scene.event.id, scene.isOpening, scene.problem];
    const told = JSON.stringify([built, beginning, scene.phase, scene.points, scene.uncovered]);
    if (built !== this.built) this.build(scene);
    if (told !== this.told) this.tell(scene);
    [this.built, this.told] = [built, told];
  }

  build(scene) {
    this.points = [];
    this.leads = [];
    this.cards = [];
    const parts = [this.headline];
    if (scene.match) parts.push(this.versus(scene));
    if (Arena.isSettled(scene)) parts.push(Arena.verdict(scene));
    else if (scene.half) parts.push(this.faces(scene));
    else if (!scene.match) parts.push(Arena.howItWorks());
    this.element.replaceChildren(...parts);
    this.fit();
  }

  versus(scene) {
    const el = Arena.el;
    const { match, teams, half } = scene;
    const isPlayed = !Arena.isSettled(scene);
    const sides = Arena.SIDES.map(({ key, sign }, index) => {
      const team = teams[match[key]];
      const jobs =
        Arena.judgeSide(half || { number: 0 }) === index ? "its discriminator judges" : "its generator draws";
      this.points.push(el("p", { class: "points" }));
      this.leads.push(el("p", { class: "lead" }));
      return el(
        "div",
        {
          class: `side ${key}`,
          "data-result": !isPlayed && Arena.resultOf(match, index),
        },
        el("p", { class: "job" }, half && isPlayed ? jobs : ""),
        el("p", { class: "team" }, el("span", { class: "sign", "aria-hidden": "true" }, sign), Arena.name(team)),
        el("div", { class: "score" }, this.points[index], this.leads[index]),
      );
    });
    const total = 2 * match.num_rounds;
    const middle = el(
      "div",
      { class: "middle" },
      el("p", { class: "round-name" }, scene.roundName),
      el("p", { class: "match-number" }, `match ${match.id}`),
      half &&
        isPlayed &&
        match.num_rounds > 1 &&
        el("p", {}, `round ${Math.floor(half.number / 2) + 1} of ${match.num_rounds}`),
      half && isPlayed && el("p", {}, `half round ${half.number + 1} of ${total}`),
      scene.attempt && el("p", {}, scene.attempt),
    );
    return el("div", { class: "versus" }, sides[0], middle, sides[1]);
  }

  faces(scene) {
    const el = Arena.el;
    const { half, teams } = scene;
    const parts = [];
    if (!Arena.cards(half)) {
      parts.push(el("div", { class: "fault" }, Arena.faultSentences(half, teams)));
    } else {
      const list = el("ol", { class: "faces", "data-judge": Arena.SIDES[Arena.judgeSide(half)].key });
      for (let index = 0; index < Arena.cards(half); index++) {
        const card = new Arena.Card(half, index);
        this.cards.push(card);
        list.append(card.element);
      }
      Arena.loadSprite(half, this.cards);
      parts.push(list);
      if (!Arena.hasVerdicts(half)) parts.push(el("div", { class: "fault" }, Arena.faultSentences(half, teams)));
      if (Arena.hasGuesses(half)) parts.push(Arena.legend(half, teams));
    }
    parts.push(Arena.times(half));
    return el("div", { class: "half-round" }, parts);
  }

  tell(scene) {
    this.element.dataset.phase = scene.phase;
    this.cards.forEach((card, index) => card.uncover(index < scene.uncovered));
    this.headline.replaceChildren(...Arena.headline(scene));
    Arena.fitWords(this.headline);
    if (scene.match) this.count(scene);
  }

  // Names take the room that they have; again when the window has another size.
  fit() {
    Arena.fitNames(this.element);
    for (const sentence of this.element.querySelectorAll(".headline, .legend")) Arena.fitWords(sentence);
  }

  // The points, with those of the cards uncovered so far.
  count(scene) {
    const points = Arena.pointsNow(scene);
    points.forEach((value, side) => {
      const ahead = value - points[1 - side];
      this.points[side].textContent = String(value);
      this.leads[side].textContent = ahead > 0 && !Arena.isSettled(scene) ? `leads by ${ahead}` : "";
    });
  }
};

// "won" or "lost"; nothing where nobody has won, or a team has met itself.
Arena.resultOf = function (match, side) {
  if (match.status !== "done" || !match.winner || match.away === null || Arena.meetsItself(match)) return "";
  return Arena.winnerSide(match) === side ? "won" : "lost";
};

// Whether there is nothing to uncover any more.
Arena.isSettled = (scene) => ["done", "annulled", "held", "champion"].includes(scene.phase);

Arena.pointsNow = function (scene) {
  const points = [...scene.points];
  const { half, uncovered } = scene;
  if (half && scene.phase === "playing") {
    points[Arena.judgeSide(half)] += Arena.pointsOf(half, uncovered);
  }
  return points;
};

// One face: covered, then with what it is and what was said of it.
Arena.Card = class {
  constructor(half, index) {
    const el = Arena.el;
    this.half = half;
    this.index = index;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.mark = el("span", { class: "mark", "aria-hidden": "true" });
    this.truth = el("p", { class: "truth" });
    this.said = el("p", { class: "said" });
    this.element = el(
      "li",
      { class: "card covered", "aria-label": `face ${index + 1}: covered` },
      el("div", { class: "picture" }, this.canvas, this.mark),
      this.said,
      this.truth,
    );
    this.isUncovered = false;
  }

  uncover(isUncovered) {
    if (isUncovered === this.isUncovered) return;
    this.isUncovered = isUncovered;
    this.element.classList.toggle("covered", !isUncovered);
    const { half, index } = this;
    const hasGuess = isUncovered && Arena.hasGuesses(half);
    const verdict = isUncovered && Arena.hasVerdicts(half) ? (Arena.right(half, index) ? "right" : "wrong") : "";
    this.truth.textContent = isUncovered ? (half.truth[index] === 1 ? "real" : "generated") : "";
    this.said.textContent = hasGuess ? `“${Arena.percent(half.probabilities[index])} real”` : "";
    this.mark.textContent = { right: "✓", wrong: "✗" }[verdict] || "";
    this.element.dataset.verdict = verdict;
    const said = isUncovered
      ? [this.truth.textContent, this.said.textContent, verdict].filter(Boolean).join(", ")
      : "covered";
    this.element.setAttribute("aria-label", `face ${index + 1}: ${said}`);
  }
};

// Cuts the picture of all faces into the cards' canvases.
Arena.loadSprite = function (half, cards) {
  if (!half.sprite) return;
  const sprite = new Image();
  sprite.onload = () => {
    const side = sprite.naturalHeight;
    cards.forEach(({ canvas }, index) => {
      canvas.width = canvas.height = side;
      canvas.getContext("2d").drawImage(sprite, index * side, 0, side, side, 0, 0, side, side);
    });
  };
  sprite.src = half.sprite;
};
