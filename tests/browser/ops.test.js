/* The operations page: web/ops */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { KITH, button, confirm, expect, link, openBrowser, openTab, random,
	 register, until } from "./harness.js";
import { problem, stub } from "./sites.js";

const FN = fileURLToPath(new URL("../../infra/fn", import.meta.url));
const SCOPE = "operations:read operations:write";

/* Nobody else's tests are about it. */
const NAME = "avatar";

const names = [];

const fn = (...words) => execFileSync(FN, words, { encoding: "utf8",
						   stdio: "pipe" });

/* A service's. */
function tokenOf(scope) {
	const name = `page-${random()}`;

	names.push(name);
	return fn("token", name, scope).trim();
}

after(() => names.forEach((name) => {
	try {
		fn("token", "revoke", name);
	} catch {
		/* The test did. */
	}
}));

/* What the page asks each second. */
const isAsked = (url) => url.pathname === "/ops/functions";

const field = (page) => page.getByLabel("Token");

async function enter(page, token) {
	await field(page).fill(token);
	await button(page, "Log in").click();
}

/* Somebody's page with a token of this scope. */
async function open(scope = SCOPE, options = {}) {
	const context = await openBrowser(options);
	const page = await openTab(context, "ops");

	await enter(page, tokenOf(scope));
	await page.getByText("Live", { exact: true }).waitFor();
	return { context, page };
}

const row = (page, name) => page.getByRole("row")
	.filter({ has: page.getByRole("link", { name, exact: true }) });

/* The functions in the table, in its order. */
const shownNames = (page) =>
	page.getByRole("rowheader").getByRole("link").allInnerTexts();

/* What a column of the row says, without the mark of what is wrong. */
async function cell(page, name, column) {
	const titles = await page.getByRole("columnheader").allInnerTexts();
	const place = titles.findIndex((title) => title.trim() === column);

	assert.ok(place > 0, `${titles}`);
	return (await row(page, name).locator("th, td").nth(place).innerText())
		.replace(/\s*\([^)]*\)$/, "").trim();
}

async function choose(page, name) {
	await link(row(page, name), name).click();
	await page.getByRole("heading", { name, exact: true }).waitFor();
}

test("who has no good token is told so", async () => {
	const page = await openTab(await openBrowser(), "ops");
	const ann = await register("Ann");

	expect(/status of 40[13]/);
	await button(page, "Log in").click();
	await page.getByText("Please fill this in.").waitFor();
	for (const token of ["nonsense", "with a space", "a.b.c"]) {
		await enter(page, token);
		await page.getByText("This token is not good").waitFor();
	}
	for (const token of [ann.access_token, tokenOf("notifications:send")]) {
		await enter(page, token);
		await page.getByText("not one of an operator").waitFor();
	}
	assert.equal(await page.evaluate(() => sessionStorage.length), 0);
	assert.equal(await field(page).getAttribute("type"), "password");
});

test("the table shows what every function does", async () => {
	const { page } = await open();
	const shown = await shownNames(page);
	const listed = JSON.parse(fn("list", "--json"));

	assert.deepEqual(shown, listed.map(({ name }) => name).sort());
	for (const { name, release } of listed) {
		assert.equal(await cell(page, name, "State"), "running");
		assert.equal(await cell(page, name, "Release"), release);
	}
	/* The page's own questions. */
	await until(async () =>
		Number(await cell(page, "ops", "Requests/s")) > 0);
	assert.match(await cell(page, "ops", "p99"), /^[\d.]+ m?s$/);
	assert.match(await cell(page, "ops", "Memory"), /^\d+ MB$/);

	await button(page, "Requests/s").click();
	await until(async () => (await shownNames(page))[0] === "ops");
	assert.equal(await page.getByRole("columnheader",
		{ name: "Requests/s" }).getAttribute("aria-sort"), "descending");
});

test("a token is kept for the tab, until its owner logs out", async () => {
	const { context, page } = await open();
	const other = await openTab(context, "ops");

	await field(other).waitFor();
	await page.reload();
	await page.getByText("Live", { exact: true }).waitFor();
	assert.equal(await page.evaluate(() => localStorage.length), 0);
	assert.equal((await context.cookies()).length, 0);
	await button(page, "Log out").click();
	await field(page).waitFor();
	assert.equal(await page.evaluate(() => sessionStorage.length), 0);
	assert.equal(await page.getByRole("row").count(), 0);
});

test("a token that is revoked meanwhile logs out", async () => {
	const { page } = await open();

	expect(/status of 401/);
	fn("token", "revoke", names.at(-1));
	await page.getByText("This token is not good").waitFor();
	assert.equal(await page.evaluate(() => sessionStorage.length), 0);
});

/* Pixels of a plot that have the colour of one of its lines. */
const drawn = (plot, line) => plot.locator("canvas").evaluate((canvas, name) => {
	const { width, height } = canvas;
	const copy = new OffscreenCanvas(width, height)
		.getContext("2d", { willReadFrequently: true });

	copy.drawImage(canvas, 0, 0);
	const { data } = copy.getImageData(0, 0, width, height);
	const wanted = getComputedStyle(document.documentElement)
		.getPropertyValue(name).match(/[0-9a-f]{2}/g)
		.map((hex) => parseInt(hex, 16));
	let found = 0;

	for (let i = 0; i < data.length; i += 4)
		found += wanted.every((value, c) => data[i + c] === value);
	return found;
}, line);

test("plots draw what happens", async () => {
	for (const colorScheme of ["light", "dark"]) {
		const { context, page } = await open(SCOPE, { colorScheme });

		await choose(page, "ops");
		const plots = page.getByRole("img");
		const requests = page.getByRole("img", { name: /^Requests/ });

		assert.equal(await plots.count(), 4);
		await until(async () => await drawn(requests, "--accent") > 20);
		assert.match(await requests.getAttribute("aria-label"),
			     /^Requests a second: answered [\d.]+, /);
		await choose(page, "chat-worker");
		await page.getByRole("img", { name: /^Lag: / }).waitFor();
		await until(async () => await drawn(page.getByRole("img",
			{ name: /^Lag/ }), "--amber") > 20);
		await context.close();
	}
});

test("a button scales", async () => {
	const { context, page } = await open();
	const workers = page.getByLabel("Workers", { exact: true });

	await choose(page, NAME);
	const before = await workers.inputValue();

	expect(/status of 422/);
	await workers.fill("9..1");
	await button(page, "Scale").click();
	await page.getByText("This is out of range.").waitFor();
	assert.equal(await workers.getAttribute("aria-invalid"), "true");

	for (const [wanted, shown] of [["2..3", "2/2 of 2..3"],
				       [before, `${before}/${before} of`]]) {
		await workers.fill(wanted);
		await button(page, "Scale").click();
		await page.getByText(`Scaled to ${wanted}.`).waitFor();
		await until(async () => (await cell(page, NAME, "Workers"))
			.startsWith(shown));
	}

	expect(/status of 503/);
	const asked = await stub(context, "POST", "/ops/scale",
				 problem(503, "unavailable"));

	await button(page, "Scale").click();
	await page.getByText("The operator did not answer in time").waitFor();
	assert.deepEqual(asked, [{ name: NAME, workers: before }]);
});

/* Only the release that served before is kept. */
function forgetAllBut(release) {
	const kept = `${process.env.VAR}/functions/${NAME}`;

	fn("rollback", NAME, release);
	for (const other of readdirSync(`${kept}/releases`))
		if (other !== release)
			rmSync(`${kept}/releases/${other}`, { recursive: true });
	rmSync(`${kept}/previous`, { force: true });
}

test("a button rolls back", async (t) => {
	const { context, page } = await open();
	const [{ release: first }] = JSON.parse(fn("status", NAME, "--json"));

	t.after(() => forgetAllBut(first));
	const back = () => button(page, `Roll back to ${first}`);

	await choose(page, NAME);
	await page.getByText(`${first}`).first().waitFor();
	assert.equal(await back().count(), 0);
	fn("deploy", NAME, "--no-build", "--force");
	const second = await until(async () => {
		const release = await cell(page, NAME, "Release");

		return release !== first && release;
	});

	await back().click();
	await page.getByText(`Release ${first} starts beside ${second}`)
		.waitFor();
	await button(page.getByRole("dialog"), "Cancel").click();
	assert.equal(await cell(page, NAME, "Release"), second);

	await back().click();
	await confirm(page, "Roll back");
	await page.getByText(`${first} serves.`, { exact: true }).waitFor();
	await page.getByText(`${NAME} ${first} serves`).waitFor();
	await until(async () => await cell(page, NAME, "Release") === first);

	expect(/status of 409/);
	const { status, json } = problem(409, "not_taken");
	const asked = await stub(context, "POST", "/ops/rollback", {
		status, json: { ...json, detail: "it broke" } });

	await button(page, `Roll back to ${second}`).click();
	await confirm(page, "Roll back");
	await page.getByText("It was not taken.").waitFor();
	await page.getByText("it broke").waitFor();
	assert.deepEqual(asked, [{ name: NAME, release: second }]);
});

test("who may look only has no buttons", async () => {
	const { page } = await open("operations:read");

	await choose(page, NAME);
	await page.getByText("This token lets you look only.").waitFor();
	await page.getByText("serves").waitFor();
	assert.equal(await page.getByRole("textbox").count(), 0);
	assert.equal(await page.getByText("Roll back").count(), 0);
});

test("a server that is away is said to be, and asked again", async () => {
	const { context, page } = await open();
	let asked = 0;

	expect(/ERR_FAILED|status of 503/);
	await choose(page, "ops");
	await context.route(isAsked, (route) => {
		asked++;
		return route.abort();
	});
	await page.getByText("Kith does not answer.").waitFor();
	await page.getByText("What you see is of").waitFor();
	await until(() => asked >= 3);
	await context.unroute(isAsked);
	await context.route(isAsked, (route) =>
		route.fulfill(problem(503, "unavailable")));
	await page.getByText("Kith is very busy.").waitFor();
	await context.unroute(isAsked);
	await page.getByText("Live", { exact: true }).waitFor();
	await until(async () =>
		Number(await cell(page, "ops", "Requests/s")) > 0);
});

test("it fits a phone, and a keyboard suffices", async () => {
	const { context, page } = await open(SCOPE, {
		viewport: { width: 360, height: 740 } });
	const fits = () => page.evaluate(() =>
		document.documentElement.scrollWidth <= innerWidth);

	await context.route(isAsked, async (route) => {
		const response = await route.fetch();
		const json = await response.json();

		json.items.forEach((item) => Object.assign(item, { lag: 500 }));
		return route.fulfill({ response, json });
	});
	await until(async () => await cell(page, NAME, "Lag") === "500");
	await row(page, NAME).getByText("look at this").first()
		.waitFor({ state: "attached" });
	assert.ok(await fits());
	await context.unrouteAll({ behavior: "wait" });
	await link(page, NAME).focus();
	await page.keyboard.press("Enter");
	await page.getByRole("heading", { name: NAME, exact: true }).waitFor();
	assert.equal(await page.evaluate(() => document.activeElement.id),
		     "detail");
	await page.getByRole("img").first().waitFor();
	assert.ok(await fits());
	assert.equal(await page.getByRole("table", { name: "Functions" })
		.count(), 0);
	await page.keyboard.press("Shift+Tab");
	await page.keyboard.press("Enter");
	await row(page, NAME).waitFor();
	assert.equal(page.url(), `${KITH}/ops#`);
});
