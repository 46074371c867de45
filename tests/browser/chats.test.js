/* Chats: how they begin, who is in them, and how they are listed. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, befriend, browserOf, button, chatOf, composer, confirm, expect,
	 link, openTab, pair, register, say, shows, talk, until,
	 write } from "./harness.js";

test("what was unread is marked, and read once it was seen", async () => {
	const { ann, bob, chat } = await pair();

	for (let i = 1; i < 60; i++)
		await say(ann, chat, `line ${i}`);
	await ask(bob, "POST", "/messages/read", { chat_id: chat.id, seq: 20 });
	const page = await openTab(await browserOf(bob));

	await page.getByText("39 unread").first().waitFor();
	assert.equal(await page.title(), "(39) Kith");
	await page.locator(`#row-${chat.id}`).click();
	await page.locator(".divider.new").waitFor();
	await button(page, "To the latest message").click();
	await until(async () => await page.title() === "Kith");
	await page.locator(".divider.new").waitFor();
});

test("the latest chat is the first", async () => {
	const { ann, bob, chat } = await pair();
	const cy = await register("Cy");

	await befriend(ann, cy);
	const other = await chatOf(ann, [cy]);
	const page = await openTab(await browserOf(ann));
	const first = (id) => until(() => page.locator(".row").first()
		.evaluate((row, it) => row.id === `row-${it}`, id));

	await say(bob, chat, "first me");
	await first(chat.id);
	await say(cy, other, "now me");
	await first(other.id);
	await page.locator(".row").first().getByText("now me").waitFor();
});

test("one starts a chat from a name", async () => {
	const [ann, bob] = [await register("Ann"), await register("Bob")];

	await befriend(ann, bob);
	const his = await openTab(await browserOf(bob));
	const hers = await openTab(await browserOf(ann), "#/people");

	await his.getByText("No chats yet").waitFor();
	await button(hers, `Message ${bob.nickname}`).click();
	await write(hers, "Hello there");
	await his.getByText("Hello there").waitFor();
	await hers.goBack();
	await button(hers, `Message ${bob.nickname}`).click();
	await shows(hers, ["Hello there"]);
});

test("a group is made, grows, shrinks and is left", async () => {
	const [ann, bob, cy] = [await register("Ann"), await register("Bob"),
				await register("Cy")];

	await befriend(ann, bob);
	await befriend(ann, cy);
	const hers = await openTab(await browserOf(ann), "#/new");
	const his = await openTab(await browserOf(bob));
	const main = hers.getByRole("main");

	await main.getByLabel("Title").fill("Mountain weekend");
	await button(main, "Make the group").click();
	await main.getByText("Choose at least one person.").waitFor();
	await main.getByLabel(bob.nickname).check();
	await button(main, "Make the group").click();
	await write(hers, "Who has the map?");
	await his.getByText("Mountain weekend").click();
	await shows(his, ["Who has the map?"]);

	await link(main, "Members of the group").click();
	await button(main, `Add ${cy.nickname}`).click();
	await button(main, `Remove ${cy.nickname}`).waitFor();
	const theirs = await openTab(await browserOf(cy));

	await theirs.getByText("Mountain weekend").click();
	await shows(theirs, ["Who has the map?"]);
	await write(theirs, "I have it");
	await his.getByText(cy.nickname).first().waitFor();
	await shows(his, ["Who has the map?", "I have it"]);

	await button(main, `Remove ${cy.nickname}`).click();
	await confirm(hers, "Remove");
	expect(/status of 404/);
	await theirs.getByText("This chat is not here").waitFor();

	await link(his, "Members of the group").click();
	await button(his, "Leave the group").click();
	await confirm(his, "Leave");
	await his.getByText("No chats yet").waitFor();
	await main.getByText("1 member").or(main.getByText("(you)")).waitFor();
});

test("who is blocked is not written to, and is told nothing", async () => {
	const { ann, bob, chat, hers, his } = await talk();

	expect(/status of 409/);
	await ask(ann, "POST", "/subscriptions/block", { user_id: bob.id });
	await hers.getByText(`You blocked ${bob.nickname}.`).waitFor();
	await write(his, "Hello?");
	await his.getByText("Nobody can write in this chat").waitFor();
	await button(his, "Discard").click();
	await shows(his, []);

	await button(hers, "Unblock").click();
	await composer(hers).waitFor();
	await write(his, "Hello again");
	await shows(hers, ["Hello again"]);
	assert.equal((await ask(bob, "GET", `/messages/chat/${chat.id}`))
		.body.items.length, 1);
});
