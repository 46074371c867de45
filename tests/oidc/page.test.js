/*
 * The page and other sites: ISSUER, which is Elm, and POSTER, which is Fir and
 * has the browser post its answers.
 */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { KITH, allow, button, confirm, expect, link, openBrowser, openTab,
	 random } from "../browser/harness.js";

const { ISSUER, POSTER } = process.env;
const FONTS = "https://fonts.googleapis.com";	/* of Elm's pages */

beforeEach(() => [ISSUER, POSTER, FONTS].forEach(allow));

/* A browser, and what its pages tell Kith of codes. */
async function openWatched() {
	const context = await openBrowser();
	const told = [];

	await context.route(`${FONTS}/**`, (route) =>
		route.fulfill({ contentType: "text/css", body: "" }));
	context.on("request", (request) => {
		const { pathname } = new URL(request.url());

		if (request.method() === "POST" &&
		    ["/oauth", "/identities"].includes(pathname))
			told.push(pathname);
	});
	return { context, told };
}

/* At Elm: somebody, who agrees. */
async function agree(page, name) {
	await page.locator("input[name=login]").fill(name);
	await page.locator("input[name=password]").fill("-");
	await button(page, "Sign-in").click();
	await button(page, "Continue").click();
}

async function beginAtElm(context) {
	const page = await openTab(context);

	await button(page, "Continue with Elm").click();
	await page.waitForURL(`${ISSUER}/**`);
	return page;
}

const isIn = (page) => page.locator(".shell").waitFor();

const userId = (page) => page.evaluate(() =>
	JSON.parse(localStorage.getItem("kith.session")).user_id);

test("Elm's account is Kith's, the same each time", async () => {
	const { context, told } = await openWatched();
	const page = await beginAtElm(context);

	await agree(page, random());
	await isIn(page);
	assert.equal(page.url(), `${KITH}/`);
	const first = await userId(page);

	/* What the page was still loading when the session ended. */
	expect(/status of 401/);
	await page.reload();
	await isIn(page);
	await page.goto("/#/me");
	await button(page, "Log out").click();
	await button(page, "Continue with Elm").click();
	await isIn(page);
	assert.equal(await userId(page), first);
	assert.deepEqual(told, ["/oauth", "/oauth"]);
});

test("another site is linked and unlinked, the last one stays", async () => {
	const { context } = await openWatched();
	const page = await beginAtElm(context);

	expect(/status of 409/);
	await agree(page, random());
	await isIn(page);
	await page.getByRole("link", { name: "Your profile" }).click();
	await link(page, "Account and sign-in").click();
	await button(page, "Unlink Elm").click();
	await confirm(page, "Unlink");
	await page.getByText("Without this you could not sign in").waitFor();

	await button(page, "Link Fir").click();
	await page.getByText("Fir signs in to your account now.").waitFor();
	await button(page, "Unlink Fir").waitFor();
	await button(page, "Unlink Elm").click();
	await confirm(page, "Unlink");
	await page.getByText("Elm no longer signs in").waitFor();
	await button(page, "Link Elm").waitFor();
});

test("who does not agree there is not signed in here", async () => {
	const { context, told } = await openWatched();
	const page = await beginAtElm(context);

	await page.getByRole("link", { name: "Cancel" }).click();
	await page.getByText("You did not go on at Elm.").waitFor();
	assert.equal(page.url(), `${KITH}/`);
	assert.deepEqual(told, []);
});

/* The address with Elm's answer, which the page that began has not read. */
async function answerOf(page) {
	expect(/ERR_FAILED/);
	await page.route("**/web/app.js", (route) => route.abort());
	await agree(page, random());
	await page.waitForURL(`${KITH}/?*`);
	await page.unroute("**/web/app.js");
	return page.url();
}

test("an answer is of use to the tab that began, and once", async () => {
	const [hers, his] = [await openWatched(), await openWatched()];
	const page = await beginAtElm(hers.context);
	const address = await answerOf(page);

	for (const other of [await beginAtElm(his.context),
			     await hers.context.newPage()]) {
		await other.goto(address);
		await other.getByText("This was not begun here").waitFor();
		assert.equal(other.url(), `${KITH}/`);
	}
	assert.deepEqual([hers.told, his.told], [[], []]);

	await page.goto(address);
	await isIn(page);
	for (const again of [page, await hers.context.newPage()]) {
		await again.goto(address);
		await again.getByText("This was not begun here").waitFor();
	}
	assert.deepEqual(hers.told, ["/oauth"]);
});

test("what Fir posts signs in, with the name that it says", async () => {
	const { context, told } = await openWatched();
	const page = await openTab(context);

	await button(page, "Continue with Fir").click();
	await page.getByRole("link", { name: /^Your profile: Ann \d+$/ })
		.waitFor();
	assert.equal(page.url(), `${KITH}/`);
	assert.deepEqual(told, ["/oauth"]);
});
