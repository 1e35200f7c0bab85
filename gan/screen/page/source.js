// Where the page's data come from: a server, by events as they happen; or files beside the page, which were exported.

const isLive = document.documentElement.dataset.source === "live";
const RETRY_MILLISECONDS = 2000;
const SILENCE_MILLISECONDS = 40000; // the server says something every 15 seconds

// ---- exported files: each is a classic script that calls arena_data(path, content)

const waiting = {}; // path -> what takes the content of a file
const asked = {}; // path -> promise of it

window.arena_data = (path, content) => waiting[path](content);

function fromFile(path) {
  asked[path] ||= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = `data/${encodeURIComponent(path.replaceAll("/", "_"))}.js`;
    waiting[path] = resolve;
    script.onload = () => script.remove();
    script.onerror = () => {
      script.remove();
      delete asked[path];
      reject(new Error(`${path} is not here`));
    };
    document.head.append(script);
  });
  return asked[path];
}

// ---- a server

async function fromServer(path) {
  const answer = await fetch(`api/v1/${path}`);
  if (!answer.ok) throw Object.assign(new Error(`${answer.status} ${await answer.text()}`), { status: answer.status });
  return answer.json();
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

// A value after a JSON merge patch (RFC 7396). What the patch does not touch stays the very same object, so that
// views can see by === whether their part has changed.
export function patched(before, patch) {
  if (!isObject(patch)) return patch;
  const after = isObject(before) ? { ...before } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete after[key];
    else after[key] = patched(after[key], value);
  }
  return after;
}

let offset = 0; // milliseconds that the server's clock is ahead

function follow(onState, onConnection) {
  const events = new EventSource("api/v1/stream");
  let state = null;
  let silence = null;
  // A connection may die without a word, as where a cable is unplugged behind a switch.
  const again = () => {
    clearTimeout(silence);
    events.close();
    onConnection(false);
    follow(onState, onConnection);
  };
  const heard = () => {
    clearTimeout(silence);
    silence = setTimeout(again, SILENCE_MILLISECONDS);
  };
  const take = (next) => {
    heard();
    state = next;
    if (state.now) offset = state.now * 1000 - Date.now();
    onState(state);
  };
  events.addEventListener("state", (event) => take(JSON.parse(event.data)));
  events.addEventListener("change", (event) => state && take(patched(state, JSON.parse(event.data))));
  heard();
  events.onopen = () => {
    heard();
    onConnection(true);
  };
  events.onerror = () => {
    onConnection(false);
    // The browser connects again by itself, unless something answered that is not the scoreboard.
    if (events.readyState !== EventSource.CLOSED) return;
    events.close();
    clearTimeout(silence);
    setTimeout(() => follow(onState, onConnection), RETRY_MILLISECONDS);
  };
}

// ---- both

export const source = {
  isLive,

  // A path of the API without api/v1/, like matches/12, events/3, ratings, half_rounds/7 -> promise of its answer.
  get: isLive ? fromServer : fromFile,

  // The page of a team, by its name. An export numbers its teams in the order of the list `teams`.
  async team(name) {
    if (isLive) return fromServer(`teams/${encodeURIComponent(name)}`);
    const names = await fromFile("teams");
    if (!names.includes(name)) throw new Error(`there is no team ${name}`);
    return fromFile(`teams/${names.indexOf(name)}`);
  },

  // Unix seconds of the server's clock.
  now: () => (Date.now() + offset) / 1000,

  // Calls onState(state) at first and at each change, onConnection(isConnected) when that changes.
  start(onState, onConnection) {
    if (isLive) follow(onState, onConnection);
    else
      fromFile("state").then(
        (state) => {
          onConnection(true);
          onState(state);
        },
        () => onConnection(false),
      );
  },
};
