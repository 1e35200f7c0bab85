// Where the page's data come from: a server, by events as they happen; or files beside the page, which were exported.
"use strict";

Arena.source = (function () {
  const isLive = document.documentElement.dataset.source === "live";
  const waiting = {}; // name -> what takes the content of an exported file
  const asked = {}; // name -> promise of it
  let offset = 0; // milliseconds that the server's clock is ahead
  let state = null;

  // Called by exported files.
  window.arena_data = function (name, content) {
    waiting[name](content);
  };

  function fromFile(name) {
    asked[name] ||= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `data/${name.replace("/", "_")}.js`;
      waiting[name] = resolve;
      script.onload = () => script.remove();
      script.onerror = () => {
        script.remove();
        reject(new Error(`${name} is not here`));
      };
      document.head.append(script);
    });
    return asked[name];
  }

  async function fromServer(name) {
    const answer = await fetch(name);
    if (!answer.ok) throw new Error(await answer.text());
    return answer.json();
  }

  const isDict = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  // The state after a change, as gan/screen/server.py's `difference` writes it.
  function changed(before, change) {
    if (change.all) return change.all;
    const after = { ...before };
    for (const [key, value] of Object.entries(change)) {
      after[key] = isDict(value) && isDict(before[key]) ? { ...before[key], ...value } : value;
    }
    return after;
  }

  function follow(onState, onConnection) {
    const events = new EventSource("events");
    const take = (next) => {
      state = next;
      if (state.now) offset = state.now * 1000 - Date.now();
      onState(state);
    };
    events.addEventListener("state", (event) => take(JSON.parse(event.data)));
    events.addEventListener("change", (event) => take(changed(state, JSON.parse(event.data))));
    events.onopen = () => onConnection(true);
    events.onerror = () => {
      onConnection(false);
      // The browser connects again by itself, unless something answered that is not the scoreboard.
      if (events.readyState === EventSource.CLOSED) {
        events.close();
        setTimeout(() => follow(onState, onConnection), 2000);
      }
    };
  }

  return {
    isLive,
    get: isLive ? fromServer : fromFile, // event/ID, match/ID or ratings -> promise
    halfRound: async function (id, match) {
      if (isLive) return fromServer(`half_round/${id}`);
      return (await fromFile(`match/${match}`)).half_rounds.find((half) => half.id === id);
    },
    now: () => (Date.now() + offset) / 1000, // unix seconds of the server
    start: function (onState, onConnection) {
      if (isLive) follow(onState, onConnection);
      else fromFile("state").then(onState, () => onConnection(false));
    },
  };
})();
