/* What Kith tells people of, on the page. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, browserOf, button, chatOf, composer, expect, message, openTab,
	 pair, register, say, until } from "./harness.js";

const LIST = "#/notifications";

const region = (page) =>
	page.getByRole("region", { name: "Notifications", exact: true });

const rows = (page) => region(page).getByRole("listitem");

/* The tab that leads to the list, with the number of new ones. */
const tab = (page, count) => page.getByRole("link", {
	name: count ? `Notifications ${count} new` : "Notifications",
	exact: true });

const unread = async (account) =>
	(await ask(account, "GET", "/notifications")).body.unread;

/* Until Kith has so many unread ones of hers. */
const untilUnread = (account, count) =>
	until(async () => await unread(account) === count);

const preferences = async (account) =>
	(await ask(account, "GET", "/notifications/preferences")).body;

/* Somebody asks her, under this name. */
async function asked(account, name) {
	const who = await register(name);

	await ask(who, "POST", "/subscriptions/request",
		  { user_id: account.id });
	return who;
}

test("the number of new ones is there at once and on coming", async () => {
	const { ann, bob, chat } = await pair();
	const context = await browserOf(ann);

	await context.addInitScript(() => {
		navigator.setAppBadge = async (n) => { globalThis.badge = n; };
	});
	const page = await openTab(context);

	await untilUnread(ann, 1);
	await tab(page, 1).waitFor();
	await say(bob, chat, "Hello");
	await tab(page, 2).waitFor();
	await page.reload();
	await tab(page, 2).waitFor();
	assert.equal(await page.title(), "(1) Kith");
	assert.equal(await page.evaluate(() => globalThis.badge), 2);
});

test("the list tells all, each leads where it is about", async () => {
	const { ann, bob, chat } = await pair();
	const eve = await asked(ann, "Eve");

	await untilUnread(ann, 2);
	await say(bob, chat, "Hello");
	await untilUnread(ann, 3);
	const page = await openTab(await browserOf(ann), LIST);

	await rows(page).first().waitFor();
	const told = await rows(page).locator(".row").allInnerTexts();

	for (const [i, [title, body]] of [
		[bob.nickname, "Hello"],
		[eve.nickname, "asks for a subscription"],
		[bob.nickname, "accepted your request"]].entries()) {
		assert.ok(told[i].includes(title), told[i]);
		assert.ok(told[i].includes(body), told[i]);
	}
	for (const [i, hash] of [`#/chat/${chat.id}`, `#/person/${eve.id}`,
				 `#/person/${bob.id}`].entries()) {
		await page.goto(`/${LIST}`);
		await rows(page).nth(i).getByRole("link").click();
		await until(() => page.url().endsWith(hash));
	}
});

test("what is seen is read, and marked until one leaves", async () => {
	const ann = await register("Ann");

	await asked(ann, "Bob");
	await untilUnread(ann, 1);
	const page = await openTab(await browserOf(ann), LIST);
	const isNew = rows(page).locator(".new");

	await untilUnread(ann, 0);
	await tab(page).waitFor();
	assert.equal(await isNew.count(), 1);
	await button(page, "Mark all as read").click();
	await isNew.waitFor({ state: "detached" });

	await asked(ann, "Eve");
	await rows(page).nth(1).waitFor();
	await untilUnread(ann, 0);
	assert.equal(await isNew.count(), 1);
	await tab(page).waitFor();
	await page.goto("/#/people");
	await page.goto(`/${LIST}`);
	await rows(page).nth(1).waitFor();
	assert.equal(await isNew.count(), 0);
});

test("what nobody looks at stays unread", async () => {
	const ann = await register("Ann");
	const context = await browserOf(ann);

	await context.addInitScript(() => {
		Document.prototype.hasFocus = () => globalThis.isBack ?? false;
	});
	const page = await openTab(context, LIST);

	await page.getByText("Nothing new").waitFor();
	await asked(ann, "Bob");
	await rows(page).first().waitFor();
	await tab(page, 1).waitFor();
	assert.equal(await unread(ann), 1);
	await page.evaluate(() => {
		globalThis.isBack = true;
		dispatchEvent(new Event("focus"));
	});
	await tab(page).waitFor();
	await untilUnread(ann, 0);
});

test("what is read in one browser is not new in another", async () => {
	const ann = await register("Ann");
	const elsewhere = await openTab(await browserOf(ann), "#/people");
	const second = await openTab(elsewhere.context());

	await asked(ann, "Bob");
	for (const page of [elsewhere, second])
		await tab(page, 1).waitFor();
	const page = await openTab(await browserOf(ann), LIST);

	await rows(page).first().waitFor();
	for (const each of [page, elsewhere, second])
		await tab(each).waitFor();
	await elsewhere.goto(`/${LIST}`);
	await rows(elsewhere).first().waitFor();
	await until(async () =>
		await rows(elsewhere).locator(".new").count() === 0);
});

test("a chat that is read has no notification", async () => {
	const { ann, bob, chat } = await pair();
	const page = await openTab(await browserOf(ann));

	await untilUnread(ann, 1);
	for (const text of ["one", "two"])
		await say(bob, chat, text);
	await tab(page, 2).waitFor();
	await page.reload();
	await tab(page, 2).waitFor();
	await page.locator(`#row-${chat.id}`).click();
	await message(page, "two").waitFor();
	await tab(page, 1).waitFor();
	await page.goto(`/${LIST}`);
	await rows(page).nth(1).waitFor();
	await until(async () =>
		await rows(page).locator(".new").count() === 1);
});

test("a newer message takes the place of the one before it", async () => {
	const { ann, bob, chat } = await pair();

	await untilUnread(ann, 1);
	await say(bob, chat, "one");
	await untilUnread(ann, 2);
	const context = await browserOf(ann);

	await context.addInitScript(() => {
		Document.prototype.hasFocus = () => false;
	});
	const page = await openTab(context, LIST);

	await rows(page).getByText("one").waitFor();
	await say(bob, chat, "two");
	await rows(page).getByText("two").waitFor();
	assert.equal(await rows(page).count(), 2);
	assert.equal(await rows(page).getByText("one").count(), 0);
});

test("one is deleted, and an empty list says so", async () => {
	const ann = await register("Ann");
	const { nickname } = await asked(ann, "Bob");

	await untilUnread(ann, 1);
	const page = await openTab(await browserOf(ann), LIST);

	await button(page, `Delete: ${nickname}`).click();
	await page.getByText("Nothing new").waitFor();
	assert.equal(await region(page).evaluate((it) =>
		it === document.activeElement), true);
	const { body } = await ask(ann, "GET", "/notifications");

	assert.deepEqual(body.items, []);
});

test("older ones come when they are asked for", async () => {
	const ann = await register("Ann");
	const names = [];

	for (const name of ["Bob", "Eve", "Kim", "Lee", "Max"]) {
		names.unshift((await asked(ann, name)).nickname);
		await untilUnread(ann, names.length);
	}
	const context = await browserOf(ann);

	await context.route("**/notifications?*", (route, request) =>
		route.continue({ url: request.url()
			.replace("limit=50", "limit=2") }));
	const page = await openTab(context, LIST);

	for (const count of [2, 4, 5]) {
		await until(async () => await rows(page).count() === count);
		if (count < 5)
			await button(page, "Show more").click();
	}
	assert.equal(await button(page, "Show more").count(), 0);
	assert.deepEqual(await rows(page).locator(".name").evaluateAll(
		(all) => all.map((it) => it.lastChild.data)), names);
});

test("what one wants is saved at once", async () => {
	const ann = await register("Ann");
	const page = await openTab(await browserOf(ann), "#/settings");
	const choice = (name) => page.getByRole("switch", { name });

	await choice("Messages").uncheck();
	await choice("Somebody logs in as you").uncheck();
	await choice("Messages").check();
	await page.getByLabel("Language").selectOption("Русский");
	const wanted = { language: "ru", message: true, request: true,
			 accepted: true, login: false, service: true,
			 muted_chats: [] };

	await until(async () => JSON.stringify(await preferences(ann)) ===
		JSON.stringify(wanted));
	await page.reload();
	await choice("Messages").waitFor();
	assert.equal(await choice("Messages").isChecked(), true);
	assert.equal(await choice("Somebody logs in").isChecked(), false);
	assert.equal(await page.getByLabel("Language").inputValue(), "ru");
});

test("what was chosen last is what Kith has", async () => {
	const ann = await register("Ann");
	const context = await browserOf(ann);
	const page = await openTab(context, "#/settings");
	const login = page.getByRole("switch", { name: "logs in" });
	const held = [];
	let count = 0;

	await login.waitFor();
	await context.route("**/notifications/preferences", (route, request) =>
		request.method() === "PUT" ? held.push(route) :
			route.continue());
	await login.uncheck();
	await login.check();
	await page.getByLabel("Language").selectOption("Русский");
	await until(async () => {
		const route = held.pop();

		await route?.continue();
		count += Boolean(route);
		return count === 3;
	});
	await until(async () => (await preferences(ann)).language === "ru");
	assert.equal((await preferences(ann)).login, true);
});

test("another language is that of what was told before", async () => {
	const ann = await register("Ann");

	await asked(ann, "Bob");
	await untilUnread(ann, 1);
	const page = await openTab(await browserOf(ann), LIST);

	await rows(page).getByText("asks for a subscription").waitFor();
	await page.goto("/#/settings");
	await page.getByLabel("Language").selectOption("Русский");
	await rows(page).getByText("просит о подписке").waitFor();
});

test("what could not be saved is as it was", async () => {
	const ann = await register("Ann");
	const context = await browserOf(ann);
	const page = await openTab(context, "#/settings");
	const login = page.getByRole("switch", { name: "logs in" });

	expect(/ERR_FAILED/);
	await login.waitFor();
	await context.route("**/notifications/preferences", (route, request) =>
		request.method() === "PUT" ? route.abort() : route.continue());
	await login.click();
	await page.getByText("Kith does not answer").waitFor();
	await until(() => login.isChecked());
	assert.ok((await preferences(ann)).login);
});

test("a muted chat tells of nothing", async () => {
	const { ann, bob, chat } = await pair();
	const group = await chatOf(ann, [bob], "Mountain weekend");
	const page = await openTab(await browserOf(ann),
				   `#/chat/${chat.id}`);

	await untilUnread(ann, 1);
	await composer(page).waitFor();
	await button(page, "Mute").click();
	await button(page, "Unmute").waitFor();
	await page.goto("/#/people");
	await say(bob, chat, "unheard");
	await say(bob, group, "heard");
	await untilUnread(ann, 2);
	await tab(page, 2).waitFor();
	assert.equal(await page.title(), "(2) Kith");

	await page.goto("/#/settings");
	assert.deepEqual((await preferences(ann)).muted_chats, [chat.id]);
	await button(page, `Unmute ${bob.nickname}`).click();
	await page.getByText("Muted chats").waitFor({ state: "detached" });
	assert.deepEqual((await preferences(ann)).muted_chats, []);
	await page.goto(`/#/chat/${chat.id}`);
	await button(page, "Mute").waitFor();
});
