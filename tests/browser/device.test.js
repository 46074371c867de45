/* Turning notifications of a device on and off: web/push.js */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ask, browserOf, button, expect, openTab, pair, register, say, until }
	from "./harness.js";
import { allowingBrowserOf, happens, openPushed, shown } from "./pushes.js";

const TURN_ON = "Turn on notifications on this device";

/* Whether Kith pushes to who is logged in there, by account. */
const devices = async (account) =>
	(await ask(account, "GET", "/notifications/devices")).body.items;

/* What the browser tells Kith of itself: {token, status}, as it happens. */
function registrations(context) {
	const seen = [];

	context.on("response", (answer) => {
		const request = answer.request();

		if (request.method() === "POST" &&
		    request.url().endsWith("/notifications/devices"))
			seen.push({ token: request.postDataJSON().token,
				    status: answer.status() });
	});
	return seen;
}

/* Ann's browser with notifications turned on. */
async function turnedOn() {
	const ann = await register("Ann");
	const context = await allowingBrowserOf(ann);
	const seen = registrations(context);
	const page = await context.newPage();

	/* When the stream opens a device that is on is told of again. */
	await Promise.all([page.waitForResponse("**/stream"),
			   page.goto("/#/settings")]);
	await button(page, TURN_ON).click();
	await button(page, "Turn off").waitFor();
	await until(() => seen.length === 1);
	return { ann, context, page, seen };
}

const subscription = (page) =>
	page.evaluate(() => JSON.parse(localStorage.getItem("test.push")));

async function logIn(page, { email, password }) {
	await page.getByLabel("E-mail address").fill(email);
	await page.getByLabel("Password", { exact: true }).fill(password);
	await button(page, "Log in").click();
	await page.locator(".shell").waitFor();
}

test("turned on the device is Kith's, turned off no more", async () => {
	const { ann, page, seen } = await turnedOn();
	const [device] = await devices(ann);

	assert.deepEqual([device.platform, device.current, seen[0].status],
			 ["webpush", true, 201]);
	await button(page, "Turn off").click();
	await button(page, TURN_ON).waitFor();
	assert.deepEqual(await devices(ann), []);
	assert.equal(await subscription(page), null);
	await page.reload();
	await button(page, TURN_ON).waitFor();
	assert.equal(seen.length, 1);
});

test("each start tells Kith of the device again", async () => {
	const { page, seen } = await turnedOn();

	await page.reload();
	await button(page, "Turn off").waitFor();
	await until(() => seen.length === 2);
	assert.deepEqual(seen[1], { ...seen[0], status: 200 });
});

test("another key of Kith's needs another subscription", async () => {
	const { page, seen } = await turnedOn();
	const { key } = await subscription(page);

	await page.evaluate(() => {
		const kept = JSON.parse(localStorage.getItem("test.push"));
		const key = kept.key.replace(/.{4}$/, "AAAA");

		localStorage.setItem("test.push",
				     JSON.stringify({ ...kept, key }));
	});
	await page.reload();
	await until(() => seen.length === 2);
	assert.notEqual(seen[1].token, seen[0].token);
	assert.equal((await subscription(page)).key, key);
});

test("a subscription that the browser gave up is replaced", async () => {
	const { ann, page, seen } = await turnedOn();
	const [worker] = page.context().serviceWorkers();

	await page.evaluate(() => localStorage.removeItem("test.push"));
	await happens(worker, "pushsubscriptionchange");
	await until(() => seen.length === 2);
	assert.notEqual(seen[1].token, seen[0].token);
	assert.equal((await devices(ann)).length, 1);
});

test("a logout leaves nothing to push to, and nothing shown", async () => {
	const { ann, page, seen } = await turnedOn();

	await page.evaluate(async () => {
		const registration = await navigator.serviceWorker.ready;

		await registration.showNotification("For Ann only");
	});
	await page.goto("/#/me");
	await button(page, "Log out").click();
	await page.getByLabel("E-mail address").waitFor();
	await until(async () => await subscription(page) === null);
	await until(async () => (await shown(page)).length === 0);
	await logIn(page, ann);
	await page.goto("/#/settings");
	await button(page, TURN_ON).waitFor();
	assert.equal(seen.length, 1);
});

test("in another session the device is Kith's again", async () => {
	const { ann, page, seen } = await turnedOn();

	expect(/status of 401/);
	await ask(ann, "POST", "/logout");
	await page.getByLabel("E-mail address").waitFor();
	await logIn(page, ann);
	await until(() => seen.length === 2);
	assert.deepEqual(seen[1], { ...seen[0], status: 201 });
});

test("another user of the browser did not ask for it", async () => {
	const { ann, page, seen } = await turnedOn();
	const bob = await register("Bob");

	expect(/status of 401/);
	await ask(ann, "POST", "/logout");
	await page.getByLabel("E-mail address").waitFor();
	await logIn(page, bob);
	await until(async () => await subscription(page) === null);
	await page.goto("/#/settings");
	await button(page, TURN_ON).waitFor();
	assert.equal(seen.length, 1);
	assert.deepEqual(await devices(bob), []);
});

test("what is read is shown no longer, what is newer is", async () => {
	const { ann, bob, chat } = await pair();
	const { page, push, untilShown } = await openPushed(ann);
	const payload = (seq) => ({ kind: "message", number: seq + 1,
				    title: `message ${seq}`, body: "",
				    unread: 2, tag: `t${seq}`,
				    data: { chat_id: chat.id, seq } });

	await say(bob, chat, "Hello");
	await page.getByText("2 new").waitFor();
	await push(payload(9));
	await push(payload(1));
	await untilShown("message 9");
	await untilShown("message 1");
	await page.locator(`#row-${chat.id}`).click();
	await until(async () => (await shown(page)).length === 1);
	await page.goto("/#/notifications");
	await until(async () => await page.getByText(/\d new/).count() === 0);
	assert.deepEqual((await shown(page)).map(({ title }) => title),
			 ["message 9"]);
});

/* The settings of somebody whose browser did not do this. */
async function settings(script, options) {
	const context = await browserOf(await register("Ann"), options);

	if (script)
		await context.addInitScript(script);
	return openTab(context, "#/settings");
}

test("who does not allow them hears how to", async () => {
	const page = await settings();

	await button(page, TURN_ON).click();
	await page.getByText("Allow them for this page").waitFor();
	assert.equal(await page.getByText("stay off").count(), 0);
	assert.equal(await button(page, TURN_ON).count(), 0);
});

test("who does not answer may be asked again", async () => {
	const page = await settings(() => {
		Notification.requestPermission = async () => "default";
	});

	await button(page, TURN_ON).click();
	await page.getByText("stay off until you allow them").waitFor();
	await button(page, TURN_ON).waitFor();
});

test("a browser without a push service says so", async () => {
	const ann = await register("Ann");
	const context = await browserOf(ann);

	expect(/does not support the Push API in incognito mode/);
	await context.grantPermissions(["notifications"]);
	const page = await openTab(context, "#/settings");

	await button(page, TURN_ON).click();
	await page.getByText("push service of this browser can't be reached")
		.waitFor();
	await button(page, TURN_ON).waitFor();
	assert.deepEqual(await devices(ann), []);
});

test("a push service that never answers is one that is not there", async () => {
	const ann = await register("Ann");
	const context = await allowingBrowserOf(ann);

	await context.addInitScript(() => {
		PushManager.prototype.subscribe = () => new Promise(() => {
			globalThis.isWaiting = true;
		});
	});
	const page = await context.newPage();

	await page.clock.install();
	await page.goto("/#/settings");
	await button(page, TURN_ON).click();
	await until(() => page.evaluate(() => globalThis.isWaiting));
	await page.clock.fastForward(20000);
	await page.getByText("can't be reached").waitFor();
});

test("a browser that takes no pushes says so", async () => {
	const page = await settings(() => {
		delete window.PushManager;
	});

	await page.getByText("This browser can't show").waitFor();
	assert.equal(await button(page, TURN_ON).count(), 0);
});

test("where Kith pushes to no browser nothing is offered", async () => {
	const context = await browserOf(await register("Ann"));

	await context.route("**/notifications/platforms", (route) =>
		route.fulfill({ json: { fcm: false, apns: false,
					webpush: null } }));
	const page = await openTab(context, "#/settings");

	await page.getByText("does not offer this").waitFor();
	assert.equal(await button(page, TURN_ON).count(), 0);
});

test("nobody is asked before they click", async () => {
	const page = await settings(() => {
		Notification.requestPermission = () => {
			globalThis.isAsked = true;
		};
	});

	await button(page, TURN_ON).waitFor();
	assert.ok(!await page.evaluate(() => globalThis.isAsked));
});
