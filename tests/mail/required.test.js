/* The page where an address has to be confirmed first. */
import { test } from "node:test";

import { button, openBrowser, openTab, random } from "../browser/harness.js";
import { linkTo } from "./inbox.js";

test("who signs up gets in once the link was used", async () => {
	const page = await openTab(await openBrowser());
	const [email, password] = [`${random()}@example.org`, random()];

	await button(page, "Sign up").click();
	await page.getByLabel("E-mail address").fill(email);
	await page.getByLabel("Name").fill(`Ann ${random()}`);
	await page.getByLabel("Password", { exact: true }).fill(password);
	await button(page, "Sign up").click();
	await page.getByText("A link is on its way to you.").waitFor();

	await page.goto(await linkTo(email, "verify"));
	await button(page, "Confirm this address").click();
	await page.getByText("Your address is confirmed.").waitFor();
	await page.goto("/#/chats");
	await page.getByLabel("E-mail address").fill(email);
	await page.getByLabel("Password", { exact: true }).fill(password);
	await button(page, "Log in").click();
	await page.getByText("No chats yet").waitFor();
});
