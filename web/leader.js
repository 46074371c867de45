/*
 * leader.js - one tab of a user does a work for all of them.
 *
 * A browser opens few connections to a server over HTTP/1.1, so not each tab
 * can have a stream.  The first tab leads; when it closes, another takes over.
 */
import { hasLocks } from "./locks.js";

/*
 * work(signal) runs while this tab leads, and ends when signal aborts; stop
 * ends it all.  The function returned makes this tab the leader at once.
 */
export function whenLeading(name, work, stop) {
	let candidacy;

	/* Only the last one counts: it may have been overtaken by takeOver. */
	async function stand(steal) {
		const mine = new AbortController();
		const lost = new AbortController();
		const waiting = AbortSignal.any([mine.signal, stop]);

		candidacy?.abort();
		candidacy = mine;
		try {
			await navigator.locks.request(name,
				steal ? { steal } : { signal: waiting },
				() => work(AbortSignal.any(
					[lost.signal, stop])));
		} catch (error) {
			if (error.name !== "AbortError")
				throw error;
		}
		lost.abort();
		if (!waiting.aborted)
			stand(false);
	}

	if (!hasLocks) {
		work(stop);
		return () => {};
	}
	stand(false);
	return () => stand(true);
}
