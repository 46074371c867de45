/*
 * sync.js - keep the state as Kith has it while somebody is logged in.
 *
 * Events say what happened; what has to be loaded follows from the state, and
 * each change is looked at for it.  Every such work has a key: it runs once at
 * a time, and after a failure not before there is a new reason.
 */
import * as api from "./api.js";
import { backoffMs } from "./backoff.js";
import { chatArrived, chatGone, chatsArrived, gaps, markArrived, memberOf,
	 messageArrived, pageArrived } from "./state/chats.js";
import { lastSeq } from "./state/history.js";
import { areWanted, newsArrived, notificationTold, notificationsArrived,
	 preferencesArrived } from "./state/notifications.js";
import { peopleArrived, presenceArrived, presenceChanged, typingArrived,
	 typingEnds, typingExpired } from "./state/people.js";
import { becameFresh, becameStale, everythingStale, loadFailed }
	from "./state/stale.js";
import { connected, identitiesArrived, meArrived } from "./store.js";
import { startStream } from "./stream.js";

/* live() is called whenever Kith can be reached again. */
export function startSync(store, stop, live) {
	const busy = new Set();
	const failed = new Set();
	let failures = 0;
	let retryTimer;
	let typingTimer;
	let isBegun = false;
	let stream;

	/* What failed is tried again later, and when the stream opens. */
	function retry() {
		clearTimeout(retryTimer);
		failed.clear();
		react();
	}

	/* What fails at the same time fails for the same reason. */
	function retryLater(seconds) {
		if (failed.size === 1)
			failures++;
		clearTimeout(retryTimer);
		retryTimer = setTimeout(retry, Math.max(
			4 * backoffMs(failures), seconds * 1000));
	}

	async function run(key, work) {
		if (busy.has(key) || failed.has(key) || stop.aborted)
			return;
		busy.add(key);
		try {
			await work();
			failures = 0;
			if (key in store.state.failed)
				store.apply(becameFresh, key);
		} catch (error) {
			failed.add(key);
			retryLater(error.retryAfter ?? 0);
			if (!stop.aborted)
				store.apply(loadFailed, key, error);
		} finally {
			busy.delete(key);
		}
		react();
	}

	const loaders = {
		async me(number) {
			const { body } = await api.getMe();

			store.apply(meArrived, body);
			store.apply(becameFresh, "me", number);
		},
		async chats(number) {
			const before = Object.keys(store.state.chats);

			store.apply(chatsArrived, await api.chats(), before,
				    number);
		},
		async people(number) {
			store.apply(peopleArrived, await api.subscriptions(),
				    number);
		},
		async presence(number) {
			store.apply(presenceArrived, await api.presence(),
				    number);
		},
		async notifications(number) {
			const { items, isOld } = store.state.notifications;

			if (isOld || !items.length)
				store.apply(notificationsArrived,
					    await api.notifications(), number);
			else
				await loadNews(number);
		},
		async preferences(number) {
			store.apply(preferencesArrived,
				    await api.preferences(), number);
		},
		async identities(number) {
			store.apply(identitiesArrived, await api.identities());
			store.apply(becameFresh, "identities", number);
		},
		async chat(number, id) {
			try {
				store.apply(chatArrived, await api.getChat(id),
					    number);
			} catch (error) {
				if (error.status !== 404)
					throw error;
				store.apply(chatGone, id);
			}
		},
	};

	async function loadNews(number) {
		let page;

		do {
			const { items } = store.state.notifications;

			page = await api.notifications(
				{ after: items[0]?.number ?? 0 });
			store.apply(newsArrived, page, number);
		} while (page.next && page.items.length);
	}

	async function loadNewest(id) {
		const page = await api.history(id);

		store.apply(pageArrived, id, "newest", page);
	}

	/* No answer that brings nothing may be asked for for ever. */
	async function fillGap(id) {
		const after = lastSeq(store.state.histories[id]);
		const page = await api.history(id, { after });

		store.apply(pageArrived, id, "newer", page);
		const now = store.state.histories[id];

		if (now && lastSeq(now) <= after)
			throw new Error("nothing follows");
	}

	async function markReceived(chat) {
		const mark = { chat_id: chat.id, seq: chat.last_seq,
			       user_id: store.state.userId };

		await api.received(mark.chat_id, mark.seq);
		store.apply(markArrived, "received", mark);
	}

	function lacksReceived(chat) {
		const me = memberOf(chat, store.state.userId);

		return me && me.received_seq < chat.last_seq;
	}

	function react() {
		const { state } = store;
		const { name, id } = state.route;
		const history = state.histories[id];

		if (stop.aborted)
			return;
		for (const [key, number] of Object.entries(state.stale)) {
			const [kind, of] = key.split("/");

			if (kind !== "notifications" || areWanted(state))
				run(key, () => loaders[kind](number, of));
		}
		if (name === "chat" && state.chats[id] &&
		    (!history || history.old))
			run(`newest/${id}`, () => loadNewest(id));
		for (const gap of gaps(state))
			run(`gap/${gap}`, () => fillGap(gap));
		for (const chat of Object.values(state.chats))
			if (stream?.leads && lacksReceived(chat))
				run(`received/${chat.id}`,
				    () => markReceived(chat));
		expireTyping();
	}

	function expireTyping() {
		const ends = typingEnds(store.state);

		clearTimeout(typingTimer);
		if (ends)
			typingTimer = setTimeout(() => {
				store.apply(typingExpired, Date.now());
			}, Math.max(0, ends - Date.now()));
	}

	const handlers = {
		message: (message) => store.apply(messageArrived, message),
		received: (mark) => store.apply(markArrived, "received", mark),
		read: (mark) => store.apply(markArrived, "read", mark),
		chat: ({ chat_id }) =>
			store.apply(becameStale, `chat/${chat_id}`),
		subscription: () =>
			store.apply(becameStale, "people", "presence"),
		notification: (it) => store.apply(notificationTold, it),
		typing: (who) => store.apply(typingArrived, who, Date.now()),
		presence: (who) => store.apply(presenceChanged, who),
		resync() {
			isBegun = true;
			store.apply(everythingStale);
			retry();
		},
	};

	store.listen(react);
	stream = startStream(store.state.userId, stop, {
		event: ({ name, data }) => handlers[name]?.(data),
		status(status) {
			store.apply(connected, status);
			if (status !== "live")
				return;
			/* Who came and went meanwhile was not told. */
			if (isBegun)
				store.apply(becameStale, "presence");
			retry();
			live();
		},
		ready() {
			if (!isBegun)
				store.apply(everythingStale);
			isBegun = true;
		},
	});
	stop.addEventListener("abort", () => {
		clearTimeout(retryTimer);
		clearTimeout(typingTimer);
	});

	return { retry };
}
