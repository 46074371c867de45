/*
 * stream.js - what happens at Kith, as it happens: GET /stream.
 *
 * The leading tab reads the stream and passes everything on to the others.
 * Each knows the id of the last event, so whoever leads next goes on there.
 */
import { openStream } from "./api.js";
import { backoffMs, pause } from "./backoff.js";
import { whenLeading } from "./leader.js";
import { hasLocks } from "./locks.js";
import { sseParser } from "./sse.js";

/* Kith sends something every 20 s. */
const SILENCE_MS = 50000;

/* A leader that does not answer for so long is asleep. */
const ANSWER_MS = 1000;

/*
 * Until stop aborts, calls
 *
 *	on.event({name, data})	for each event
 *	on.status(status)	"live", "waiting" or "offline", when it changes
 *	on.ready()		when events come without a gap from here on,
 *				or don't come at all for now
 *
 * What is returned tells by .leads whether this tab reads the stream.
 */
export function startStream(userId, stop, on) {
	const name = `kith.stream.${userId}`;
	const channel = hasLocks ? new BroadcastChannel(name) : null;
	let status = "connecting";
	let leads = false;
	let heard = false;
	let lastId;

	function setStatus(next) {
		if (next !== status)
			on.status(status = next);
	}

	function tellStatus(next) {
		setStatus(next);
		channel?.postMessage({ status });
	}

	function take(event) {
		on.event(event);
		lastId = event.id ?? lastId;
	}

	function read({ name: event, id, data }) {
		let known;

		try {
			known = { name: event, id, data: JSON.parse(data) };
		} catch {
			return;		/* of a Kith that is newer than this */
		}
		take(known);
		channel?.postMessage({ event: known });
	}

	/* One connection, until it ends, is silent or signal aborts. */
	async function follow(signal, opened) {
		const connection = new AbortController();
		const either = AbortSignal.any([signal, connection.signal]);
		const parser = sseParser(read);
		let watchdog;

		function hangUp() {
			connection.abort();
		}

		function isAlive() {
			clearTimeout(watchdog);
			watchdog = setTimeout(hangUp, SILENCE_MS);
		}

		addEventListener("offline", hangUp, { signal: either });
		isAlive();
		try {
			const answer = await openStream(lastId, either);
			const reader = answer.body.getReader();

			opened();
			for (;;) {
				const { done, value } = await reader.read();

				if (done)
					return;
				isAlive();
				parser.push(value);
			}
		} finally {
			clearTimeout(watchdog);
			hangUp();
		}
	}

	async function lead(signal) {
		let failures = 0;
		let wait = 0;

		function opened() {
			failures = 0;
			tellStatus("live");
			/* Without an id "resync" comes first. */
			if (lastId !== undefined)
				on.ready();
		}

		leads = true;
		while (!signal.aborted) {
			try {
				await follow(signal, opened);
				wait = 0;
			} catch (error) {
				wait = (error.retryAfter ?? 0) * 1000;
			}
			if (signal.aborted)
				break;
			tellStatus(navigator.onLine ? "waiting" : "offline");
			on.ready();
			wait = Math.max(wait, backoffMs(++failures));
			await pause(wait, signal);
		}
		leads = false;
	}

	const takeOver = whenLeading(name, lead, stop);

	/* Hidden tabs sleep, and try again late: one that is seen steps in. */
	function callLeader() {
		heard = false;
		channel?.postMessage({ hello: true });
		setTimeout(() => {
			if (!leads && !document.hidden && !stop.aborted &&
			    !(heard && status === "live"))
				takeOver();
		}, ANSWER_MS);
	}

	channel?.addEventListener("message", ({ data }) => {
		if (data.event)
			take(data.event);
		if (data.hello && leads)
			channel.postMessage({ status });
		if (data.status) {
			heard = true;
			setStatus(data.status);
			on.ready();
		}
	});
	document.addEventListener("visibilitychange", () => {
		if (!document.hidden)
			callLeader();
	}, { signal: stop });
	stop.addEventListener("abort", () => channel?.close());
	callLeader();

	return {
		get leads() {
			return leads;
		},
	};
}
