/*
 * outbox.js - messages that Kith has not confirmed yet.
 *
 * An entry is {client_id, chat_id, text, at, code?}: at orders them, code says
 * why Kith refused it.
 */
import { without } from "./stale.js";

export const inOrder = (entries) => entries.toSorted((a, b) => a.at - b.at);

export const outboxChanged = (state, entries) =>
	({ ...state, outbox: inOrder(entries) });

/* The next to be sent, or undefined. */
export const nextToSend = (entries) =>
	inOrder(entries).find((entry) => !entry.code);

/* An empty one is none. */
export const draftChanged = (state, chatId, text) => ({
	...state,
	drafts: text.trim() ? { ...state.drafts, [chatId]: text } :
		without(state.drafts, chatId),
});

/* Those of a chat which are not in its history already. */
export function pendingOf(state, chatId) {
	const sent = new Set((state.histories[chatId]?.items ?? [])
		.filter((message) => message.sender_id === state.userId)
		.map((message) => message.client_id));

	return state.outbox.filter((entry) =>
		entry.chat_id === chatId && !sent.has(entry.client_id));
}

export const refused = (entry, code) => ({ ...entry, code });
export const again = (entry) => without(entry, "code");
