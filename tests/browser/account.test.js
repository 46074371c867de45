/* Getting in by mail, and the account: views/links.js, views/account.js */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, browserOf, button, confirm, expect, link, openBrowser, openTab,
	 random, register, until } from "./harness.js";
import { isClean, offering, problem, stub } from "./sites.js";

test("who forgot a password hears the same whoever they are", async () => {
	const page = await openTab(await openBrowser());
	const { email } = await register("Ann");

	for (const address of [email, `${random()}@example.org`]) {
		await button(page, "Forgot your password?").click();
		await page.getByLabel("E-mail address").fill(address);
		await button(page, "Send me a link").click();
		await page.getByText("If there is an account").waitFor();
		await button(page, "Log in").waitFor();
	}
});

test("who has to use a link first is not logged in", async () => {
	const context = await openBrowser();
	const page = await openTab(context);

	await stub(context, "POST", "/register", { status: 202, json: {} });
	await button(page, "Sign up").click();
	await page.getByLabel("E-mail address").fill("ann@example.org");
	await page.getByLabel("Name").fill("Ann");
	await page.getByLabel("Password", { exact: true }).fill("a quiet tree");
	await button(page, "Sign up").click();
	await page.getByText("A link is on its way to you.").waitFor();
	await button(page, "Log in").waitFor();
	assert.equal(await page.evaluate(() => localStorage.length), 0);
});

test("a link for a new password ends the session here", async () => {
	const ann = await register("Ann");
	const context = await browserOf(ann);
	const page = await openTab(context, "#/reset/TOKEN");
	const field = page.getByLabel("New password", { exact: true });

	expect(/status of (401|422)/);
	await field.fill("short");
	isClean(page);
	await button(page, "Change the password").click();
	await page.getByText("Use at least 8 characters.").waitFor();
	await field.fill("a quiet tree");
	await button(page, "Change the password").click();
	await page.getByText("This link was used, is too old").waitFor();

	const asked = await stub(context, "POST", "/password/reset",
				 { status: 204 });

	await button(page, "Change the password").click();
	await page.getByText("Your password is changed. Log in").waitFor();
	await button(page, "Log in").waitFor();
	assert.deepEqual(asked, [{ token: "TOKEN", password: "a quiet tree" }]);
	await until(async () =>
		(await ask(ann, "GET", "/sessions")).status === 401);
});

test("a link confirms an address when it is told to", async () => {
	const ann = await register("Ann");
	const context = await browserOf(ann);
	const page = await openTab(context, "#/account");

	expect(/status of (401|409)/);
	await page.getByText("is not confirmed yet").waitFor();
	const asked = await stub(context, "POST", "/email/verify",
				 problem(409, "email_taken"));

	await page.goto("/#/verify/TOKEN");
	await button(page, "Confirm this address").waitFor();
	isClean(page);
	assert.deepEqual(asked, []);
	await button(page, "Confirm this address").click();
	await page.getByText("Another account has this address").waitFor();

	await stub(context, "POST", "/email/verify", { status: 204 });
	await Promise.all([page.waitForResponse("**/user/me"),
			   button(page, "Confirm this address").click()]);
	await page.getByText("Your address is confirmed.").waitFor();
	await link(page, "Go on to Kith").click();
	await page.getByText("No chats yet").waitFor();
});

test("address and password are changed by who knows the password", async () => {
	const ann = await register("Ann");
	const page = await openTab(await browserOf(ann), "#/me");
	const [address, passwords] = ["Another address", "Another password"]
		.map((name) => page.getByRole("form", { name, exact: true }));
	const password = address.getByLabel("Password", { exact: true });
	const current = passwords.getByLabel("Current password",
					     { exact: true });

	expect(/status of (403|422)/);
	await link(page, "Account and sign-in").click();
	await page.getByText(`You log in as ${ann.email}.`).waitFor();
	await button(page, "Send me a link").click();
	await page.getByText(`A link is on its way to ${ann.email}.`).waitFor();

	await address.getByLabel("New address").fill("new@example.org");
	await button(address, "Change the address").click();
	await address.getByText("Please fill this in.").waitFor();
	await password.fill("not this one");
	await button(address, "Change the address").click();
	await address.getByText("The password is wrong.").waitFor();
	assert.equal(await password.getAttribute("aria-invalid"), "true");
	await password.fill(ann.password);
	await button(address, "Change the address").click();
	await page.getByText("A link is on its way to new@").waitFor();

	await current.fill("not this one");
	await passwords.getByLabel("New password").fill("a quiet tree");
	await button(passwords, "Change the password").click();
	await passwords.getByText("The password is wrong.").waitFor();
	assert.equal(await current.getAttribute("aria-invalid"), "true");
	await current.fill(ann.password);
	await button(passwords, "Change the password").click();
	await page.getByText("Your password is changed.").waitFor();
	assert.equal(await current.inputValue(), "");
	assert.equal((await ask(null, "POST", "/login", {
		email: ann.email, password: "a quiet tree" })).status, 200);
});

test("the last way in stays, another is unlinked", async () => {
	const context = await offering(await register("Ann"));
	const identity = (id, name) => ({ id, provider: name, email: null,
					  created_at: "2026-11-26T08:00:00Z" });
	const [elm, gone] = [identity("1", "elm"), identity("2", "gone")];

	expect(/status of 409/);
	await stub(context, "GET", "/identities",
		   { json: { items: [elm, gone], next: null } });
	await stub(context, "DELETE", "/identities/1",
		   problem(409, "last_way_in"));
	await stub(context, "DELETE", "/identities/2", { status: 204 });
	const page = await openTab(context, "#/account");

	await button(page, "Link Apple").waitFor();
	assert.equal(await button(page, "Link Elm").count(), 0);
	await button(page, "Unlink Elm").click();
	await confirm(page, "Unlink");
	await page.getByText("Without this you could not sign in").waitFor();
	await button(page, "Unlink gone").click();
	await button(page, "Cancel").click();
	await button(page, "Unlink gone").click();
	await stub(context, "GET", "/identities",
		   { json: { items: [elm], next: null } });
	await confirm(page, "Unlink");
	await button(page, "Unlink gone").waitFor({ state: "detached" });
});
