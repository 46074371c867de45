/* fixture.js - Ann's state, and what happens to it. */
import { chatsArrived, messageArrived, pageArrived }
	from "../../web/state/chats.js";
import { becameStale } from "../../web/state/stale.js";
import { emptyState } from "../../web/store.js";

export const user = (id, more) => ({
	id, nickname: id, about: null, avatar: null,
	created_at: "2026-11-26T08:00:00Z", ...more });

export const member = (id, marks) => ({ user: user(id), role: "member",
				 received_seq: 0, read_seq: 0, ...marks });

export function message(seq, more) {
	return { chat_id: "c", seq, sender_id: "bob", client_id: `k${seq}`,
		 text: `text ${seq}`, edited_at: null, deleted: false,
		 sent_at: `2026-11-26T08:00:${10 + seq}.000Z`, ...more };
}

export function chat(more) {
	return { id: "c", kind: "pair", title: null, last_seq: 0,
		 members: [member("ann"), member("bob")], last_message: null,
		 unread: 0, created_at: "2026-11-26T08:00:00.000Z", ...more };
}

export const page = (from, to, next = null) => ({ next, items: Array.from(
	{ length: to - from + 1 }, (_, i) => message(from + i)) });

/* Ann's state with a chat in it, and its newest page if there is one. */
export function stateWith(theChat, thePage) {
	let state = chatsArrived(becameStale(emptyState("ann"), "chats"),
				 [theChat], [], 1);

	if (thePage)
		state = pageArrived(state, theChat.id, "newest", thePage);
	return state;
}

export const seqs = (state) => state.histories.c.items.map((m) => m.seq);

/* state after messages, in this order. */
export const after = (state, ...messages) =>
	messages.reduce(messageArrived, state);
