/* Connections that break: nothing is lost, and nothing comes twice. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, befriend, browserOf, button, chatOf, composer, expect, openTab,
	 pair, register, say, shows, texts, until, write } from "./harness.js";

/* What browsers log of requests without a network. */
const NO_NETWORK = /ERR_INTERNET_DISCONNECTED/;

const history = async (account, chat) =>
	(await ask(account, "GET", `/messages/chat/${chat.id}?limit=100`))
		.body.items.map((message) => message.text);

test("who was offline gets and sends all, once and in order", async () => {
	const { ann, bob, chat } = await pair();
	const context = await browserOf(ann);
	const hers = await openTab(context, `#/chat/${chat.id}`);
	const his = await openTab(await browserOf(bob), `#/chat/${chat.id}`);

	expect(NO_NETWORK);
	await write(hers, "before");
	await shows(his, ["before"]);
	await context.setOffline(true);
	await hers.getByText("You are offline.").waitFor();
	await write(hers, "from the tunnel 1");
	await write(hers, "from the tunnel 2");
	await write(his, "to the tunnel 1");
	await write(his, "to the tunnel 2");
	await shows(hers, ["before", "from the tunnel 1", "from the tunnel 2"]);
	assert.equal(await hers.locator(".mark.waiting").count(), 2);
	await until(async () => (await history(bob, chat)).length === 3);

	await context.setOffline(false);
	const all = ["before", "to the tunnel 1", "to the tunnel 2",
		     "from the tunnel 1", "from the tunnel 2"];

	await shows(hers, all);
	await shows(his, all);
	assert.deepEqual(await history(bob, chat), all);
	await hers.getByText("You are offline.").waitFor({ state: "detached" });
	await write(his, "after");
	await shows(hers, [...all, "after"]);
});

test("what was written offline is sent by the next tab", async () => {
	const { ann, bob, chat } = await pair();
	const context = await browserOf(ann);
	const first = await openTab(context, `#/chat/${chat.id}`);

	expect(NO_NETWORK);
	await composer(first).waitFor();
	await context.setOffline(true);
	await write(first, "do not lose me");
	await shows(first, ["do not lose me"]);
	await first.close();
	await context.setOffline(false);
	await openTab(context);
	await until(async () =>
		(await history(bob, chat))[0] === "do not lose me");
});

test("what was written to a group that one is not in is given up", async () => {
	const [ann, bob] = [await register("Ann"), await register("Bob")];

	await befriend(ann, bob);
	const group = await chatOf(bob, [ann], "Mountain weekend");
	const context = await browserOf(ann);
	const page = await openTab(context, `#/chat/${group.id}`);
	const kept = () => page.evaluate(() => Object.keys(localStorage)
		.filter((key) => key.startsWith("kith.outbox.")).length);

	expect(NO_NETWORK);
	expect(/status of 404/);
	await composer(page).waitFor();
	await context.setOffline(true);
	await write(page, "who has the map?");
	await until(async () => await kept() === 1);
	await ask(bob, "DELETE",
		  `/chat/members?chat_id=${group.id}&user_id=${ann.id}`);
	await context.setOffline(false);
	await page.getByText("This chat is not here").waitFor();
	await until(async () => await kept() === 0);
});

test("a message whose answer is lost is not sent twice", async () => {
	const { ann, bob, chat } = await pair();
	const page = await openTab(await browserOf(ann), `#/chat/${chat.id}`);
	let losses = 0;

	expect(/ERR_FAILED/);
	await page.route("**/messages/send", async (route) => {
		if (losses++ > 1)
			return route.fallback();
		await route.fetch();
		return route.abort();
	});
	await write(page, "one");
	await write(page, "two");
	await until(() => losses > 2);
	await page.locator(".mark.waiting").first()
		.waitFor({ state: "detached" });
	await shows(page, ["one", "two"]);
	assert.deepEqual(await history(bob, chat), ["one", "two"]);
});

test("events that a stream can't bring again are made up for", async () => {
	const { ann, bob, chat } = await pair();
	const messages = [];

	for (const text of ["one", "two", "three"])
		messages.push(await say(bob, chat, text));
	const context = await browserOf(ann);
	const page = await openTab(context, `#/chat/${chat.id}`);

	expect(NO_NETWORK);
	await shows(page, ["one", "two", "three"]);
	await context.setOffline(true);
	await page.getByText("You are offline.").waitFor();
	await ask(bob, "PUT", `/messages/${chat.id}/1`, { text: "ONE" });
	await ask(bob, "DELETE", `/messages/${chat.id}/2`);
	await say(bob, chat, "four");
	await page.route("**/stream", (route) => route.continue({ headers: {
		...route.request().headers(), "last-event-id": "nonsense" } }));
	await context.setOffline(false);
	await shows(page, ["ONE", "Deleted", "three", "four"]);
});

test("a gap in the messages is filled", async () => {
	const { ann, bob, chat } = await pair();
	const page = await (await browserOf(ann)).newPage();
	const events = ["event: resync\nid: x-1\ndata: {}\n\n"];

	await say(bob, chat, "one");
	await page.route("**/stream", (route) => route.fulfill({
		contentType: "text/event-stream",
		body: events.shift() ?? ":\n\n" }));
	await page.goto(`/#/chat/${chat.id}`);
	await shows(page, ["one"]);
	await say(bob, chat, "two");
	const last = JSON.stringify(await say(bob, chat, "three"));

	events.push(`event: message\nid: x-2\ndata: ${last}\n\n`);
	await page.waitForRequest(/after=1&/);
	await shows(page, ["one", "two", "three"]);
});

test("an answer of 503 is no end", async () => {
	const { ann, bob, chat } = await pair();
	const page = await openTab(await browserOf(ann));
	let refusals = 0;

	expect(/status of 503/);
	await page.route("**/messages/send", (route) => refusals++ ?
		route.fallback() : route.fulfill({
			status: 503, headers: { "Retry-After": "1" },
			contentType: "application/problem+json",
			body: "{\"code\":\"unavailable\",\"errors\":[]}" }));
	await page.goto(`/#/chat/${chat.id}`);
	await write(page, "patience");
	await until(async () => (await history(bob, chat))[0] === "patience");
	assert.equal(refusals, 2);
});

test("what can't be loaded is said so, and asked for again", async () => {
	const { ann } = await pair();
	const context = await browserOf(ann);
	let isBroken = true;

	expect(/status of 503/);
	await context.route("**/chats?*", (route) => isBroken ? route.fulfill({
		status: 503, contentType: "application/problem+json",
		body: "{\"code\":\"unavailable\",\"errors\":[]}",
	}) : route.fallback());
	const page = await openTab(context);

	await page.getByText("Loading your chats failed.").waitFor();
	isBroken = false;
	await button(page, "Try again").click();
	await page.getByText("No messages yet").waitFor();
});

/* The session in a browser's storage, changed. */
const spoil = (page, changes) => page.evaluate((values) => {
	const session = JSON.parse(localStorage.getItem("kith.session"));

	localStorage.setItem("kith.session",
			     JSON.stringify({ ...session, ...values }));
}, changes);

test("an access token that is old is renewed, once for all tabs", async () => {
	const context = await browserOf(await register("Ann"));
	const first = await openTab(context);
	let renewals = 0;
	let answer;
	const answered = new Promise((resolve) => { answer = resolve; });

	await first.getByText("No chats yet").waitFor();
	await spoil(first, { expires_at: 0 });
	await context.route("**/refresh-token", async (route) => {
		renewals++;
		await answered;
		return route.continue();
	});
	const tabs = [await openTab(context), await openTab(context)];

	for (const tab of tabs)
		await tab.locator(".shell").waitFor();
	await until(() => renewals > 0);
	answer();
	for (const tab of tabs)
		await tab.getByText("No chats yet").waitFor();
	assert.equal(renewals, 1);
});

test("an access token that is refused is renewed", async () => {
	const page = await openTab(await browserOf(await register("Ann")));

	expect(/status of 401/);
	await page.getByText("No chats yet").waitFor();
	await spoil(page, { access_token: "nonsense" });
	await page.reload();
	await page.getByText("No chats yet").waitFor();
});

test("a session that was ended elsewhere ends here", async () => {
	const ann = await register("Ann");
	const page = await openTab(await browserOf(ann));

	expect(/status of 401/);
	await page.getByText("No chats yet").waitFor();
	await ask(ann, "POST", "/logout");
	await spoil(page, { expires_at: 0 });
	await page.reload();
	await page.getByLabel("E-mail address").waitFor();
	assert.deepEqual(await texts(page), []);
});
