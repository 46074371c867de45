/*
 * pushes.js - pushes without a push service: the browser is handed what would
 * come from it, and pages subscribe to one that is not there.
 */
import { KITH, browserOf, openTab, until } from "./harness.js";

/*
 * Instead of the browser's own.  A subscription stays in localStorage, as
 * "test.push", and has keys of its own.
 */
function subscribing() {
	const KEY = "test.push";
	const kept = () => JSON.parse(localStorage.getItem(KEY));
	const encoded = (bytes) => btoa(String.fromCharCode(...bytes))
		.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
	const decoded = (text) => Uint8Array.from(atob(
		text.replaceAll("-", "+").replaceAll("_", "/")),
						  (c) => c.charCodeAt(0));

	async function keys() {
		const pair = await crypto.subtle.generateKey(
			{ name: "ECDH", namedCurve: "P-256" }, true,
			["deriveBits"]);
		const point = await crypto.subtle.exportKey(
			"raw", pair.publicKey);
		const auth = crypto.getRandomValues(new Uint8Array(16));

		return { p256dh: encoded(new Uint8Array(point)),
			 auth: encoded(auth) };
	}

	PushManager.prototype.getSubscription = async () => kept() && {
		options: { applicationServerKey: decoded(kept().key).buffer },
		toJSON: () => ({ endpoint: kept().endpoint,
				 expirationTime: null, keys: kept().keys }),
		unsubscribe: async () => {
			localStorage.removeItem(KEY);
			return true;
		},
	};
	PushManager.prototype.subscribe = async function ({
		userVisibleOnly, applicationServerKey: key }) {
		if (!userVisibleOnly || decoded(key).length !== 65)
			throw new DOMException("", "InvalidAccessError");
		localStorage.setItem(KEY, JSON.stringify({
			key, keys: await keys(),
			endpoint: `https://push.invalid/${crypto.randomUUID()}`,
		}));
		return this.getSubscription();
	};
}

/* The browser of who allows notifications. */
export async function allowingBrowserOf(account, options) {
	const context = await browserOf(account, options);

	await context.grantPermissions(["notifications"]);
	await context.addInitScript(subscribing);
	return context;
}

/* What the service worker shows: [{title, body, tag, data, renotify}]. */
export const shown = (page) => page.evaluate(async () => {
	const registration = await navigator.serviceWorker.ready;
	const all = await registration.getNotifications();

	return all.map(({ title, body, tag, data, renotify }) =>
		({ title, body, tag, data, renotify }));
});

/* Registers the service worker, which remembers the titles it showed. */
async function workerOf(page) {
	await page.evaluate(async () => {
		await navigator.serviceWorker.register("/sw.js");
		await navigator.serviceWorker.ready;
	});
	const context = page.context();
	const worker = context.serviceWorkers()[0] ??
		await context.waitForEvent("serviceworker");

	await worker.evaluate(() => {
		const { registration } = self;
		const show = registration.showNotification.bind(registration);

		self.titles = [];
		registration.showNotification = async (title, options) => {
			await show(title, options);
			self.titles.push(title);
		};
	});
	return worker;
}

/* The titles of all that it showed. */
export const titlesOf = (worker) => worker.evaluate(() => self.titles);

/*
 * A tab, its service worker, and
 *
 *	push(payload)		gives it an object as JSON, or the text
 *	untilShown(title)	once one of that title was shown: all that are
 *
 * Chromium drops a notification if it is asked for while about to be shown.
 */
export async function openPushed(account, hash) {
	const context = await allowingBrowserOf(account);
	const page = await openTab(context, hash);
	const debug = await context.newCDPSession(page);
	let registrationId;

	debug.on("ServiceWorker.workerRegistrationUpdated", (event) => {
		registrationId ??= event.registrations[0]?.registrationId;
	});
	await debug.send("ServiceWorker.enable");
	const worker = await workerOf(page);

	await until(() => registrationId);
	return {
		page,
		worker,
		push: (payload) => debug.send(
			"ServiceWorker.deliverPushMessage", {
				origin: KITH,
				registrationId,
				data: typeof payload === "string" ? payload :
					JSON.stringify(payload),
			}),
		async untilShown(title) {
			await until(async () =>
				(await titlesOf(worker)).includes(title));
			return shown(page);
		},
	};
}

/*
 * Something happens in the worker that only a browser can make happen: type
 * is that of the event, init what it is made of there.  Returns after what
 * it waits for.
 */
export const happens = (worker, type, tag) =>
	worker.evaluate(async ([name, of]) => {
		const [notification] = await self.registration
			.getNotifications({ tag: of ?? "" });
		const event = of ? new NotificationEvent(name, { notification })
			: new ExtendableEvent(name);
		const waits = [];

		Object.defineProperty(event, "waitUntil", {
			value: (promise) => waits.push(promise) });
		self.dispatchEvent(event);
		await Promise.allSettled(waits);
	}, [type, tag]);
