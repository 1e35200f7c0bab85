// Answers of the API that are not part of the state.
import { useEffect, useState } from "preact/hooks";

import { source } from "arena/source.js";

const RETRY_MILLISECONDS = 2000;

// What ask() promises, asked for again whenever `key` is another one; meanwhile the answer before stays.
// `isMissing`: there is no such thing. A server that does not answer is asked again.
export function useAsked(ask, key) {
  const [got, setGot] = useState({ answer: null, isMissing: false });
  useEffect(() => {
    let isWanted = true;
    let waiting = null;
    const tryOnce = () =>
      ask().then(
        (answer) => isWanted && setGot({ answer, isMissing: false }),
        (error) => {
          if (!isWanted) return;
          if (source.isLive && error.status !== 404) waiting = setTimeout(tryOnce, RETRY_MILLISECONDS);
          else setGot((before) => ({ ...before, isMissing: true }));
        },
      );
    tryOnce();
    return () => {
      isWanted = false;
      clearTimeout(waiting);
    };
  }, [key]);
  return got;
}
