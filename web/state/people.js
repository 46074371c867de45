/*
 * people.js - subscriptions, who is there and who is writing.
 */
import { becameFresh, without } from "./stale.js";

/* After an event or the last key; the others send one every 3 s. */
export const TYPING_MS = 6000;

export function peopleArrived(state, items, number) {
	return becameFresh({
		...state,
		known: { ...state.known, people: true },
		subscriptions: Object.fromEntries(
			items.map((item) => [item.user.id, item])),
	}, "people", number);
}

/* What an action of one's own answered; null where nothing is left. */
export function subscriptionChanged(state, userId, subscription) {
	const rest = without(state.subscriptions, userId);

	return {
		...state,
		subscriptions: subscription ?
			{ ...rest, [userId]: subscription } : rest,
	};
}

export function presenceArrived(state, items, number) {
	return becameFresh({
		...state,
		presence: Object.fromEntries(items.map((p) => [p.user_id, p])),
	}, "presence", number);
}

export const presenceChanged = (state, presence) => ({
	...state,
	presence: { ...state.presence, [presence.user_id]: presence },
});

export function typingArrived(state, { chat_id, user_id }, now) {
	if (user_id === state.userId)
		return state;
	const typing = { ...state.typing[chat_id],
			 [user_id]: now + TYPING_MS };

	return { ...state, typing: { ...state.typing, [chat_id]: typing } };
}

export function typingExpired(state, now) {
	const typing = Object.entries(state.typing)
		.map(([id, users]) => [id, Object.fromEntries(
			Object.entries(users)
				.filter(([, until]) => until > now))])
		.filter(([, users]) => Object.keys(users).length > 0);

	return { ...state, typing: Object.fromEntries(typing) };
}

/* When the next of those who write is taken to have stopped; or undefined. */
export function typingEnds(state) {
	const ends = Object.values(state.typing)
		.flatMap((users) => Object.values(users));

	return ends.length ? Math.min(...ends) : undefined;
}
