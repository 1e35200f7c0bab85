// Reads what the stage, or the list of matches, shows, at each change. `take` returns what came since it was asked last,
// `showsNow` what is there now.
() => {
  const all = (root, selector) => [...root.querySelectorAll(selector)];
  const text = (root, selector) => all(root, selector).map((one) => one.textContent.replace(/\s+/g, " ").trim());
  const first = (root, selector) => text(root, selector)[0] ?? null;
  const picture = (root) => {
    const image = root.querySelector("img.pixels");
    return image && image.src.slice(-60); // the end of a PNG, with its checksums
  };
  const stage = (root) => ({
    view: root.dataset.view,
    event: first(root, ".strip .event"),
    names: text(root, ".side .name, .corner .name, .corner-name .name"),
    points: text(root, ".side .points").map(Number),
    judge: all(root, ".side").findIndex((side) => side.matches(".judge")),
    progress: first(root, ".strip .progress"),
    half: first(root, ".middle .part"),
    round: all(root, ".rounds li").findIndex((one) => one.hasAttribute("aria-current")),
    shots: all(root, ".shot").filter((one) => one.querySelector("img")).map((one) => [picture(one), one.dataset.verdict]),
    large: all(root, ".large").map((one) => ({
      picture: picture(one),
      verdict: one.dataset.verdict,
      truth: one.querySelector(".truth.open") ? null : first(one, ".truth"),
      says: first(one, ".says strong"),
    }))[0] ?? null,
    cards: all(root, ".card").map((one) => [picture(one), one.dataset.verdict, first(one, ".truth"), first(one, ".said")]),
    winner: first(root, ".winner .name"),
    score: first(root, ".score .pair"),
    drawn: first(root, ".pairing .between"),
    clock: first(root, ".clock .left"),
    missing: root.textContent.includes("undefined") || root.textContent.includes("NaN") || root.textContent.includes("null"),
  });
  const list = (root) => ({
    event: first(document, ".event-name bdi"),
    rows: all(root, ".matches tbody tr").map((row) => ({
      status: row.dataset.status,
      number: Number(first(row, ".no")),
      names: text(row, ".team-cell .marked > :first-child"),
      results: all(row, ".team-cell").map((cell) => cell.dataset.result),
      points: first(row, ".score-cell a"),
    })),
  });
  const read = () => {
    const root = document.querySelector(".stage");
    return root ? stage(root) : list(document.querySelector("main"));
  };
  window.showsNow = () => ({ at: Date.now() / 1000, ...read() });
  if (window.take) return; // it watches already
  let seen = [];
  let last = "";
  let isAwaited = false;
  const look = () => {
    isAwaited = false;
    const found = read();
    const now = JSON.stringify(found);
    if (now !== last) seen.push({ at: Date.now() / 1000, ...found });
    last = now;
  };
  const observer = new MutationObserver(() => {
    if (!isAwaited) requestAnimationFrame(look);
    isAwaited = true;
  });
  observer.observe(document.getElementById("app"), { subtree: true, childList: true, characterData: true, attributes: true });
  look();
  window.take = () => {
    const taken = seen;
    seen = [];
    return taken;
  };
}
