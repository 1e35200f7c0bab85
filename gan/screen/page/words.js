// What is said in words about a scene (see stage.js): who is winning, and why.
"use strict";

// The line above everything.
Arena.headline = function (scene) {
  const { phase, match, teams } = scene;
  if (phase === "champion")
    return scene.champion ? [Arena.word(scene.champion), " is the champion"] : ["All matches are played"];
  if (!scene.event) return [scene.problem ? "The arena cannot be shown at the moment" : "The arena has not begun"];
  if (!match && scene.isOpening) return [Arena.openingLine(scene.event.num_teams)];
  if (!match) return ["The teams are getting ready; the first match is about to begin"];
  if (phase === "held") return ["This match waits for the organisers"];
  if (phase === "annulled") return ["This match was annulled"];
  if (phase === "done") return Arena.resultLine(scene);
  if (phase === "deciding") return Arena.decidingLine(scene);
  if (!scene.half) return [Arena.word(teams[match.home]), " meets ", Arena.word(teams[match.away])];
  return Arena.halfRoundLine(scene);
};

Arena.openingLine = (count) =>
  count === 1
    ? "1 team: its snapshot is being opened and checked"
    : `${count} teams: their snapshots are being opened and checked`;

Arena.BEFORE_THE_DRAW = "The teams are drawn once all snapshots are checked.";

Arena.halfRoundLine = function ({ half, teams, uncovered }) {
  const { word, el } = Arena;
  const judge = word(teams[half.discriminator]);
  const drawer = word(teams[half.generator]);
  if (half.discriminator_fault) return ["The discriminator of ", judge, " failed and gets no points"];
  if (half.generator_fault) {
    const how = Arena.cards(half) ? " forfeits" : " failed";
    return ["The generator of ", drawer, `${how}: all ${half.points} points go to `, judge];
  }
  const count = Arena.cards(half);
  const real = half.truth.filter((one) => one === 1).length;
  const right = Arena.countRight(half, uncovered);
  const isAll = uncovered === count;
  const score = el("strong", {}, uncovered ? `${right} of ${uncovered} right` : "");
  return [
    "The discriminator of ",
    judge,
    isAll ? " judged " : " judges ",
    `${real} real faces and ${count - real} drawn by the generator of `,
    drawer,
    uncovered ? ": " : "",
    score,
    uncovered && !isAll ? " so far" : "",
  ];
};

Arena.decidingLine = function ({ match, points, teams }) {
  if (points[0] !== points[1]) return ["All faces are judged; the result comes in a moment"];
  return [
    "Equal points: the models of ",
    Arena.word(teams[match.home]),
    " and ",
    Arena.word(teams[match.away]),
    " are timed now; the faster ones win",
  ];
};

Arena.resultLine = function ({ match, teams }) {
  const winner = match.winner;
  if (Arena.meetsItself(match)) return [Arena.word(teams[match.home]), ` against itself, ${match.points.join(" : ")}`];
  if (!winner)
    return [Arena.word(teams[match.home]), " and ", Arena.word(teams[match.away]), ` draw, ${match.points.join(" : ")}`];
  if (match.away === null) return [Arena.word(teams[winner]), " goes on without a match"];
  const loser = winner === match.home ? match.away : match.home;
  const [first, second] = winner === match.home ? [0, 1] : [1, 0];
  return [
    Arena.word(teams[winner]),
    " beats ",
    Arena.word(teams[loser]),
    `, ${match.points[first]} : ${match.points[second]}`,
  ];
};

// What there is to read before the first match.
Arena.howItWorks = () =>
  Arena.el(
    "ol",
    { class: "how" },
    [
      "Each team has two networks: a generator, which draws faces, " +
        "and a discriminator, which tells real faces from drawn ones.",
      "In a half round one team’s generator draws 15 faces. The other team’s discriminator looks at them " +
        "among 15 real ones, and gets a point for each that it tells right.",
      "Then the other way round. More points win; on equal points the faster networks.",
    ].map((text) => Arena.el("li", {}, text)),
  );

// What stands in place of the faces once a match is over.
Arena.verdict = function (scene) {
  const el = Arena.el;
  const { match, teams, phase } = scene;
  const parts = [];
  if (phase === "champion" && scene.champion) {
    parts.push(
      el("p", { class: "laurel", "aria-hidden": "true" }, "★ ★ ★"),
      el("p", { class: "winner" }, Arena.name(scene.champion)),
      el("p", { class: "wins" }, "is the champion"),
    );
    if (match) parts.push(el("p", { class: "why" }, "The last match: ", Arena.resultLine(scene)));
  } else if (phase === "done" && match.winner && !Arena.meetsItself(match)) {
    const side = Arena.SIDES[Arena.winnerSide(match)].key;
    parts.push(
      el("p", { class: `winner ${side}` }, Arena.name(teams[match.winner])),
      el("p", { class: "wins" }, match.away === null ? "goes on" : Arena.isTossUp(match) ? "wins a toss-up" : "wins"),
    );
  } else {
    const over = Arena.isDrawn(match) ? "a draw" : "over";
    parts.push(el("p", { class: "wins" }, { held: "waiting", annulled: "annulled" }[phase] || over));
  }
  if (match) parts.push(Arena.reasons(scene));
  return el("div", { class: "verdict" }, parts);
};

Arena.reasons = function ({ match, teams, explanations, forfeits, phase }) {
  const el = Arena.el;
  const said = [];
  if (phase === "held")
    said.push(el("p", { class: "why" }, `Something failed that is not the teams' fault: ${match.reason}`));
  else if (phase === "annulled") said.push(el("p", { class: "why" }, `Why: ${match.reason}`));
  else if (match.rule) said.push(el("p", { class: "why" }, explanations[match.rule] || match.rule));
  if (match.times) {
    const times = [match.home, match.away].map((team, side) => [Arena.word(teams[team]), ` ${match.times[side]}`]);
    said.push(el("p", { class: "why" }, "Model time: ", times[0], " : ", times[1], Arena.timesTell(match)));
  }
  if (match.sure && match.winner && match.status === "done") said.push(Arena.sureness(match, teams));
  for (const forfeit of forfeits)
    said.push(el("p", { class: "why fault-reason" }, Arena.forfeitSentence(forfeit, teams)));
  return said;
};

// Whether the times tell who is faster, and how often they were measured.
Arena.timesTell = function ({ timing }) {
  if (!timing) return "";
  const what = timing.tells ? "faster beyond doubt" : "too close to tell: a toss-up";
  return ` (${what}, ${timing.pairs} measurements each)`;
};

// What a result by points is worth, in words that need no statistics.
Arena.sureness = function (match, teams) {
  const share = match.sure[Arena.winnerSide(match)];
  const percent = share < 0.995 ? `${Math.round(share * 100)}%` : "more than 99%";
  const verdict = share < 0.75 ? "hardly more than luck" : share < 0.95 ? "likely, not certain" : "very likely";
  return Arena.el(
    "p",
    { class: "why sureness" },
    "How sure is that? ",
    Arena.word(teams[match.winner]),
    ` would stay ahead with ${percent} if they went on for ever: ${verdict}`,
  );
};

Arena.forfeitSentence = function (forfeit, teams) {
  const whose = forfeit.network
    ? [`${Arena.capital(forfeit.network)} of `, Arena.word(teams[forfeit.team])]
    : [Arena.word(teams[forfeit.team])];
  return [...whose, `: ${forfeit.reason}`];
};

Arena.faultSentences = function (half, teams) {
  return ["generator", "discriminator"]
    .filter((network) => half[`${network}_fault`])
    .map((network) =>
      Arena.el(
        "p",
        {},
        Arena.forfeitSentence({ network, team: half[network], reason: half[`${network}_fault`] }, teams),
      ),
    );
};

Arena.legend = function (half, teams) {
  const el = Arena.el;
  const marks = [
    el("span", { class: "key right", "aria-hidden": "true" }, "✓"),
    " right, a point for ",
    Arena.word(teams[half.discriminator]),
    el("span", { class: "key wrong", "aria-hidden": "true" }, "✗"),
    " wrong",
  ];
  return el(
    "p",
    { class: "legend" },
    Arena.hasVerdicts(half) && marks,
    el("span", { class: "key percent" }, "“87% real”"),
    " what the discriminator says; above 50% it takes the face for real",
  );
};

Arena.times = function (half) {
  const said = [];
  if (half.generator_seconds !== null) said.push(`${Arena.milliseconds(half.generator_seconds)} to draw`);
  if (half.discriminator_seconds !== null) said.push(`${Arena.milliseconds(half.discriminator_seconds)} to judge`);
  return Arena.el("p", { class: "times" }, said.length ? `Model time: ${said.join(", ")}` : "");
};
