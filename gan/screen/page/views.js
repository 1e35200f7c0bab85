// What each address after # shows. A view has an element, and may have: update(state), when something happened;
// tick(now), many times a second; resize(), when the window has another size; key(event), which returns whether it
// took a key.
"use strict";

// Puts new content in place of old; what has the focus, and what was scrolled, stays so.
Arena.renew = function (element, ...children) {
  const active = element.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const scrolled = [...element.querySelectorAll(".wide, .bracket")].map((part) => [part.scrollLeft, part.scrollTop]);
  element.replaceChildren(...children.flat(Infinity).filter(Boolean));
  [...element.querySelectorAll(".wide, .bracket")].forEach((part, index) => {
    if (scrolled[index]) [part.scrollLeft, part.scrollTop] = scrolled[index];
  });
  const again = active && [...element.querySelectorAll("a")].find((link) => link.getAttribute("href") === active);
  if (again) again.focus({ preventScroll: true });
};

Arena.forfeitsOf = (state, match) =>
  state.forfeits.filter((one) => one.match === match.id || one.matches.includes(match.id));

Arena.LiveView = class {
  constructor() {
    this.stage = new Arena.Stage();
    this.beside = Arena.el("aside", { class: "beside", "aria-label": "Bracket" });
    this.element = Arena.el("div", { class: "live" }, this.stage.element, this.beside);
    this.half = null;
  }

  update(state) {
    this.state = state;
    Arena.renew(this.beside, Arena.beside(state));
    Arena.fitNames(this.beside);
    this.load();
    this.announce();
  }

  async load() {
    const { live } = this.state;
    if (!live || !live.half_round || this.loading === live.half_round) return;
    this.loading = live.half_round;
    try {
      this.half = await Arena.source.halfRound(live.half_round, live.match);
    } catch {
      setTimeout(() => {
        this.loading = null;
        this.load();
      }, 1000);
    }
  }

  scene(now) {
    const { state } = this;
    const live = state.live || { phase: "waiting" };
    // The champion of a league is not the winner of its last match.
    const isDecidedByIt = live.phase !== "champion" || (state.event.champion && state.event.mode !== "league");
    const match = (isDecidedByIt && live.match && state.matches[live.match]) || null;
    const half = this.half && this.half.id === live.half_round ? this.half : null;
    const isPlaying = live.phase === "playing";
    return {
      phase: live.phase,
      event: state.event,
      problem: state.problem,
      isOpening: Arena.isOpening(state),
      match,
      half,
      teams: state.teams,
      uncovered: half && isPlaying ? Arena.uncovered(half, now - half.begin, state.pace) : Arena.cards(half),
      points: match ? match.points : [0, 0],
      roundName: match && Arena.capital(Arena.roundName(state, match)),
      attempt: match && Arena.attemptName(state, match),
      explanations: state.explanations,
      forfeits: match ? Arena.forfeitsOf(state, match) : [],
      champion: (state.event && state.teams[state.event.champion]) || null,
    };
  }

  tick(now) {
    if (!this.state) return;
    const scene = this.scene(now);
    this.stage.show(scene);
    this.count(scene);
    const event = scene.event ? scene.event.name : "The arena";
    const { match, teams } = scene;
    const [home, away] = match ? [teams[match.home], teams[match.away]].map(Arena.plain) : [];
    document.title = match ? `${home} ${Arena.pointsNow(scene).join(" : ")} ${away}, ${event}` : event;
  }

  // In the box beside the stage the points go up as they do on it.
  count(scene) {
    const points = scene.match && scene.match.status === "playing" ? Arena.pointsNow(scene) : [];
    this.beside.querySelectorAll(".box[data-current] .box-points").forEach((place, side) => {
      if (side in points && place.textContent !== String(points[side])) place.textContent = points[side];
    });
  }

  resize() {
    this.stage.fit();
    Arena.fitNames(this.beside);
  }

  // Only what is settled is said aloud; thirty faces in six seconds are too many.
  announce() {
    const scene = this.scene(Infinity);
    const { match, teams } = scene;
    const text = (parts) => parts.map((part) => part.textContent ?? part).join("");
    if (Arena.isSettled(scene) || !match) Arena.say(text(Arena.headline(scene)));
    else Arena.say(`${Arena.plain(teams[match.home])} ${match.points.join(" : ")} ${Arena.plain(teams[match.away])}`);
  }

  // Back to the replay of the last match that is over.
  key(event) {
    const over = this.state ? Arena.replays(this.state).filter((match) => match.status !== "playing") : [];
    if (event.key !== "ArrowLeft" || !over.length) return false;
    location.hash = `#/match/${over[over.length - 1].id}`;
    return true;
  }
};

Arena.BracketView = class {
  constructor() {
    this.all = false;
    this.content = Arena.el("div", {});
    this.choice = Arena.el("button", { type: "button", click: () => this.choose() });
    this.heading = Arena.el("h1", { tabindex: "-1" });
    this.element = Arena.el(
      "div",
      { class: "page" },
      Arena.el("div", { class: "heading" }, this.heading, this.choice),
      this.content,
    );
  }

  choose() {
    this.all = !this.all;
    this.update(this.state);
  }

  update(state) {
    this.state = state;
    const total = state.rounds ? state.rounds.length : 0;
    this.choice.hidden = total <= Arena.ROUNDS_OF_LAST_16;
    this.choice.textContent = this.all ? "Only from the last 16 on" : "All rounds";
    const isTournament = !state.event || state.event.mode === "tournament";
    this.heading.textContent = isTournament ? "Bracket" : "Table";
    if (!state.event) Arena.renew(this.content, Arena.empty("The arena has not begun."));
    else if (isTournament && !total) Arena.renew(this.content, Arena.empty(Arena.BEFORE_THE_DRAW));
    else if (!total) Arena.renew(this.content, Arena.standings(state));
    else {
      const first = this.all ? 0 : Math.max(0, total - Arena.ROUNDS_OF_LAST_16);
      const current = state.live.match;
      Arena.renew(this.content, Arena.bracket(state, { first, last: total - 1, current }));
    }
  }
};

Arena.MatchesView = class {
  constructor() {
    this.content = Arena.el("div", {});
    this.filter = Arena.el("input", {
      type: "search",
      id: "filter",
      input: () => this.state && this.update(this.state),
    });
    this.element = Arena.el(
      "div",
      { class: "page" },
      Arena.el("h1", { tabindex: "-1" }, "Matches"),
      Arena.el("p", {}, Arena.el("label", { for: "filter" }, "Team: "), this.filter),
      this.content,
    );
  }

  update(state) {
    this.state = state;
    const wanted = this.filter.value.trim().toLowerCase();
    const events = state.events || {};
    const has = (id) => Arena.plain(state.teams[id]).toLowerCase().includes(wanted);
    const found = Arena.replays(state)
      .reverse()
      .filter((match) => has(match.home) || has(match.away));
    Arena.renew(
      this.content,
      found.length ? Arena.matchList(state, found) : Arena.empty("No match so far."),
      Object.keys(events).length > 1 && [
        Arena.el("h2", {}, "All events"),
        Arena.eventList(state, state.event.id),
      ],
    );
  }
};

Arena.ForfeitsView = class {
  constructor() {
    this.content = Arena.el("div", {});
    this.element = Arena.el("div", { class: "page" }, Arena.el("h1", { tabindex: "-1" }, "Forfeits"), this.content);
  }

  update(state) {
    const some = state.forfeits && state.forfeits.length;
    Arena.renew(this.content, some ? Arena.forfeitList(state) : Arena.empty("Nothing has failed so far."));
  }
};

Arena.RatingsView = class {
  constructor() {
    this.content = Arena.el("div", {});
    this.element = Arena.el("div", { class: "page" }, Arena.el("h1", { tabindex: "-1" }, "Ratings"), this.content);
  }

  resize() {
    if (this.chart && this.chart.isConnected) this.chart.replaceWith((this.chart = this.draw()));
  }

  async update(state) {
    const ratings = state.ratings || {};
    const key = JSON.stringify(ratings);
    if (key === this.known) return;
    this.known = key;
    if (!Object.keys(ratings).length) {
      Arena.renew(this.content, Arena.empty("Nobody has been rated so far."));
      return;
    }
    const history = await Arena.source.get("ratings").catch(() => []);
    const ranked = Object.keys(ratings).sort((a, b) => ratings[b].ordinal - ratings[a].ordinal);
    this.draw = () => Arena.chart(history, ranked, this.content);
    this.chart = this.draw();
    Arena.renew(
      this.content,
      Arena.el(
        "p",
        { class: "soft" },
        "More is stronger; a new team is believed to have 25. The range is where the strength lies with 95% " +
          "probability, and narrows with each match. Ranked by what is nearly certain: the rating less three " +
          "standard deviations. Over all matches: “real” and “generated” are the shares of such images that the " +
          "team’s discriminator recognised; “fooled” is how often an image of its generator was taken for real.",
      ),
      this.chart,
      Arena.ratingTable(ratings),
    );
  }
};

Arena.EventView = class {
  constructor(id) {
    this.id = id;
    this.element = Arena.el("div", { class: "page" }, Arena.empty("Loading …"));
  }

  async update(latest) {
    try {
      const isLatest = latest.event && latest.event.id === this.id;
      if (!isLatest && this.loaded) return;
      const state = isLatest ? latest : await Arena.source.get(`event/${this.id}`);
      this.loaded = !isLatest;
      const { el } = Arena;
      const champion = state.teams[state.event.champion];
      const total = state.rounds.length;
      Arena.renew(this.element, [
        el("h1", { tabindex: "-1" }, el("bdi", {}, state.event.name)),
        el("p", {}, Arena.clock(state.event.begun), champion && [", champion: ", Arena.word(champion)]),
        total
          ? Arena.bracket(state, { first: Math.max(0, total - Arena.ROUNDS_OF_LAST_16), last: total - 1 })
          : state.event.mode !== "tournament" && Arena.standings(state),
        el("h2", {}, "Matches"),
        Arena.matchList(state, Arena.replays(state)),
        state.forfeits.length > 0 && [el("h2", {}, "Forfeits"), Arena.forfeitList(state)],
      ]);
    } catch {
      Arena.renew(this.element, Arena.el("h1", {}, "There is no such event"));
    }
  }
};
