/* Accounts and people, as somebody at a screen meets them. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { KITH, ask, befriend, browserOf, button, confirm, expect, link,
	 openBrowser, openTab, random, register, until } from "./harness.js";

/* A PNG of 2 x 2, grey. */
const PICTURE = Buffer.from(
	"iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAAC0lEQVR4nGNgQAYAAA4" +
	"AAamRc7EAAAAASUVORK5CYII=", "base64");

/* What has the focus: its name for people, or its id. */
const focused = (page) => page.evaluate(() => {
	const element = document.activeElement;

	return element.getAttribute("aria-label") || element.id ||
		element.textContent.trim();
});

/* Press Tab until what is named has the focus. */
async function tabTo(page, name) {
	for (let i = 0; i < 40; i++) {
		await page.keyboard.press("Tab");
		if ((await focused(page)).startsWith(name))
			return;
	}
	assert.fail(`Tab does not lead to ${name}`);
}

test("somebody signs up, logs out and logs in", async () => {
	const page = await openTab(await openBrowser());
	const email = `${random()}@example.org`;
	const name = `Ann ${random()}`;

	await button(page, "Sign up").click();
	await page.getByLabel("E-mail address").fill(email);
	await page.getByLabel("Name").fill(name);
	await page.getByLabel("Password", { exact: true }).fill("a quiet tree");
	await button(page, "Sign up").click();
	await page.getByText("No chats yet").waitFor();

	await link(page, `Your profile: ${name}`).click();
	await button(page, "Log out").click();
	await page.getByLabel("E-mail address").fill(email);
	await page.getByLabel("Password", { exact: true }).fill("a quiet tree");
	await button(page, "Log in").click();
	await page.getByText(name).waitFor();

	await page.reload();
	await page.getByText(name).waitFor();
});

test("what is wrong is said beside the field that has the focus", async () => {
	const page = await openTab(await openBrowser());
	const { email } = await register("Ann");

	expect(/status of (401|409|422)/);
	await page.getByLabel("E-mail address").fill(email);
	await page.getByLabel("Password", { exact: true }).fill("not this one");
	await button(page, "Log in").click();
	await page.getByText("The address or the password is wrong.").waitFor();

	await button(page, "Sign up").click();
	await page.getByLabel("Name").fill(`Ann ${random()}`);
	await page.getByLabel("Password", { exact: true }).fill("short");
	await button(page, "Sign up").click();
	await page.getByText("Use at least 8 characters.").waitFor();
	assert.equal(await focused(page), "password");

	await page.getByLabel("Password", { exact: true }).fill("a quiet tree");
	await button(page, "Sign up").click();
	await page.getByText("There is an account with this").waitFor();
	assert.equal(await focused(page), "email");
});

test("by keyboard alone one finds, asks and accepts", async () => {
	const [ann, bob] = [await register("Ann"), await register("Bob")];
	const his = await openTab(await browserOf(bob), "#/people");
	const hers = await openTab(await browserOf(ann));

	await hers.getByText("No chats yet").waitFor();
	await tabTo(hers, "People");
	await hers.keyboard.press("Enter");
	await tabTo(hers, "search");
	await hers.keyboard.type(bob.nickname);
	await button(hers, `Ask ${bob.nickname}`).waitFor();
	await tabTo(hers, `Ask ${bob.nickname}`);
	await hers.keyboard.press("Enter");
	await hers.getByText(`You asked ${bob.nickname}.`).waitFor();
	await until(async () =>
		await focused(hers) === `person-${bob.id}`);

	await his.getByText("They ask you").waitFor();
	await tabTo(his, `Accept ${ann.nickname}`);
	await his.keyboard.press("Space");
	await his.getByText("You can talk").waitFor();
	await until(async () => await focused(his) === `person-${ann.id}`);

	await hers.keyboard.press("Shift+Tab");
	await hers.keyboard.press("Escape");
	await hers.getByText("You can talk").waitFor();
});

test("one declines, cancels, unsubscribes, blocks and unblocks", async () => {
	const [ann, bob] = [await register("Ann"), await register("Bob")];
	const page = await openTab(await browserOf(ann), "#/people");
	const state = async () => (await ask(ann, "GET", "/subscriptions/me"))
		.body.items[0]?.state;

	await page.getByText("Nobody here yet").waitFor();
	await ask(bob, "POST", "/subscriptions/request", { user_id: ann.id });
	await button(page, `Decline ${bob.nickname}`).click();
	await page.getByText("Nobody here yet").waitFor();

	await page.goto(`/#/person/${bob.id}`);
	await button(page, `Ask ${bob.nickname}`).click();
	await page.getByText("has not answered you yet").waitFor();
	await button(page.getByRole("main"), `Cancel ${bob.nickname}`).click();
	await button(page, `Ask ${bob.nickname}`).waitFor();
	assert.equal(await state(), undefined);

	await befriend(ann, bob);
	await button(page, "Unsubscribe").click();
	await button(page, "Cancel").click();
	await button(page, "Unsubscribe").click();
	await confirm(page, "Unsubscribe");
	await button(page, `Ask ${bob.nickname}`).waitFor();

	await button(page, "Block").click();
	await confirm(page, "Block");
	await page.getByText("is blocked").waitFor();
	assert.equal(await state(), "blocked");
	await button(page.getByRole("main"), `Unblock ${bob.nickname}`).click();
	await button(page, `Ask ${bob.nickname}`).waitFor();
});

test("Escape is no", async () => {
	const [ann, bob] = [await register("Ann"), await register("Bob")];
	const page = await openTab(await browserOf(ann), `#/person/${bob.id}`);

	await button(page, "Block").click();
	await page.getByRole("dialog").waitFor();
	await page.keyboard.press("Escape");
	await page.getByRole("dialog").waitFor({ state: "detached" });
	assert.equal(await focused(page), "Block");
	const { body } = await ask(ann, "GET", "/subscriptions/me");

	assert.deepEqual(body.items, []);
});

test("one changes name, words and picture", async () => {
	const ann = await register("Ann");
	const page = await openTab(await browserOf(ann), "#/me");
	const me = async () => (await ask(ann, "GET", "/user/me")).body;
	const name = `Anna ${random()}`;

	await page.getByLabel("Name").fill(name);
	await page.getByLabel("About you").fill("Gardens, slow trains");
	await button(page, "Save").click();
	await page.getByText("Your profile is saved.").waitFor();
	await link(page, `Your profile: ${name}`).waitFor();
	assert.equal((await me()).about, "Gardens, slow trains");

	await page.getByLabel("Picture").setInputFiles({
		name: "me.png", mimeType: "image/png", buffer: PICTURE });
	const image = page.locator(".portrait img");

	await image.waitFor();
	await until(() => image.evaluate((it) => it.naturalWidth === 256));
	assert.equal(await image.getAttribute("src"), (await me()).avatar);
	await button(page, "Remove").click();
	await image.waitFor({ state: "detached" });
	assert.deepEqual([(await me()).avatar, (await me()).nickname],
			 [null, name]);
});

test("a change made elsewhere is shown, not overwritten", async () => {
	const ann = await register("Ann");
	const page = await openTab(await browserOf(ann), "#/me");
	const [there, here] = [`Anna ${random()}`, `Annie ${random()}`];

	expect(/status of 412/);
	await page.getByLabel("Name").fill(here);
	await ask(ann, "PUT", "/user/me", { nickname: there });
	await button(page, "Save").click();
	await page.getByText("changed elsewhere").waitFor();
	assert.equal(await page.getByLabel("Name").inputValue(), there);
});

test("a picture that is none is refused in words", async () => {
	const page = await openTab(await browserOf(await register("Ann")),
				   "#/me");

	expect(/status of 422/);
	await page.getByLabel("Picture").setInputFiles({
		name: "me.png", mimeType: "image/png",
		buffer: Buffer.from("GIF89a") });
	await page.getByText("This file is not a picture").waitFor();
});

test("an address that leads nowhere leads to the chats", async () => {
	const ann = await register("Ann");
	const page = await openTab(await browserOf(ann), "#/nowhere");

	await page.getByText("Nothing open").waitFor();
	await page.goto(`${KITH}/#/chat/${ann.id}`);
	await page.getByText("This chat is not here").waitFor();
});
