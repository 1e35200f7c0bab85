// Which view is at which address. A route: `path`, whose :names take a part of the address each; `View`, a component
// that gets {state, isConnected, params}; `nav`, the key in words.js of its place in the navigation, if it has one (or
// a function of the state that gives it); `title`, a function of the params that gives the page's title in its place.
import { Stage } from "arena/stage/stage.js";
import { bracketWord, BracketView } from "arena/views/bracket.js";
import { EventsView, EventView } from "arena/views/events.js";
import { ForfeitsView } from "arena/views/forfeits.js";
import { MatchesView } from "arena/views/matches.js";
import { RatingsView } from "arena/views/ratings.js";
import { ReplayView } from "arena/views/replay.js";
import { TeamView } from "arena/views/team.js";
import { TeamsView } from "arena/views/teams.js";
import { t } from "arena/words.js";

export const ROUTES = [
  { path: "", View: Stage, nav: "nav.live" },
  { path: "bracket", View: BracketView, nav: bracketWord },
  { path: "matches", View: MatchesView, nav: "nav.matches" },
  { path: "match/:id", View: ReplayView, title: ({ id }) => t("match.title", { id }) },
  { path: "teams", View: TeamsView, nav: "nav.teams" },
  { path: "team/:name", View: TeamView, title: ({ name }) => name },
  { path: "ratings", View: RatingsView, nav: "nav.ratings" },
  { path: "events", View: EventsView, nav: "nav.events" },
  { path: "event/:id", View: EventView, title: () => t("nav.events") },
  { path: "forfeits", View: ForfeitsView, nav: "nav.forfeits" },
];

const pattern = (path) => new RegExp(`^${path.replace(/:\w+/g, "([^/]+)")}$`);

// What stands before the event's name in the title of a view's page; nothing for the stage.
export function titleOf(address, state) {
  const { nav, title, params } = found(address);
  if (title) return title(params);
  return nav && address ? t(typeof nav === "function" ? nav(state) : nav) : "";
}

// The view of an address, and the parts of it by name; the stage if there is no such view.
export function found(address) {
  for (const { path, ...route } of ROUTES) {
    const match = address.match(pattern(path));
    if (!match) continue;
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    try {
      const params = Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1])]));
      return { ...route, params };
    } catch {
      break; // a % that does not belong there
    }
  }
  return { View: Stage, params: {} };
}
