/*
 * backoff.js - how long to wait before trying again, and waiting so long.
 */

const FIRST_MS = 500;
const LONGEST_MS = 30000;

/*
 * After so many failures.  Many clients that lost the same server come back
 * at different moments: random, from 0 to 1, spreads them over half the time.
 */
export function backoffMs(failures, random = Math.random()) {
	const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));

	return whole * (0.5 + random / 2);
}

/*
 * Resolves after ms, or as soon as the network is back, somebody looks at the
 * page again, or signal aborts.
 */
export function pause(ms, signal) {
	return new Promise((resolve) => {
		const timer = setTimeout(done, ms);
		const over = new AbortController();

		function done() {
			clearTimeout(timer);
			over.abort();
			resolve();
		}

		function look() {
			if (!document.hidden)
				done();
		}

		addEventListener("online", done, { signal: over.signal });
		addEventListener("visibilitychange", look,
				 { signal: over.signal });
		signal.addEventListener("abort", done, { signal: over.signal });
		if (signal.aborted)
			done();
	});
}
