/* Chats and what happens in them: web/store.js and web/state/ */
import assert from "node:assert/strict";
import { test } from "node:test";

import { chatArrived, chatGone, chatsArrived, gaps, markArrived, pageArrived }
	from "../../web/state/chats.js";
import { markOf, unreadTotal } from "../../web/state/names.js";
import { peopleArrived, typingArrived } from "../../web/state/people.js";
import { becameFresh, becameStale, everythingStale, loadFailed }
	from "../../web/state/stale.js";
import { createStore, emptyState, routed } from "../../web/store.js";
import { after, chat, member, message, page, seqs, stateWith }
	from "./fixture.js";

test("a state is never changed", () => {
	const freeze = (value) => {
		Object.values(value ?? {}).forEach((v) =>
			typeof v === "object" && freeze(v));
		return value && Object.freeze(value);
	};
	const state = freeze(stateWith(chat({ last_seq: 2 }), page(1, 2)));

	after(state, message(3), message(2, { deleted: true, text: null }));
	markArrived(state, "read", { chat_id: "c", user_id: "bob", seq: 2 });
	chatGone(state, "c");
	everythingStale(state);
	typingArrived(state, { chat_id: "c", user_id: "bob" }, 0);
});

test("a store tells of each change, and of nothing else", () => {
	const store = createStore(emptyState());
	const told = [];
	const stop = store.listen((state) => told.push(state.route.name));

	store.apply(routed, { name: "people", id: null });
	store.apply((state) => state);
	stop();
	store.apply(routed, { name: "me", id: null });
	assert.deepEqual(told, ["people"]);
	assert.equal(store.state.route.name, "me");
});

test("a message of another counts as unread, one's own doesn't", () => {
	const state = after(stateWith(chat()), message(1),
			    message(2, { sender_id: "ann" }));

	assert.equal(state.chats.c.unread, 1);
	assert.equal(state.chats.c.last_seq, 2);
	assert.equal(state.chats.c.last_message.seq, 2);
	assert.equal(unreadTotal(state), 1);
});

test("a message that comes twice counts once", () => {
	const state = after(stateWith(chat(), page(1, 0)),
			    message(1), message(1));

	assert.equal(state.chats.c.unread, 1);
	assert.deepEqual(seqs(state), [1]);
});

test("messages are in the order of seq, whatever that of arrival", () => {
	let state = after(stateWith(chat(), page(1, 0)), message(2));

	assert.deepEqual(seqs(state), []);
	assert.deepEqual(gaps(state), ["c"]);
	state = pageArrived(state, "c", "newer", page(1, 2));
	assert.deepEqual(seqs(state), [1, 2]);
	assert.deepEqual(gaps(state), []);
});

test("after a gap the unread have to be counted by Kith", () => {
	assert.deepEqual(after(stateWith(chat()), message(2)).stale,
			 { "chat/c": 1 });
});

test("an edit and a deletion replace what is shown, in any order", () => {
	const edits = [
		message(1, { text: "a", edited_at: "2026-11-26T09:00:00Z" }),
		message(1, { text: "b", edited_at: "2026-11-26T09:00:01Z" }),
		message(1, { text: null, deleted: true }),
	];
	const state = stateWith(chat({ last_seq: 1, last_message: message(1) }),
				page(1, 1));

	for (const order of [[0, 1], [1, 0], [1, 1]]) {
		const next = after(state, ...order.map((i) => edits[i]));

		assert.equal(next.histories.c.items[0].text, "b");
		assert.equal(next.chats.c.last_message.text, "b");
	}
	for (const order of [[0, 2], [2, 1], [2, 0]]) {
		const next = after(state, ...order.map((i) => edits[i]));

		assert.equal(next.histories.c.items[0].deleted, true);
		assert.equal(next.chats.c.last_message.deleted, true);
	}
});

test("a message of an unknown chat makes that chat be loaded", () => {
	const state = after(stateWith(chat()), message(1, { chat_id: "d" }));

	assert.deepEqual(state.stale, { "chat/d": 1 });
});

test("before the chats came, what happens makes them be loaded again", () => {
	let state = becameStale(emptyState("ann"), "chats");

	state = after(state, message(1));
	state = chatsArrived(state, [chat()], [], 1);
	assert.deepEqual(state.stale, { chats: 2 });
	state = chatsArrived(state, [chat({ last_seq: 1 })], ["c"], 2);
	assert.deepEqual(state.stale, {});
});

test("an answer older than the events does not take them back", () => {
	const old = chat();
	let state = after(stateWith(chat()), message(1));

	state = markArrived(state, "read",
			    { chat_id: "c", user_id: "bob", seq: 1 });
	state = chatArrived(state, old, 1);
	assert.equal(state.chats.c.last_seq, 1);
	assert.equal(state.chats.c.unread, 1);
	assert.equal(markOf(state.chats.c, 1, "ann"), "read");
});

test("a chat that is no longer listed is gone, a new one is not", () => {
	let state = stateWith(chat(), page(1, 0));

	state = chatArrived(state, chat({ id: "d" }));
	state = chatsArrived(state, [], ["c"], 1);
	assert.deepEqual(Object.keys(state.chats), ["d"]);
	assert.deepEqual(state.histories, {});
});

test("reading all clears the unread, reading some asks Kith", () => {
	const state = after(stateWith(chat()), message(1), message(2));
	const read = (seq) => markArrived(state, "read", {
		chat_id: "c", user_id: "ann", seq });

	assert.equal(read(2).chats.c.unread, 0);
	assert.deepEqual(read(2).stale, {});
	assert.deepEqual(read(1).stale, { "chat/c": 1 });
});

test("marks tell what all others did, and never go back", () => {
	const members = [member("ann"), member("bob"), member("cy")];
	let state = stateWith(chat({ kind: "group", members, last_seq: 5 }));
	const mark = (kind, user_id, seq) => {
		state = markArrived(state, kind,
				    { chat_id: "c", user_id, seq });
		return [4, 5].map((n) => markOf(state.chats.c, n, "ann"));
	};

	assert.deepEqual(mark("received", "bob", 5), ["sent", "sent"]);
	assert.deepEqual(mark("received", "cy", 4), ["received", "sent"]);
	assert.deepEqual(mark("read", "bob", 5), ["received", "sent"]);
	assert.deepEqual(mark("read", "cy", 5), ["read", "read"]);
	assert.deepEqual(mark("read", "cy", 3), ["read", "read"]);
});

test("alone in a chat, what one writes is sent and no more", () => {
	assert.equal(markOf(chat({ members: [member("ann")] }), 1, "ann"),
		     "sent");
});

test("older messages come above, without those that are here", () => {
	let state = stateWith(chat({ last_seq: 9 }), page(6, 9, "6"));

	state = pageArrived(state, "c", "older", page(3, 6, "3"));
	assert.deepEqual(seqs(state), [3, 4, 5, 6, 7, 8, 9]);
	assert.equal(state.histories.c.before, "3");
	state = pageArrived(state, "c", "older", page(1, 2));
	assert.equal(state.histories.c.before, null);
});

test("what came while the newest page was under way is not lost", () => {
	let state = stateWith(chat({ last_seq: 2 }), page(1, 2));

	state = everythingStale(routed(state, { name: "chat", id: "c" }));
	state = after(state, message(3));
	assert.deepEqual(gaps(state), []);
	state = pageArrived(state, "c", "newest", page(1, 2));
	assert.deepEqual(seqs(state), [1, 2, 3]);
	assert.equal(state.histories.c.old, undefined);
});

test("after a resync only the open chat's messages are kept", () => {
	let state = stateWith(chat(), page(1, 0));

	state = everythingStale(routed(state, { name: "chats", id: null }));
	assert.deepEqual(state.histories, {});
	assert.deepEqual(Object.keys(state.stale).sort(),
			 ["chats", "me", "notifications", "people",
			  "preferences", "presence"]);
});

test("what became stale again while it was loaded stays so", () => {
	let state = becameStale(emptyState("ann"), "people");

	state = becameStale(state, "people");
	state = peopleArrived(state, [], 1);
	assert.deepEqual(state.stale, { people: 2 });
	assert.deepEqual(peopleArrived(state, [], 2).stale, {});
});

test("what failed is forgotten once it comes", () => {
	const state = loadFailed(emptyState("ann"), "chats", new Error());

	assert.deepEqual(becameFresh(state, "chats").failed, {});
});
