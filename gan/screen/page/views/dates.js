// Days and times as the reader writes them, with the zone they are in.
import { languageNow } from "arena/words.js";

const made = new Map();

function format(options) {
  const key = languageNow() + JSON.stringify(options);
  if (!made.has(key)) made.set(key, new Intl.DateTimeFormat(languageNow(), options));
  return made.get(key);
}

// Unix seconds as a day and a time; `zone`: an IANA name, else the browser's.
export const dateAndTime = (seconds, zone) =>
  format({ dateStyle: "medium", timeStyle: "short", timeZone: zone }).format(seconds * 1000);

// The same with the name of the zone.
export const dateTimeAndZone = (seconds, zone) =>
  format({
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
    timeZone: zone,
  }).format(seconds * 1000);
