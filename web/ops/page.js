/*
 * page.js - the one store of the operations page, and its changes.
 */
import { createStore } from "../store.js";
import * as api from "./api.js";
import { NOTHING, answered } from "./history.js";
import { poll } from "./poll.js";

const emptyState = () => ({
	isLoggedIn: api.isLoggedIn(),
	refused: null,			/* why the token is no longer good */
	history: NOTHING,
	failed: null,			/* why there is no answer; null: live */
	chosen: location.hash.slice(1),	/* the function that is looked at */
});

export const store = createStore(emptyState());

let polling = new AbortController();

/* Changes. */
const took = (state, answer, at_s) => ({
	...state, failed: null,
	history: answered(state.history, answer, at_s),
});
const away = (state, failed) => ({ ...state, failed });
const chose = (state, chosen) => ({ ...state, chosen });
const reset = (_, refused) => ({ ...emptyState(), refused });

function begin() {
	polling.abort();
	polling = new AbortController();
	poll(polling.signal, {
		took: (answer) => store.apply(took, answer, Date.now() / 1000),
		away: (error) => store.apply(away, error),
		refused: loggedOut,
	});
}

export async function login(token) {
	await api.login(token);
	store.apply(reset, null);
	begin();
}

/* refused: the error, if somebody is logged out for it. */
export function loggedOut(refused = null) {
	polling.abort();
	api.logout();
	store.apply(reset, refused);
}

export function start() {
	addEventListener("hashchange", () =>
		store.apply(chose, location.hash.slice(1)));
	if (store.state.isLoggedIn)
		begin();
}
