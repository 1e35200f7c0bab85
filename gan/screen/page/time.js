// Times and dates in the language of now, with their zone.
import { languageNow } from "arena/words.js";

const locale = () => ({ en: "en-GB", ko: "ko-KR" })[languageNow()];

const formatted = (seconds, zone, options) =>
  new Intl.DateTimeFormat(locale(), { ...options, timeZone: zone || undefined }).format(new Date(seconds * 1000));

// "14:00 GMT+9"
export const timeOf = (seconds, zone) =>
  formatted(seconds, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });

// "Saturday 28 November"
export const dateOf = (seconds, zone) => formatted(seconds, zone, { weekday: "long", month: "long", day: "numeric" });

// "28 Nov 2026, 14:00 GMT+9"
export const momentOf = (seconds, zone) =>
  formatted(seconds, zone, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    timeZoneName: "short",
  });
