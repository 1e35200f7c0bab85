// Which view is shown, the keyboard, and the line at the top.
"use strict";

(function () {
  const TICK_MILLISECONDS = 40;
  const main = document.getElementById("main");
  const connection = document.getElementById("connection");
  let state = null;
  let view = null;

  const views = [
    [/^$/, () => new Arena.LiveView()],
    [/^bracket$/, () => new Arena.BracketView()],
    [/^matches$/, () => new Arena.MatchesView()],
    [/^ratings$/, () => new Arena.RatingsView()],
    [/^forfeits$/, () => new Arena.ForfeitsView()],
    [/^match\/(\d+)$/, (id) => new Arena.ReplayView(Number(id))],
    [/^event\/(\d+)$/, (id) => new Arena.EventView(Number(id))],
  ];

  function open(isFirst) {
    const path = location.hash.replace(/^#?\/?/, "");
    const [pattern, make] = views.find(([one]) => one.test(path)) || views[0];
    view = make(...(path.match(pattern) || []).slice(1));
    main.replaceChildren(view.element);
    for (const link of document.querySelectorAll("nav[aria-label=Views] a")) {
      const isHere = link.getAttribute("href") === `#/${path}`;
      if (isHere) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (state) view.update(state);
    tick();
    if (isFirst) return;
    scrollTo(0, 0);
    const heading = main.querySelector("h1");
    if (heading) heading.focus({ preventScroll: true });
  }

  function take(next) {
    state = next;
    const { event, problem } = state;
    const name = document.getElementById("event-name");
    name.replaceChildren(
      Arena.el("bdi", {}, event ? event.name : "The arena"),
      event && event.frozen ? " (frozen)" : "",
    );
    connection.textContent = problem ? `The store cannot be read: ${problem}` : "";
    document.querySelector('a[href="#/bracket"]').textContent =
      event && event.mode !== "tournament" ? "Table" : "Bracket";
    view.update(state);
    tick();
  }

  function tick() {
    if (view.tick && state) view.tick(Arena.source.now());
  }

  // Arrow up and down go from link to link in lists and brackets.
  function moveFocus(by) {
    const links = [...main.querySelectorAll(".box[href], td a, .events a")];
    if (!links.length || main.querySelector(".live, .replay")) return false;
    const at = links.indexOf(document.activeElement);
    links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + by))].focus();
    return true;
  }

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const tag = event.target.tagName;
    let isTaken = false;
    if (event.key === "Escape") {
      location.hash = "#/";
      isTaken = true;
    } else if (["INPUT", "SELECT"].includes(tag) || (event.key === " " && ["BUTTON", "A"].includes(tag))) return;
    else if (view.key && view.key(event)) isTaken = true;
    else if (event.key === "ArrowUp" || event.key === "ArrowDown")
      isTaken = moveFocus(event.key === "ArrowUp" ? -1 : 1);
    if (isTaken) event.preventDefault();
  });

  addEventListener("resize", () => view.resize && view.resize());
  addEventListener("hashchange", () => open(false));
  open(true);
  Arena.source.start(take, (isConnected) => {
    connection.textContent = isConnected
      ? ""
      : Arena.source.isLive
        ? "No connection; trying again …"
        : "The page's data are not here.";
  });
  setInterval(tick, TICK_MILLISECONDS);
})();
