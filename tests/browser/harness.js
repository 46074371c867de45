/*
 * harness.js - people with browsers, against the stack of KITH_URL.
 *
 * Every page is watched: a test fails in which a page logs an error, breaks
 * its Content-Security-Policy or asks anybody but Kith, and whom the test
 * allows, for something.
 */
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { after, afterEach, before } from "node:test";

const packages = new URL("../../build/browser/", import.meta.url);
const { chromium } = createRequire(packages)("playwright-core");

export const KITH = process.env.KITH_URL;

/* In ms: for what takes a request or two, on a machine that does others. */
const PATIENCE = 30000;

let browser;
let contexts = [];
let complaints = [];
let expected = [];
let allowed = [];

before(async () => {
	browser = await chromium.launch({
		executablePath: "/usr/bin/chromium",
		args: ["--no-sandbox", "--disable-gpu",
		       "--disable-background-networking"],
	});
});

after(() => browser.close());

afterEach(async () => {
	const [were, meant] = [complaints, expected];

	await Promise.all(contexts.map((context) => context.close()));
	[contexts, complaints, expected, allowed] = [[], [], [], []];
	assert.deepEqual(were.filter((complaint) =>
		!meant.some((pattern) => pattern.test(complaint))), []);
});

/* The test provokes what matches; browsers log each refused request. */
export function expect(pattern) {
	expected.push(pattern);
}

/* The test's pages may go to another origin, or ask it. */
export function allow(origin) {
	allowed.push(origin);
}

function isAllowed(url) {
	return url.startsWith(`blob:${KITH}/`) ||
		[KITH, ...allowed].some((origin) => url.startsWith(`${origin}/`));
}

function watch(page) {
	page.setDefaultTimeout(PATIENCE);
	page.on("console", (message) => {
		if (["error", "warning"].includes(message.type()))
			complaints.push(message.text());
	});
	page.on("pageerror", (error) => complaints.push(String(error)));
	page.on("request", (request) => {
		if (!isAllowed(request.url()))
			complaints.push(`asked ${request.url()}`);
	});
}

/* A browser of its own; options as of newContext. */
export async function openBrowser(options = {}) {
	const context = await browser.newContext({ baseURL: KITH, ...options });

	contexts.push(context);
	context.on("page", watch);
	return context;
}

export const random = () => randomBytes(6).toString("hex");

/* Ask Kith without a browser: {status, body}. */
export async function ask(account, method, path, body) {
	const headers = { "Content-Type": "application/json" };

	if (account)
		headers.Authorization = `Bearer ${account.access_token}`;
	const answer = await fetch(KITH + path, {
		method, headers, body: body && JSON.stringify(body),
	});

	return { status: answer.status,
		 body: await answer.json().catch(() => null) };
}

/* An account with a name that nobody has; the tokens that /register gives. */
export async function register(name) {
	const credentials = { email: `${random()}@example.org`,
			      password: random() };
	const nickname = `${name} ${random()}`;
	const { status, body } = await ask(null, "POST", "/register",
					   { ...credentials, nickname });

	assert.equal(status, 201);
	return { ...body, ...credentials, id: body.user.id, nickname };
}

/* Who accepted whom. */
export async function befriend(a, b) {
	await ask(a, "POST", "/subscriptions/request", { user_id: b.id });
	await ask(b, "POST", "/subscriptions/accept", { user_id: a.id });
}

/* The browser of somebody who is logged in. */
export async function browserOf(account, options = {}) {
	const value = JSON.stringify({
		user_id: account.id,
		access_token: account.access_token,
		refresh_token: account.refresh_token,
		expires_at: Date.now() + account.expires_in * 1000,
	});

	return openBrowser({
		...options,
		storageState: { cookies: [], origins: [{
			origin: KITH,
			localStorage: [{ name: "kith.session", value }],
		}] },
	});
}

/* A tab in it. */
export async function openTab(context, hash = "") {
	const page = await context.newPage();

	await page.goto(`/${hash}`);
	return page;
}

/* No sleeping: until condition() gives a value that holds. */
export async function until(condition) {
	const end = Date.now() + PATIENCE;

	for (;;) {
		const value = await condition();

		if (value)
			return value;
		assert.ok(Date.now() < end, `never held: ${condition}`);
		await new Promise((resolve) => setTimeout(resolve, 25));
	}
}

/* A chat: with a title a group that a owns, else of the two. */
export async function chatOf(a, others, title) {
	const { body } = await ask(a, "POST", "/chat/create", {
		user_ids: others.map((other) => other.id), title });

	assert.ok(body.id, JSON.stringify(body));
	return body;
}

/* Ann and Bob, who accepted each other, and their chat. */
export async function pair(his = "Bob") {
	const [ann, bob] = [await register("Ann"), await register(his)];

	await befriend(ann, bob);
	return { ann, bob, chat: await chatOf(ann, [bob]) };
}

/* Write without a browser; the message. */
export async function say(account, chat, text) {
	const { status, body } = await ask(account, "POST", "/messages/send", {
		chat_id: chat.id, client_id: randomUUID(), text });

	assert.equal(status, 201, JSON.stringify(body));
	return body;
}

/* In an open chat. */
export const composer = (page) => page.locator("#composer");

export async function write(page, text) {
	await composer(page).fill(text);
	await composer(page).press("Enter");
}

/* The texts of the open chat, oldest first. */
export const texts = (page) => page.locator(".message .text").allInnerTexts();

export const shows = (page, expectedTexts) => until(async () =>
	JSON.stringify(await texts(page)) === JSON.stringify(expectedTexts));

export const button = (part, name) =>
	part.getByRole("button", { name, exact: true });

export const link = (part, name) =>
	part.getByRole("link", { name, exact: true });

/* Say yes in the dialog that asks. */
export const confirm = (page, word) =>
	button(page.getByRole("dialog"), word).click();

/* Both in their chat. */
export async function talk() {
	const { ann, bob, chat } = await pair();
	const hers = await openTab(await browserOf(ann), `#/chat/${chat.id}`);
	const his = await openTab(await browserOf(bob), `#/chat/${chat.id}`);

	await composer(hers).waitFor();
	await composer(his).waitFor();
	return { ann, bob, chat, hers, his };
}

export const message = (page, text) =>
	page.locator(".message", { hasText: text });
