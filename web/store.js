/*
 * store.js - all that the page knows, in one place.
 *
 * The state is never changed: state/ holds pure functions from one state and
 * what happened to the next, and store.apply() runs them.  Nothing here or
 * there touches the document, the network or the clock.
 */
import { NONE } from "./state/notifications.js";

export function emptyState(userId = null) {
	return {
		userId,			/* null: nobody is logged in */
		me: null,		/* one's own profile */
		chats: {},		/* by id */
		histories: {},		/* by chat; state/history.js */
		subscriptions: {},	/* by user */
		presence: {},		/* by user: {online, seen_at} */
		typing: {},		/* by chat and user: until when, ms */
		outbox: [],		/* state/outbox.js */
		drafts: {},		/* by chat: what was begun */
		notifications: NONE,	/* state/notifications.js */
		preferences: null,	/* there too */
		unsaved: {},		/* of them */
		known: {},		/* "chats", "people": came once */
		stale: {},		/* to be loaded; state/stale.js */
		failed: {},		/* what could not be: the error */
		connection: "connecting", /* live, waiting or offline */
		route: { name: "chats", id: null },
		notice: null,		/* {kind: "error" or "done", text} */
		signingIn: null,	/* the site that is asked, or null */
		identities: null,	/* at other sites; null: unknown */
	};
}

/*
 * apply(change, ...values) makes change(state, ...values) the state; listeners
 * are told if it is another one.
 */
export function createStore(initial) {
	const listeners = new Set();
	let state = initial;

	return {
		get state() {
			return state;
		},
		apply(change, ...values) {
			const next = change(state, ...values);

			if (next === state)
				return;
			state = next;
			for (const listener of [...listeners])
				listener(state);
		},
		listen(listener) {
			listeners.add(listener);
			return () => listeners.delete(listener);
		},
	};
}

/* Changes that belong to no part. */
export const routed = (state, route) => ({ ...state, route });

export const connected = (state, connection) =>
	connection === state.connection ? state : { ...state, connection };

export const meArrived = (state, me) => ({ ...state, me });

export const identitiesArrived = (state, identities) =>
	({ ...state, identities });

export const noticed = (state, notice) => ({ ...state, notice });

export const signingIn = (state, title) => ({ ...state, signingIn: title });
