// The replay of a match, face by face, with controls.
"use strict";

Arena.SPEEDS = [0.5, 1, 2, 4, 10];
Arena.STEPS_WITHOUT_FACES = 10; // that a half round takes in which something failed

Arena.ReplayView = class {
  constructor(id) {
    const { el } = Arena;
    this.id = id;
    this.step = 0;
    this.isPlaying = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.stage = new Arena.Stage();
    this.controls = this.makeControls();
    this.details = el("div", {});
    this.links = el("nav", { class: "neighbours", "aria-label": "Other matches" });
    this.parts = [this.stage.element, this.controls, this.links, this.details];
    this.element = el("div", { class: "replay" }, this.parts);
  }

  makeControls() {
    const { el } = Arena;
    const button = (text, click) => el("button", { type: "button", click }, text);
    this.play = button("Pause", () => this.toggle());
    this.slider = el("input", {
      type: "range",
      min: "0",
      value: "0",
      "aria-label": "Face",
      input: () => this.goTo(Number(this.slider.value)),
    });
    this.speed = el(
      "select",
      { id: "speed" },
      Arena.SPEEDS.map((speed) => el("option", { value: speed, selected: speed === 1 }, `${speed}×`)),
    );
    return el(
      "div",
      { class: "controls", role: "group", "aria-label": "Replay", hidden: true },
      this.play,
      button("Half round back", () => this.goToHalf(-1)),
      button("Face back", () => this.goTo(this.step - 1)),
      button("Face on", () => this.goTo(this.step + 1)),
      button("Half round on", () => this.goToHalf(1)),
      button("Result", () => this.goTo(this.total)),
      el("label", { for: "speed" }, "Speed "),
      this.speed,
      this.slider,
    );
  }

  async update(latest) {
    const key = JSON.stringify((latest.matches && latest.matches[this.id]) || null);
    if (this.match && key === this.known) return;
    this.known = key;
    if (latest.matches && latest.matches[this.id]) this.neighbours(latest);
    try {
      const match = await Arena.source.get(`match/${this.id}`);
      const isLatest = latest.event && match.event === latest.event.id;
      this.state = isLatest ? latest : await Arena.source.get(`event/${match.event}`);
      this.neighbours(this.state);
      this.take(match, latest);
    } catch {
      this.match = this.known = null; // the next news tries again
      this.element.replaceChildren(Arena.el("h1", {}, "There is no such match, or it has not been shown yet"));
    }
  }

  take(match, latest) {
    if (!this.match) this.element.replaceChildren(...this.parts);
    this.match = match;
    this.pace = latest.pace || 6;
    this.starts = [0];
    for (const half of match.half_rounds) this.starts.push(this.starts[this.starts.length - 1] + this.stepsOf(half));
    this.total = this.starts[this.starts.length - 1];
    this.slider.max = this.total;
    if (!this.total) this.isPlaying = false;
    this.controls.hidden = !this.total;
    this.goTo(this.step);
    Arena.renew(this.details, this.total > 0 && this.halfRounds());
  }

  stepsOf(half) {
    return Arena.cards(half) ? Arena.cards(half) + 2 : Arena.STEPS_WITHOUT_FACES;
  }

  neighbours(state) {
    const { el } = Arena;
    const replays = Arena.replays(state);
    const at = replays.findIndex((match) => match.id === this.id);
    const link = (match, text) => match && el("a", { href: `#/match/${match.id}` }, text);
    [this.before, this.after] = [replays[at - 1], replays[at + 1]];
    Arena.renew(
      this.links,
      link(this.before, "← match before"),
      link(this.after, "match after →"),
      el("a", { href: "#/" }, "live (Esc)"),
    );
  }

  halfRounds() {
    const { el } = Arena;
    const { match } = this;
    const rows = match.half_rounds.map((half, index) =>
      el(
        "tr",
        {},
        el(
          "td",
          {},
          el("button", { type: "button", click: () => this.goTo(this.starts[index]) }, `Half round ${half.number + 1}`),
        ),
        el("td", { class: "number" }, String(half.id)),
        [half.generator, half.discriminator].map((team) =>
          el("td", {}, el("bdi", { class: "cell-name" }, match.teams[team].name)),
        ),
        el("td", { class: "number" }, String(half.points)),
        el("td", { class: "number" }, Arena.milliseconds(half.generator_seconds)),
        el("td", { class: "number" }, Arena.milliseconds(half.discriminator_seconds)),
        el("td", { class: "reason" }, half.generator_fault || half.discriminator_fault || half.rule),
      ),
    );
    return Arena.table(
      "Half rounds",
      ["", ["no."], "draws", "judges, and scores", ["points"], ["to draw"], ["to judge"], "decided by"],
      rows,
    );
  }

  // The half round at this step: its index, how many faces are uncovered; none once everything was shown.
  at(step) {
    const index = this.starts.findIndex((start, half) => half + 1 < this.starts.length && step < this.starts[half + 1]);
    const half = index < 0 ? null : this.match.half_rounds[index];
    return { index, half, uncovered: half ? Math.min(Arena.cards(half), step - this.starts[index]) : 0 };
  }

  goTo(step) {
    this.step = Math.max(0, Math.min(this.total, step));
    if (this.step === this.total) this.isPlaying = false;
    this.stepped = performance.now();
    this.slider.value = this.step;
    this.play.textContent = this.isPlaying ? "Pause" : this.step === this.total ? "Play again" : "Play";
    this.show();
  }

  goToHalf(by) {
    const { index } = this.at(this.step);
    const here = index < 0 ? this.starts.length - 1 : index;
    this.goTo(this.starts[Math.max(0, Math.min(this.starts.length - 1, here + by))]);
  }

  toggle() {
    this.isPlaying = !this.isPlaying;
    this.goTo(this.isPlaying && this.step === this.total ? 0 : this.step);
  }

  show() {
    const { match, state } = this;
    const { index, half, uncovered } = this.at(this.step);
    const points = [0, 0];
    const before = half ? match.half_rounds.slice(0, index) : match.half_rounds;
    for (const one of before) points[Arena.judgeSide(one)] += one.points;
    const isOver = !half && match.status !== "playing";
    this.stage.show({
      phase: half ? "playing" : isOver ? match.status : "between",
      event: state.event,
      match,
      half: half || (isOver ? null : match.half_rounds[match.half_rounds.length - 1]),
      teams: match.teams,
      uncovered: half ? uncovered : 30,
      points: isOver ? match.points : points,
      roundName: Arena.capital(Arena.roundName(state, match)),
      attempt: Arena.attemptName(state, match),
      explanations: state.explanations,
      forfeits: half ? [] : Arena.forfeitsOf(state, match),
    });
    const names = [match.home, match.away].map((id) => Arena.plain(match.teams[id]));
    document.title = `${names.join(" against ")}, a replay`;
  }

  resize() {
    this.stage.fit();
  }

  tick() {
    if (!this.match || !this.isPlaying) return;
    const { half } = this.at(this.step);
    const seconds = this.pace / this.stepsOf(half) / Number(this.speed.value);
    if (performance.now() - this.stepped >= seconds * 1000) this.goTo(this.step + 1);
  }

  key(event) {
    if (event.key === " " && this.total) this.toggle();
    else if (event.key === "ArrowLeft" && this.before) location.hash = `#/match/${this.before.id}`;
    else if (event.key === "ArrowRight") location.hash = this.after ? `#/match/${this.after.id}` : "#/";
    else return false;
    return true;
  }
};
