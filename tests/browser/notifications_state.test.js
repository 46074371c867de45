/* What Kith tells of: web/state/notifications.js */
import assert from "node:assert/strict";
import { test } from "node:test";

import { areWanted, isMuted, muteChanged, newsArrived, notificationGone,
	 notificationTold, notificationsArrived, notificationsOld,
	 notificationsRead, olderArrived, preferencesArrived,
	 preferencesChosen, preferencesSaved }
	from "../../web/state/notifications.js";
import { everythingStale } from "../../web/state/stale.js";
import { emptyState, routed } from "../../web/store.js";

function item(number, more) {
	return { number, kind: "service", title: `title ${number}`, body: null,
		 data: {}, created_at: "2026-11-26T08:00:00.000Z",
		 read: false, ...more };
}

const message = (number, chat_id, more) =>
	item(number, { kind: "message", data: { chat_id }, ...more });

const numbers = (state) => state.notifications.items.map((it) => it.number);
const unread = (state) => state.notifications.unread;

const page = (items, count, next = null) => ({ items, unread: count, next });
const asked = (state) => state.stale.notifications;

const begun = () => everythingStale(emptyState("ann"));

/* Ann's state with these of hers, of which count are unread. */
function stateWith(items, count, next) {
	const state = begun();

	return notificationsArrived(state, page(items, count, next),
				    asked(state));
}

const told = (state, number, count, kind = "message") =>
	notificationTold(state, { number, kind: number && kind,
				  unread: count });

test("what came is there, and nothing is asked for again", () => {
	const state = stateWith([item(2), item(1, { read: true })], 1);

	assert.deepEqual([numbers(state), unread(state)], [[2, 1], 1]);
	assert.equal(asked(state), undefined);
});

test("an event counts at once, and what it tells of is loaded late", () => {
	const state = told(stateWith([item(1)], 1), 2, 2);
	const open = routed(state, { name: "notifications", id: null });

	assert.deepEqual([numbers(state), unread(state)], [[1], 2]);
	assert.ok(asked(state));
	assert.deepEqual([areWanted(state), areWanted(open)], [false, true]);
	assert.ok(!open.notifications.isOld, "only what is newer is loaded");
});

test("before the first answer and after a gap all is asked for", () => {
	assert.ok(areWanted(begun()));
	const state = everythingStale(stateWith([item(1)], 1));

	assert.ok(areWanted(state) && state.notifications.isOld);
	assert.equal(unread(state), 1, "and kept until then");
});

test("an answer that is older than an event does not count", () => {
	const before = begun();
	const state = notificationsArrived(
		told(before, 2, 2), page([item(1)], 1), asked(before));

	assert.equal(unread(state), 2);
	assert.ok(asked(state) && state.notifications.isOld);
	const after = notificationsArrived(state, page([item(2), item(1)], 1),
					   asked(state));

	assert.equal(unread(after), 1);
	assert.equal(asked(after), undefined);
});

test("new ones come on top, in place of those about the same", () => {
	const before = told(stateWith([
		message(4, "a"), message(3, "b"),
		message(2, "a", { read: true }), item(1),
	], 3), 6, 3);
	const state = newsArrived(before, page(
		[message(5, "b"), message(6, "a")], 3), asked(before));

	assert.deepEqual(numbers(state), [6, 5, 2, 1]);
	assert.equal(asked(state), undefined);
});

test("what a person did last is in place of what they did", () => {
	const of = (number, kind, user_id) =>
		item(number, { kind, data: { user_id } });
	const before = told(stateWith([
		of(2, "request", "bob"), of(1, "service", "bob")], 2), 4, 3);
	const state = newsArrived(before, page(
		[of(3, "request", "eve"), of(4, "accepted", "bob")], 3),
				  asked(before));

	assert.deepEqual(numbers(state), [4, 3, 1]);
});

test("more than a page of new ones is asked for again", () => {
	const before = told(stateWith([item(1)], 1), 3, 3);
	const half = newsArrived(before, page([item(2)], 3, "more"),
				 asked(before));

	assert.ok(asked(half));
	const state = newsArrived(half, page([item(3)], 3), asked(half));

	assert.deepEqual(numbers(state), [3, 2, 1]);
	assert.equal(asked(state), undefined);
});

test("what was read elsewhere is loaded anew, unless it is known", () => {
	const state = stateWith([item(2), item(1)], 2);
	const elsewhere = told(state, null, 0);

	assert.equal(unread(elsewhere), 0);
	assert.ok(elsewhere.notifications.isOld);
	assert.equal(told(state, null, 2), state);
	const here = notificationsRead(state, 2);

	assert.equal(told(here, null, 0), here);
});

test("a service may take back what only Kith knows", () => {
	const state = told(stateWith([item(1)], 1), 2, 1, "service");

	assert.ok(state.notifications.isOld);
});

test("in another language all of them are loaded anew", () => {
	const { stale, notifications } =
		notificationsOld(stateWith([item(1)], 1));

	assert.ok(stale.notifications && notifications.isOld);
});

test("one that is read on the way stays to be loaded anew", () => {
	const before = told(stateWith([item(1)], 1), 2, 2);
	const meanwhile = told(before, null, 1);
	const state = newsArrived(meanwhile, page([item(2)], 2),
				  asked(before));

	assert.equal(unread(state), 1);
	assert.ok(state.notifications.isOld && asked(state));
});

test("what is read up to the newest leaves nothing unread", () => {
	const state = stateWith([item(3), item(2)], 4, "more");
	const read = notificationsRead(state, 3);

	assert.equal(unread(read), 0);
	assert.ok(read.notifications.items.every((it) => it.read));
	assert.equal(unread(notificationsRead(told(state, 4, 5), 3)), 5,
		     "what came meanwhile is not");
});

test("what is gone is no newest that was not loaded", () => {
	const before = told(told(stateWith([item(1)], 1), 2, 2), null, 1);
	const state = notificationsArrived(before, page([item(1)], 1),
					   asked(before));

	assert.equal(unread(notificationsRead(state, 1)), 0);
});

test("older ones come below, once", () => {
	const state = olderArrived(stateWith([item(4), item(3)], 0, "more"),
				   page([item(3), item(2), item(1)], 0));

	assert.deepEqual(numbers(state), [4, 3, 2, 1]);
	assert.equal(state.notifications.next, null);
});

test("one that is deleted is gone, its count comes by the stream", () => {
	const state = notificationGone(stateWith([item(2), item(1)], 2), 2);

	assert.deepEqual([numbers(state), unread(state)], [[1], 2]);
});

test("preferences change one by one, and chats are muted", () => {
	const preferences = { language: "en", message: true, request: true,
			      accepted: true, login: true, service: true,
			      muted_chats: ["a"] };
	let state = preferencesArrived(begun(), preferences, 1);

	state = preferencesChosen(state, { login: false, language: "ru" });
	assert.deepEqual(state.preferences,
			 { ...preferences, login: false, language: "ru" });
	state = muteChanged(muteChanged(state, "b", true), "a", false);
	assert.deepEqual([isMuted(state, "a"), isMuted(state, "b")],
			 [false, true]);
	assert.ok(!isMuted(begun(), "a"), "while they are not known");
});

test("what is chosen stays, whatever comes before it is saved", () => {
	const old = { language: "en", login: true, muted_chats: [] };
	let state = preferencesArrived(begun(), old, 1);

	state = preferencesChosen(state, { login: false });
	state = preferencesChosen(state, { language: "ru" });
	state = preferencesArrived(state, old, 2);
	assert.deepEqual(state.preferences,
			 { language: "ru", login: false, muted_chats: [] });
	state = preferencesSaved(state);
	assert.equal(state.stale.preferences, 1);
	assert.deepEqual(preferencesArrived(state, old, 1).preferences, old);
});
