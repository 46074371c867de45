/* The page and the links that mails bring to it. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { KITH, ask, browserOf, button, expect, link, openBrowser, openTab,
	 random, register, until } from "../browser/harness.js";
import { linkTo } from "./inbox.js";

const NEXT = "a brand new tree";

test("a link confirms an address, in another browser, too", async () => {
	const ann = await register("Ann");
	const page = await openTab(await browserOf(ann), "#/account");
	const other = await (await openBrowser()).newPage();

	expect(/status of 401/);
	await page.getByText("is not confirmed yet").waitFor();
	await button(page, "Send me a link").click();
	const address = await linkTo(ann.email, "verify");

	await other.goto(address);
	await button(other, "Confirm this address").click();
	await other.getByText("Your address is confirmed.").waitFor();
	await page.reload();
	await page.getByText("The address is confirmed.").waitFor();

	await other.goto("/");
	await other.goto(address);
	await button(other, "Confirm this address").click();
	await other.getByText("This link was used").waitFor();
});

test("who forgot the password gets in with another", async () => {
	const ann = await register("Ann");
	const hers = await browserOf(ann);
	const page = await openTab(await openBrowser());

	expect(/status of 401/);
	await button(page, "Forgot your password?").click();
	await page.getByLabel("E-mail address").fill(ann.email);
	await button(page, "Send me a link").click();
	await page.getByText("a link is on its way").waitFor();
	const address = await linkTo(ann.email, "reset");
	const inside = await openTab(hers);

	await inside.getByText("No chats yet").waitFor();
	await inside.goto(address);
	await inside.getByLabel("New password", { exact: true }).fill(NEXT);
	assert.equal(inside.url(), `${KITH}/`);
	await button(inside, "Change the password").click();
	await inside.getByText("Your password is changed. Log in").waitFor();
	await until(async () =>
		(await ask(ann, "GET", "/sessions")).status === 401);

	await inside.getByLabel("E-mail address").fill(ann.email);
	await inside.getByLabel("Password", { exact: true }).fill(NEXT);
	await button(inside, "Log in").click();
	await inside.getByText("No chats yet").waitFor();

	await page.goto(address);
	await page.getByLabel("New password", { exact: true }).fill(NEXT);
	await button(page, "Change the password").click();
	await page.getByText("This link was used").waitFor();
});

test("a link to a new address makes it the account's", async () => {
	const ann = await register("Ann");
	const email = `${random()}@example.org`;
	const page = await openTab(await browserOf(ann), "#/account");

	await page.getByLabel("New address").fill(email);
	await page.getByLabel("Password", { exact: true }).fill(ann.password);
	await button(page, "Change the address").click();
	await page.getByText(`A link is on its way to ${email}.`).waitFor();
	await page.goto(await linkTo(email, "verify"));
	await button(page, "Confirm this address").click();
	await link(page, "Go on to Kith").click();
	await page.goto("/#/account");
	await page.getByText(`You log in as ${email}. ` +
			     "The address is confirmed.").waitFor();
});
