/*
 * outbox.js - what was written waits in the browser until Kith has it.
 *
 * Each entry has a key of its own in localStorage, so that tabs which write at
 * the same moment lose nothing.  Sending twice is harmless: Kith knows an
 * entry by its client_id.
 */
import * as api from "./api.js";
import { backoffMs } from "./backoff.js";
import { Problem } from "./http.js";
import { exclusively, randomId } from "./locks.js";
import { messageArrived } from "./state/chats.js";
import { again, nextToSend, outboxChanged, refused } from "./state/outbox.js";

export function createOutbox(store, stop) {
	const prefix = `kith.outbox.${store.state.userId}.`;
	let lastAt = 0;
	let failures = 0;
	let timer;

	function entries() {
		return Object.keys(localStorage)
			.filter((key) => key.startsWith(prefix))
			.map((key) => JSON.parse(localStorage.getItem(key)))
			.filter(Boolean);
	}

	function show() {
		store.apply(outboxChanged, entries());
	}

	function put(entry) {
		localStorage.setItem(prefix + entry.client_id,
				     JSON.stringify(entry));
		show();
	}

	function drop(clientId) {
		localStorage.removeItem(prefix + clientId);
		show();
	}

	/* Throws what does not concern the entry but all of them. */
	async function send(entry) {
		const { client_id, chat_id, text } = entry;

		try {
			const message = await api.send(
				{ client_id, chat_id, text });

			store.apply(messageArrived, message);
			drop(client_id);
		} catch (error) {
			if (!(error instanceof Problem) || error.passes ||
			    error.status === 401)
				throw error;
			/* In a chat that one is no longer in nobody sees it. */
			if (error.status === 404)
				drop(client_id);
			else
				put(refused(entry, error.code));
		}
	}

	async function sendAll() {
		let entry;

		while (!stop.aborted && (entry = nextToSend(entries())))
			await send(entry);
	}

	async function flush() {
		clearTimeout(timer);
		try {
			await exclusively("kith.outbox", sendAll);
			failures = 0;
		} catch (error) {
			if (stop.aborted)
				return;
			timer = setTimeout(flush, Math.max(
				backoffMs(++failures),
				(error.retryAfter ?? 0) * 1000));
		}
	}

	addEventListener("storage", (event) => {
		if (event.key === null || event.key.startsWith(prefix))
			show();
	}, { signal: stop });
	addEventListener("online", flush, { signal: stop });
	stop.addEventListener("abort", () => clearTimeout(timer));
	show();
	flush();

	return {
		flush,
		drop,
		add(chat_id, text) {
			lastAt = Math.max(Date.now(), lastAt + 1);
			put({ client_id: randomId(), chat_id, text,
			      at: lastAt });
			flush();
		},
		retry(entry) {
			put(again(entry));
			flush();
		},
		clear() {
			for (const entry of entries())
				localStorage.removeItem(
					prefix + entry.client_id);
		},
	};
}
