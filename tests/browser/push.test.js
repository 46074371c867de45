/* What is pushed is shown by the service worker: web/sw.js */
import assert from "node:assert/strict";
import { test } from "node:test";

import { composer, pair, until } from "./harness.js";
import { happens, openPushed, shown, titlesOf } from "./pushes.js";

const payload = (chatId, more) => ({
	kind: "message", number: 7, title: "Bob", body: "Hello", unread: 3,
	data: { chat_id: chatId, seq: 1, sender_id: "b", count: 1 },
	tag: chatId, ...more,
});

test("a push is shown, and its number on the icon", async () => {
	const { ann, chat } = await pair();
	const { worker, push, untilShown } = await openPushed(ann);

	await worker.evaluate(() => {
		self.navigator.setAppBadge = async (n) => { self.badge = n; };
	});
	await push(payload(chat.id));
	const [one] = await untilShown("Bob");

	assert.deepEqual([one.body, one.tag, one.data.hash],
			 ["Hello", chat.id, `#/chat/${chat.id}`]);
	await until(() => worker.evaluate(() => self.badge === 3));
});

test("what can't be read is shown all the same", async () => {
	const { ann } = await pair();

	for (const broken of ["{", "null", "[]", "{\"kind\":\"message\"}"]) {
		const { push, untilShown } = await openPushed(ann);

		await push(broken);
		const [one] = await untilShown("Kith");

		assert.equal(one.body, "There is something new.");
		assert.equal(one.data.hash, "#/notifications");
	}
});

test("a newer one takes the place of the one before it", async () => {
	const { ann, chat } = await pair();
	const { push, untilShown } = await openPushed(ann);

	await push(payload(chat.id));
	await untilShown("Bob");
	await push(payload(chat.id, { number: 8, title: "Bob · 2" }));
	const [second, ...others] = await untilShown("Bob · 2");

	assert.deepEqual([others, second.renotify], [[], true]);
	await push(payload(chat.id, { number: 8, title: "Bob · two" }));
	const [again] = await untilShown("Bob · two");

	assert.equal(again.renotify, false, "pushed twice it is heard once");
});

test("what one looks at is not shown", async () => {
	const { ann, chat } = await pair();
	const { page, worker, push, untilShown } =
		await openPushed(ann, `#/chat/${chat.id}`);

	await composer(page).waitFor();
	await push(payload(chat.id));
	await push(payload(ann.id, { title: "elsewhere" }));
	await untilShown("elsewhere");
	assert.deepEqual(await titlesOf(worker), ["elsewhere"]);

	await page.evaluate(() => {
		Document.prototype.hasFocus = () => false;
	});
	await push(payload(chat.id));
	await untilShown("Bob");
});

test("a page that sleeps keeps nothing from being shown", async () => {
	const { ann, chat } = await pair();
	const { page, worker, push } =
		await openPushed(ann, `#/chat/${chat.id}`);
	const debug = await page.context().newCDPSession(page);

	await composer(page).waitFor();
	await debug.send("Debugger.enable");
	await debug.send("Debugger.pause");
	await push(payload(chat.id));
	await until(async () => (await titlesOf(worker)).length === 1);
	await debug.send("Debugger.resume");
});

for (const [kind, data, where] of [
	["message", { chat_id: "ID" }, "#/chat/ID"],
	["request", { user_id: "ID" }, "#/person/ID"],
	["accepted", { user_id: "ID" }, "#/person/ID"],
	["login", { session_id: "ID", device: "A phone" }, "#/notifications"],
	["service", { chat_id: "ID" }, "#/notifications"],
])
	test(`a click on ${kind} leads to ${where}`, async () => {
		const { ann, bob, chat } = await pair();
		const id = kind === "message" ? chat.id : bob.id;
		const of = JSON.parse(JSON.stringify(data).replace("ID", id));
		const { page, worker, push, untilShown } =
			await openPushed(ann, "#/people");

		await push(payload(chat.id, { kind, data: of }));
		await untilShown("Bob");
		await happens(worker, "notificationclick", chat.id);
		await until(() =>
			page.url().endsWith(where.replace("ID", id)));
		assert.deepEqual(await shown(page), []);
	});

test("a click without a page opens one", async () => {
	const { ann, chat } = await pair();
	const { page, worker, push, untilShown } = await openPushed(ann);

	await push(payload(chat.id));
	await untilShown("Bob");
	await worker.evaluate(() => {
		self.clients.openWindow = async (url) => { self.opened = url; };
	});
	await page.goto("about:blank");
	await happens(worker, "notificationclick", chat.id);
	assert.equal(await worker.evaluate(() => self.opened),
		     `/#/chat/${chat.id}`);
});
