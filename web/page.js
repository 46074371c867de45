/*
 * page.js - the one store of this tab, and what runs while somebody is
 * logged in.
 */
import { createOutbox } from "./outbox.js";
import { startPush } from "./push.js";
import { isSecret, routeOf } from "./route.js";
import * as session from "./session.js";
import { createStore, emptyState, routed } from "./store.js";
import { startSync } from "./sync.js";

export const store = createStore(emptyState());

/* Null while nobody is logged in. */
export let outbox = null;
export let sync = null;

let ending = new AbortController();

/* Where the address leads.  A secret is not left in it for others to see. */
function takeRoute() {
	const route = routeOf(location.hash);

	if (isSecret(route))
		history.replaceState(null, "", "/");
	return route;
}

function reset(state, userId) {
	return { ...emptyState(userId), route: state.route };
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
	store.apply(routed, takeRoute());
	addEventListener("hashchange", () =>
		store.apply(routed, takeRoute()));
	session.onChange((now) => {
		if ((now?.user_id ?? null) !== store.state.userId)
			change(now?.user_id ?? null);
	});
	change(session.current()?.user_id ?? null);
}
