/*
 * sw.js - the service worker: shows what is pushed while no page is open, or
 * none that is looked at.
 *
 * A classic script, since not every browser takes modules here.  It asks Kith
 * for nothing: it has no token.  With pages it exchanges
 *
 *	{shows: hash}		to a page, which answers true to the port
 *				if somebody looks at that there
 *	{go: hash}		to a page: that is to be shown
 *	{subscribe: true}	to a page: the subscription is no longer good
 */

/* A page that does not answer for so long is asleep. */
const ANSWER_MS = 500;

/* Shown in place of what can't be read: browsers want every push shown. */
const UNREADABLE = { title: "Kith", body: "There is something new.",
		     tag: "kith" };

/* As of web/route.js. */
function hashOf({ kind, data }) {
	if (kind === "message" && data?.chat_id)
		return `#/chat/${data.chat_id}`;
	if (["request", "accepted"].includes(kind) && data?.user_id)
		return `#/person/${data.user_id}`;
	return "#/notifications";
}

function read(data) {
	try {
		const payload = data.json();

		if (payload.title)
			return payload;
	} catch {
		/* Not JSON, or nothing at all. */
	}
	return UNREADABLE;
}

/* The page's windows, the last used first. */
async function pages() {
	const windows = await self.clients.matchAll(
		{ type: "window", includeUncontrolled: true });

	return windows.filter(({ url }) => new URL(url).pathname === "/");
}

function shows(page, hash) {
	return new Promise((resolve) => {
		const { port1, port2 } = new MessageChannel();

		port1.onmessage = ({ data }) => resolve(data);
		setTimeout(resolve, ANSWER_MS, false);
		page.postMessage({ shows: hash }, [port2]);
	});
}

async function isSeen(hash) {
	const seen = (await pages())
		.filter((page) => page.visibilityState === "visible");
	const answers = await Promise.all(
		seen.map((page) => shows(page, hash)));

	return answers.includes(true);
}

/* The same one, pushed once more, makes no sound again. */
async function show(payload, hash) {
	const { title, body, tag = UNREADABLE.tag, number, data } = payload;
	const before = await self.registration.getNotifications({ tag });

	await self.registration.showNotification(title, {
		body: body ?? "",
		tag,
		renotify: number === undefined ||
			before.every((one) => one.data?.number !== number),
		data: { hash, number, chat_id: data?.chat_id, seq: data?.seq },
	});
}

let showing = Promise.resolve();

/* In turn: Chromium drops one if it is asked for another meanwhile. */
function showInTurn(payload, hash) {
	const turn = () => show(payload, hash);

	showing = showing.then(turn, turn);
	return showing;
}

async function push(data) {
	const payload = read(data);
	const hash = hashOf(payload);

	if (payload === UNREADABLE || !await isSeen(hash))
		await showInTurn(payload, hash);
	if (Number.isInteger(payload.unread))
		await self.navigator.setAppBadge?.(payload.unread);
}

async function open(hash) {
	const [page] = await pages();

	if (!page)
		return self.clients.openWindow(`/${hash}`);
	page.postMessage({ go: hash });
	return page.focus();
}

async function tellAll(message) {
	for (const page of await pages())
		page.postMessage(message);
}

/* A new one is used at once: none of them keeps anything. */
self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("push", (event) => event.waitUntil(push(event.data)));

self.addEventListener("notificationclick", (event) => {
	event.notification.close();
	event.waitUntil(open(event.notification.data?.hash ??
			     "#/notifications"));
});

self.addEventListener("pushsubscriptionchange", (event) =>
	event.waitUntil(tellAll({ subscribe: true })));
