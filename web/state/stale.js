/*
 * stale.js - what has to be loaded (again): "me", "chats", "people",
 * "presence", "notifications", "preferences", "identities", and "chat/ID" for
 * one chat.
 *
 * A key has a number, which grows each time the thing becomes stale: what was
 * asked for before that does not make it fresh.
 */

/* A plain object without some keys. */
export function without(object, ...keys) {
	return Object.fromEntries(Object.entries(object)
		.filter(([key]) => !keys.includes(key)));
}

export function becameStale(state, ...keys) {
	const stale = { ...state.stale };

	for (const key of keys)
		stale[key] = (stale[key] ?? 0) + 1;
	return { ...state, stale };
}

/* What was asked for when key had this number has come. */
export function becameFresh(state, key, number) {
	const failed = key in state.failed ?
		without(state.failed, key) : state.failed;
	const stale = state.stale[key] === number ?
		without(state.stale, key) : state.stale;

	return { ...state, failed, stale };
}

export const loadFailed = (state, key, error) =>
	({ ...state, failed: { ...state.failed, [key]: error } });

/* The stream could not continue: anything may have happened meanwhile. */
export function everythingStale(state) {
	const histories = Object.fromEntries(
		Object.entries(state.histories)
			.filter(([id]) => id === state.route.id)
			.map(([id, history]) =>
				[id, { ...history, old: true }]));
	const notifications = { ...state.notifications,
				isSure: false, isOld: true };

	return becameStale({ ...state, histories, notifications },
			   "me", "chats", "people", "presence",
			   "notifications", "preferences");
}
