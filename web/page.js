/*
 * page.js - the one store of this tab, and what runs while somebody is
 * logged in.
 */
import { createOutbox } from "./outbox.js";
import { startPush } from "./push.js";
import { routeOf } from "./route.js";
import * as session from "./session.js";
import { createStore, emptyState, routed } from "./store.js";
import { startSync } from "./sync.js";

export const store = createStore(emptyState());

/* Null while nobody is logged in. */
export let outbox = null;
export let sync = null;

let ending = new AbortController();

function reset(state, userId) {
	return { ...emptyState(userId), route: routeOf(location.hash) };
}

/* Another user, or none: nothing of the one before stays. */
function change(userId) {
	ending.abort();
	ending = new AbortController();
	outbox = sync = null;
	store.apply(reset, userId);
	if (!userId)
		return;
	const push = startPush(store, ending.signal);

	outbox = createOutbox(store, ending.signal);
	sync = startSync(store, ending.signal, () => {
		outbox.flush();
		push.live();
	});
}

export function start() {
	addEventListener("hashchange", () =>
		store.apply(routed, routeOf(location.hash)));
	session.onChange((now) => {
		if ((now?.user_id ?? null) !== store.state.userId)
			change(now?.user_id ?? null);
	});
	change(session.current()?.user_id ?? null);
}
