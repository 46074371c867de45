/* Several tabs of one user stay in step. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { browserOf, button, composer, openTab, pair, say, shows, until,
	 write } from "./harness.js";

/* Two tabs of Ann's, and how many streams they opened. */
async function twoTabs(firstHash = "", secondHash = "") {
	const { ann, bob, chat } = await pair();
	const context = await browserOf(ann);
	const streams = [];

	context.on("request", (request) => {
		if (request.url().endsWith("/stream"))
			streams.push(request);
	});
	const tabs = [];

	for (const hash of [firstHash, secondHash]) {
		const tab = await openTab(context, hash.replace("ID", chat.id));

		await tab.locator(`#row-${chat.id}`).waitFor();
		tabs.push(tab);
	}
	return { ann, bob, chat, first: tabs[0], second: tabs[1], streams };
}

test("what is sent in one tab is seen in the other", async () => {
	const { first, second, bob, chat, streams } =
		await twoTabs("#/chat/ID", "#/chat/ID");

	await write(first, "from the first");
	await shows(second, ["from the first"]);
	await write(second, "from the second");
	await shows(first, ["from the first", "from the second"]);
	await say(bob, chat, "from elsewhere");
	for (const tab of [first, second])
		await shows(tab, ["from the first", "from the second",
				  "from elsewhere"]);
	assert.equal(streams.length, 1, "one stream serves both");
});

test("what is read in one tab is not unread in the other", async () => {
	const { first, second, bob, chat } = await twoTabs();

	await say(bob, chat, "Hello");
	for (const tab of [first, second])
		await until(async () => await tab.title() === "(1) Kith");
	await first.locator(`#row-${chat.id}`).click();
	await shows(first, ["Hello"]);
	await until(async () => await second.title() === "Kith");
});

test("when the tab with the stream closes, the other goes on", async () => {
	const { first, second, bob, chat } = await twoTabs("", "#/chat/ID");

	await say(bob, chat, "one");
	await shows(second, ["one"]);
	await first.close();
	await say(bob, chat, "two");
	await shows(second, ["one", "two"]);
	await say(bob, chat, "three");
	await shows(second, ["one", "two", "three"]);
});

test("a tab that is put to sleep keeps the stream from nobody", async () => {
	const { first, second, bob, chat } = await twoTabs("", "#/chat/ID");
	const debug = await first.context().newCDPSession(first);
	const sleeps = new Promise((resolve) =>
		debug.once("Debugger.paused", resolve));

	await say(bob, chat, "one");
	await shows(second, ["one"]);
	await debug.send("Debugger.enable");
	await debug.send("Debugger.pause");
	await say(bob, chat, "two");
	await sleeps;
	await second.evaluate(() => document.dispatchEvent(
		new Event("visibilitychange")));
	await shows(second, ["one", "two"]);
	await debug.send("Debugger.resume");
	await say(bob, chat, "three");
	await shows(second, ["one", "two", "three"]);
	await until(async () => await first.title() === "Kith");
});

test("a logout in one tab is one in all, and so is a login", async () => {
	const { ann, first, second } = await twoTabs("#/me", "#/chat/ID");

	await composer(second).waitFor();
	await button(first, "Log out").click();
	for (const tab of [first, second])
		await tab.getByLabel("E-mail address").waitFor();
	assert.equal(await second.locator(".shell").count(), 0);

	await second.getByLabel("E-mail address").fill(ann.email);
	await second.getByLabel("Password", { exact: true })
		.fill(ann.password);
	await button(second, "Log in").click();
	for (const tab of [first, second])
		await tab.getByText(ann.nickname).first().waitFor();
});

test("without locks each tab helps itself", async () => {
	const { ann, bob, chat } = await pair();
	const context = await browserOf(ann);

	await context.addInitScript(() => {
		delete Navigator.prototype.locks;
		delete Crypto.prototype.randomUUID;
	});
	const first = await openTab(context, `#/chat/${chat.id}`);
	const second = await openTab(context, `#/chat/${chat.id}`);

	await write(first, "from the first");
	await shows(second, ["from the first"]);
	await say(bob, chat, "from elsewhere");
	for (const tab of [first, second])
		await shows(tab, ["from the first", "from elsewhere"]);
});
