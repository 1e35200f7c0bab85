// Which view is at which address. A route: `path`, whose :names take a part of the address each; `View`, a component
// that gets {state, isConnected, params}; `nav`, the key in words.js of its place in the navigation, if it has one (or
// a function of the state that gives it).
import { Stage } from "arena/stage/stage.js";

export const ROUTES = [{ path: "", View: Stage, nav: "nav.live" }];

const pattern = (path) => new RegExp(`^${path.replace(/:\w+/g, "([^/]+)")}$`);

// The view of an address, and the parts of it by name; the stage if there is no such view.
export function found(address) {
  for (const { path, View } of ROUTES) {
    const match = address.match(pattern(path));
    if (!match) continue;
    const names = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
    try {
      return { View, params: Object.fromEntries(names.map((name, at) => [name, decodeURIComponent(match[at + 1])])) };
    } catch {
      break; // a % that does not belong there
    }
  }
  return { View: Stage, params: {} };
}
