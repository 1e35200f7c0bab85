// Parts that change with time alone: countdowns, clocks, the views of a kiosk that take turns.
import { useEffect, useState } from "preact/hooks";
import { source } from "arena/source.js";

// The server's time in unix seconds, again and again every so many seconds.
export function useNow(seconds) {
  const [now, setNow] = useState(source.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(source.now()), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds]);
  return now;
}
