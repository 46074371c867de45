/* What the page looks like where there is little room, or little light. */
import assert from "node:assert/strict";
import { test } from "node:test";

import { browserOf, button, chatOf, composer, link, openBrowser, openTab, pair,
	 say, shows, until, write } from "./harness.js";

const NARROW = { viewport: { width: 360, height: 640 }, hasTouch: true,
		 isMobile: true };

/* Nothing reaches beyond the window, and nothing scrolls sideways. */
async function fits(page) {
	const wide = await page.evaluate(() => {
		const { innerWidth } = window;
		const shown = [...document.querySelectorAll("body *")]
			.filter((it) => it.checkVisibility() &&
				!it.closest(".unseen"));

		scrollTo(1000, 0);
		return shown.filter((it) =>
			it.getBoundingClientRect().right > innerWidth + 0.5 ||
			it.scrollWidth > it.clientWidth + 1 &&
				getComputedStyle(it).overflowX === "auto")
			.map((it) => it.outerHTML.slice(0, 100))
			.concat(scrollX ? "the window" : []);
	});

	assert.deepEqual(wide, []);
}

test("a narrow screen shows a list or a chat, and all of it", async () => {
	const { ann, bob, chat } = await pair("Bobbbbbbbbbbbbbbbbb");
	const group = await chatOf(ann, [bob], "W".repeat(100));
	const page = await openTab(await browserOf(ann, NARROW));
	const list = page.getByRole("complementary");

	await say(bob, chat, "https://example.org/".padEnd(4096, "x"));
	await say(bob, group, "hm ".repeat(300));
	await list.getByText("hm hm").waitFor();
	await fits(page);
	assert.ok(!await page.getByRole("main").isVisible());

	for (const one of [chat, group]) {
		await page.locator(`#row-${one.id}`).tap();
		await page.locator(".message").waitFor();
		assert.ok(!await list.isVisible());
		await fits(page);
		await link(page, "Back to the chats").tap();
		await list.waitFor();
	}
	for (const hash of ["#/people", `#/person/${bob.id}`, "#/me", "#/new",
			    "#/notifications", "#/settings", "#/account",
			    `#/chat/${group.id}/members`, "#/reset/x",
			    "#/verify/x"]) {
		await page.goto(`/${hash}`);
		await page.locator(".spinner").waitFor({ state: "detached" });
		await fits(page);
	}
});

test("a chat on a narrow screen is used like any other", async () => {
	const { ann, bob, chat } = await pair();
	const hers = await openTab(await browserOf(ann, NARROW));

	await hers.locator(`#row-${chat.id}`).tap();
	await write(hers, "one");
	await hers.locator(".mark", { hasText: "Sent" }).waitFor();
	await say(bob, chat, "two");
	await shows(hers, ["one", "two"]);
	const box = await composer(hers).boundingBox();

	assert.ok(box.y + box.height <= 640);
	await hers.locator(".message.own").tap();
	assert.equal(await hers.getByRole("dialog").count(), 0);
	await button(hers, "Edit").tap();
	await composer(hers).fill("ONE");
	await button(hers, "Save").tap();
	await shows(hers, ["ONE", "two"]);
});

test("signing in fits a narrow screen", async () => {
	const page = await openTab(await openBrowser(NARROW));

	await button(page, "Sign up").tap();
	await page.getByLabel("Name").waitFor();
	await fits(page);
});

/* Lightness of what a text is drawn with, and on, from 0 to 1. */
const lightness = (page) => page.evaluate(() => {
	const { color, backgroundColor } = getComputedStyle(document.body);

	return [color, backgroundColor].map((value) => value.match(/\d+/g)
		.slice(0, 3).reduce((sum, v) => sum + Number(v), 0) / 765);
});

test("the page is light or dark as its reader wants", async () => {
	for (const colorScheme of ["light", "dark"]) {
		const page = await openTab(await openBrowser({ colorScheme }));
		const [ink, paper] = await lightness(page);

		assert.equal(ink < paper, colorScheme === "light");
		assert.ok(Math.abs(ink - paper) > 0.6);
	}
});

/* Whatever can be used has a name that can be read out. */
async function isNamed(page) {
	const snapshot = await page.locator("body").ariaSnapshot();
	const usable = new RegExp("^\\s*- (button|link|textbox|searchbox|" +
				  "checkbox|switch|combobox)");
	const nameless = snapshot.split("\n")
		.filter((line) => usable.test(line) && !line.includes(" \""));

	assert.deepEqual(nameless, []);
}

test("everything that can be used has a name", async () => {
	const { ann, bob, chat } = await pair();
	const group = await chatOf(ann, [bob], "Mountain weekend");
	const page = await openTab(await browserOf(ann));

	await say(ann, group, "Hello");
	for (const hash of ["#/people", `#/person/${bob.id}`, "#/me", "#/new",
			    "#/notifications", "#/settings", "#/account",
			    `#/chat/${chat.id}`, `#/chat/${group.id}`,
			    `#/chat/${group.id}/members`, "#/reset/x",
			    "#/verify/x"]) {
		await page.goto(`/${hash}`);
		await page.locator(".spinner").waitFor({ state: "detached" });
		await isNamed(page);
	}
});

test("the first stop of the Tab key leads past the list", async () => {
	const { ann, chat } = await pair();
	const page = await openTab(await browserOf(ann));

	await page.locator(`#row-${chat.id}`).waitFor();
	await page.keyboard.press("Tab");
	await page.keyboard.press("Enter");
	await until(() => page.evaluate(() =>
		document.activeElement.id === "main"));
	assert.equal(new URL(page.url()).hash, "");
});
