/* Who writes, what waits, and how all are called: web/state/ */
import assert from "node:assert/strict";
import { test } from "node:test";

import { chatArrived } from "../../web/state/chats.js";
import { chatsInOrder, nameOf, peopleIn, titleOf, writersIn }
	from "../../web/state/names.js";
import { nextToSend, outboxChanged, pendingOf, refused }
	from "../../web/state/outbox.js";
import { TYPING_MS, peopleArrived, presenceArrived, presenceChanged,
	 subscriptionChanged, typingArrived, typingEnds, typingExpired }
	from "../../web/state/people.js";
import { emptyState } from "../../web/store.js";
import { after, chat, message, page, stateWith, user } from "./fixture.js";

test("who writes is told until they stop or send", () => {
	const now = 1000;
	const writing = typingArrived(stateWith(chat()),
				      { chat_id: "c", user_id: "bob" }, now);
	const names = (state) => writersIn(state, state.chats.c);

	assert.deepEqual(names(writing), ["bob"]);
	assert.equal(typingEnds(writing), now + TYPING_MS);
	assert.deepEqual(names(typingExpired(writing, now)), ["bob"]);
	assert.deepEqual(names(typingExpired(writing, now + TYPING_MS)), []);
	assert.deepEqual(names(after(writing, message(1))), []);
});

test("that one writes oneself, in another tab, is not told", () => {
	const state = stateWith(chat());

	assert.equal(typingArrived(state, { chat_id: "c", user_id: "ann" }, 0),
		     state);
});

test("an entry of the outbox is shown until its message is", () => {
	const entries = [
		{ client_id: "k2", chat_id: "c", text: "later", at: 2 },
		{ client_id: "k1", chat_id: "c", text: "first", at: 1 },
		{ client_id: "k3", chat_id: "d", text: "elsewhere", at: 3 },
	];
	let state = outboxChanged(stateWith(chat(), page(1, 0)), entries);
	const texts = () => pendingOf(state, "c").map((entry) => entry.text);

	assert.deepEqual(texts(), ["first", "later"]);
	state = after(state, message(1, { sender_id: "ann" }));
	assert.deepEqual(texts(), ["later"]);
	state = after(state, message(2, { sender_id: "bob" }));
	assert.deepEqual(texts(), ["later"], "another's id is no match");
});

test("what Kith refused holds up nothing", () => {
	const entries = [refused({ client_id: "a", at: 1 }, "chat_closed"),
			 { client_id: "b", at: 2 }];

	assert.equal(nextToSend(entries).client_id, "b");
	assert.equal(nextToSend(entries.slice(0, 1)), undefined);
});

test("chats with what waits come first, then the latest", () => {
	let state = stateWith(chat({ id: "a" }));

	state = chatArrived(state, chat({ id: "b", last_seq: 1,
					  last_message: message(1) }));
	state = chatArrived(state, chat({ id: "c" }));
	state = outboxChanged(state, [{ client_id: "k", chat_id: "c", at: 1 }]);
	assert.deepEqual(chatsInOrder(state).map((c) => c.id), ["c", "b", "a"]);
});

test("everybody is called something", () => {
	assert.equal(nameOf(user("Bob")), "Bob");
	assert.equal(nameOf(user("x", { nickname: null })), "No name yet");
	assert.equal(nameOf({ id: "x", nickname: null, created_at: null }),
		     "Left Kith");
	assert.equal(nameOf(undefined), "Someone");
	assert.equal(titleOf(chat(), "ann"), "bob");
	assert.equal(titleOf(chat({ members: [] }), "ann"), "Someone");
	assert.equal(titleOf(chat({ kind: "group", title: "T" }), "ann"), "T");
});

test("people are listed by what is between them and oneself", () => {
	const item = (id, state, since) => ({ user: user(id), state, since });
	let state = peopleArrived(emptyState("ann"), [
		item("zoe", "accepted", "2026-01-02"),
		item("bob", "accepted", "2026-01-01"),
		item("cy", "incoming", "2026-01-01"),
		item("di", "incoming", "2026-01-02"),
	]);
	const ids = (which) => peopleIn(state, which).map((i) => i.user.id);

	assert.deepEqual(ids("accepted"), ["bob", "zoe"]);
	assert.deepEqual(ids("incoming"), ["di", "cy"]);
	state = subscriptionChanged(state, "cy",
				    item("cy", "accepted", "2026-01-03"));
	state = subscriptionChanged(state, "di", null);
	assert.deepEqual(ids("accepted"), ["bob", "cy", "zoe"]);
	assert.deepEqual(ids("incoming"), []);
});

test("presence is what came last", () => {
	let state = presenceArrived(emptyState("ann"), [
		{ user_id: "bob", online: true, seen_at: null }]);

	assert.equal(state.presence.bob.online, true);
	state = presenceChanged(state, {
		user_id: "bob", online: false, seen_at: "x" });
	assert.equal(state.presence.bob.online, false);
});
