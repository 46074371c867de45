/* Talking: each in a browser of their own. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, browserOf, button, composer, confirm, message, openTab, pair, say,
	 shows, talk, until, write } from "./harness.js";

const hasMark = (page, text, mark) => message(page, text)
	.locator(".mark", { hasText: mark }).waitFor();

test("two talk, and see at once what the other writes", async () => {
	const { hers, his } = await talk();

	await write(hers, "Did you get the tickets?");
	await message(his, "Did you get the tickets?").waitFor();
	await write(his, "Yes, two by the window");
	await write(his, "See you then");
	for (const page of [hers, his])
		await shows(page, ["Did you get the tickets?",
				   "Yes, two by the window", "See you then"]);
	assert.equal(await composer(hers).inputValue(), "");
});

test("a message is sent, received and read", async () => {
	const { ann, bob, chat } = await pair();
	const hers = await openTab(await browserOf(ann), `#/chat/${chat.id}`);

	await write(hers, "Hello");
	await hasMark(hers, "Hello", "Sent");
	const his = await openTab(await browserOf(bob));

	await his.getByText("1 unread").first().waitFor();
	await hasMark(hers, "Hello", "Received");
	await his.locator(`#row-${chat.id}`).click();
	await message(his, "Hello").waitFor();
	await hasMark(hers, "Hello", "Read");
	await his.getByText("1 unread").first().waitFor({ state: "detached" });
});

test("one sees that the other writes, and that they are there", async () => {
	const { bob, hers, his } = await talk();

	await hers.locator(".bar .presence", { hasText: "online" }).waitFor();
	await composer(his).pressSequentially("Hm");
	await hers.getByText(`${bob.nickname} writes…`).waitFor();
	await write(his, "Hm, no");
	await message(hers, "Hm, no").waitFor();
	await hers.getByText(`${bob.nickname} writes…`)
		.waitFor({ state: "detached" });
	await his.context().close();
	await hers.locator(".bar .presence", { hasText: "seen just now" })
		.waitFor();
});

test("markup is text", async () => {
	const { hers, his } = await talk();
	const lines = [
		"<img src=x onerror=\"document.title='broken'\">",
		"</script><script>document.title='broken'</script>",
		"<b>&amp;</b> ${1 + 1} <!-- -->",
		"javascript:alert(1) http://example.org/",
	];

	for (const line of lines)
		await write(hers, line);
	await shows(hers, lines);
	await shows(his, lines);
	assert.equal(await his.title(), "Kith");
	const markup = his.locator(".history :is(img, script, b, a)");

	assert.equal(await markup.count(), 0);
});

test("lines and spaces stay as they were written", async () => {
	const { hers, his } = await talk();

	await composer(hers).pressSequentially("one");
	await composer(hers).press("Shift+Enter");
	await composer(hers).pressSequentially("  two");
	await composer(hers).press("Enter");
	await shows(his, ["one\n  two"]);
});

test("one edits and deletes one's own", async () => {
	const { hers, his } = await talk();

	await write(hers, "Helo");
	await message(his, "Helo").waitFor();
	assert.equal(await message(his, "Helo").getByRole("button").count(), 0);
	await composer(hers).press("ArrowUp");
	await composer(hers).fill("Hello");
	await composer(hers).press("Enter");
	await shows(his, ["Hello"]);
	await his.getByText("edited").waitFor();

	await message(hers, "Hello").hover();
	await button(hers, "Delete").click();
	await confirm(hers, "Delete");
	await shows(his, ["Deleted"]);
	await shows(hers, ["Deleted"]);
});

test("an edit that is left changes nothing", async () => {
	const { chat, bob, hers } = await talk();

	await write(hers, "Hello");
	await message(hers, "Hello").waitFor();
	await hasMark(hers, "Hello", "Read");
	await composer(hers).fill("a draft");
	await composer(hers).fill("");
	await composer(hers).press("ArrowUp");
	assert.equal(await composer(hers).inputValue(), "Hello");
	await composer(hers).fill("Hello?");
	await composer(hers).press("Escape");
	assert.equal(await composer(hers).inputValue(), "");
	assert.equal((await ask(bob, "GET", `/messages/chat/${chat.id}`))
		.body.items[0].text, "Hello");
});

test("scrolling up shows all that was said, and nothing jumps", async () => {
	const { ann, bob, chat } = await pair();
	const lines = Array.from({ length: 120 }, (_, i) => `line ${i + 1}`);

	for (const line of lines)
		await say(ann, chat, line);
	const page = await openTab(await browserOf(bob), `#/chat/${chat.id}`);
	const history = page.locator(".history");
	const top = (text) => message(page, text).first()
		.evaluate((it) => it.getBoundingClientRect().top);

	await message(page, "line 71").first().waitFor();
	const element = await message(page, "line 72").elementHandle();

	await history.evaluate((it) => { it.scrollTop = 300; });
	const before = await top("line 72");

	await message(page, "line 21").first().waitFor();
	const moved = await top("line 72") - before;

	assert.ok(Math.abs(moved) < 2, `moved by ${moved}`);
	assert.ok(await element.evaluate((it) => it.isConnected));
	await until(async () => {
		await history.evaluate((it) => { it.scrollTop = 0; });
		return message(page, "line 1").first().isVisible();
	});
	await shows(page, lines);

	await say(ann, chat, "the latest");
	await button(page, "To the latest message").click();
	await button(page, "To the latest message")
		.waitFor({ state: "detached" });
	await message(page, "the latest").waitFor();
});

test("one stays at the end, or where one reads above it", async () => {
	const { ann, bob, chat } = await pair();
	const page = await openTab(await browserOf(bob), `#/chat/${chat.id}`);
	const latest = button(page, "To the latest message");
	const isSeen = (text) => message(page, text)
		.evaluate((it) => it.getBoundingClientRect().bottom <
			document.querySelector(".typing")
				.getBoundingClientRect().top);

	/* What was said before one came would be shown from its beginning. */
	await page.getByText("Nothing was said yet").waitFor();
	for (let i = 10; i < 40; i++)
		await say(ann, chat, `line ${i}`);
	await message(page, "line 39").waitFor();
	await until(() => isSeen("line 39"));
	assert.equal(await latest.count(), 0);

	await page.locator(".history").evaluate((it) => { it.scrollTop = 0; });
	await latest.waitFor();
	await say(ann, chat, "unseen");
	await page.getByText("1 unread").first().waitFor();
	await say(ann, chat, "unseen too");
	await page.getByText("2 unread").first().waitFor();
	assert.ok(!await isSeen("unseen too"));
	await latest.click();
	await until(() => isSeen("unseen too"));
	await until(async () => await page.title() === "Kith");
});

test("what was begun is there later, but not for the next user", async () => {
	const { bob, chat, hers } = await talk();

	await composer(hers).fill("Dear Bob");
	await hers.goto("/#/me");
	await hers.getByText("Draft: Dear Bob").waitFor();
	await hers.locator(`#row-${chat.id}`).click();
	assert.equal(await composer(hers).inputValue(), "Dear Bob");

	await hers.goto("/#/me");
	await button(hers, "Log out").click();
	await hers.getByLabel("E-mail address").fill(bob.email);
	await hers.getByLabel("Password", { exact: true }).fill(bob.password);
	await button(hers, "Log in").click();
	await hers.locator(`#row-${chat.id}`).click();
	assert.equal(await composer(hers).inputValue(), "");
});

test("a screen reader hears what comes into the open chat", async () => {
	const { bob, chat, hers } = await talk();

	await say(bob, chat, "Hear, hear");
	await hers.getByRole("log")
		.getByText(`${bob.nickname}: Hear, hear`).waitFor();
});

test("by keyboard one walks through a chat and back to the list", async () => {
	const { chat, hers } = await talk();
	const focusedId = () => hers.evaluate(() => document.activeElement.id);

	for (const text of ["one", "two", "three"])
		await write(hers, text);
	await hasMark(hers, "three", "Read");
	await composer(hers).press("Shift+Tab");
	await hers.keyboard.press("Shift+Tab");
	await hers.keyboard.press("Shift+Tab");
	await until(async () => await focusedId() === "message-3");
	await hers.keyboard.press("ArrowUp");
	await hers.keyboard.press("Home");
	assert.equal(await focusedId(), "message-1");
	await hers.keyboard.press("Tab");
	await hers.keyboard.press("Enter");
	await until(async () => await focusedId() === "composer");
	assert.equal(await composer(hers).inputValue(), "one");
	await hers.keyboard.press("Escape");
	await hers.keyboard.press("Escape");
	await until(async () => await focusedId() === `row-${chat.id}`);
});
