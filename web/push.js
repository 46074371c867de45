/*
 * push.js - notifications on this device while nobody looks at the page.
 *
 * The browser keeps a subscription to its push service for the service worker
 * (sw.js), and Kith knows it as the device of the session.  Whose wish it was
 * is kept in localStorage: another user of this browser did not ask for it.
 */
import * as api from "./api.js";
import { exclusively } from "./locks.js";
import { Hindered } from "./problems.js";
import { memberOf } from "./state/chats.js";
import { unreadTotal } from "./state/names.js";

const KEY = "kith.push";
const WORKER = "/sw.js";

/* A browser that does not reach its push service tries for minutes. */
const PATIENCE_MS = 20000;

const isSupported = () => "serviceWorker" in navigator &&
	"PushManager" in window && "Notification" in window;

/* Undefined where there is none, or where the browser lets none be. */
async function registered() {
	try {
		return await navigator.serviceWorker?.getRegistration(WORKER);
	} catch {
		return undefined;
	}
}

async function subscribed() {
	return (await registered())?.pushManager?.getSubscription();
}

async function shown() {
	return await (await registered())?.getNotifications() ?? [];
}

/* As buffers have it: base64url without padding. */
function encoded(buffer) {
	return btoa(String.fromCharCode(...new Uint8Array(buffer)))
		.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

const hasKey = ({ options }, key) =>
	encoded(options.applicationServerKey) === key;

async function working() {
	try {
		await navigator.serviceWorker.register(WORKER);
		return await navigator.serviceWorker.ready;
	} catch {
		throw new Hindered("no_worker");
	}
}

async function subscribe(pushManager, key) {
	const late = new Promise((_, reject) =>
		setTimeout(reject, PATIENCE_MS, new Error("late")));

	try {
		return await Promise.race([late, pushManager.subscribe({
			userVisibleOnly: true,
			applicationServerKey: key,
		})]);
	} catch (error) {
		throw new Hindered(error.name === "NotAllowedError" ?
			"denied" : "no_push_service");
	}
}

/* Kith's key may be another one than when it was turned on. */
async function subscribeAgain(key) {
	const { pushManager } = await working();
	let subscription = await pushManager.getSubscription();

	if (subscription && !hasKey(subscription, key)) {
		await subscription.unsubscribe();
		subscription = null;
	}
	return subscription ?? subscribe(pushManager, key);
}

async function announce(key) {
	const { endpoint, keys } = (await subscribeAgain(key)).toJSON();

	await api.postDevice({ platform: "webpush", token: endpoint, ...keys });
}

/* "unsupported", "denied", "on" or "off" for who is logged in. */
export async function status(userId) {
	if (!isSupported())
		return "unsupported";
	if (Notification.permission === "denied")
		return "denied";
	const isMine = localStorage.getItem(KEY) === userId;

	return isMine && await subscribed() ? "on" : "off";
}

/* Browsers let a page ask only while somebody clicks: this comes first. */
export async function turnOn(userId, key) {
	const permission = await Notification.requestPermission();

	if (permission !== "granted")
		throw new Hindered(permission === "denied" ?
			"denied" : "not_allowed");
	await exclusively(KEY, () => announce(key));
	localStorage.setItem(KEY, userId);
}

/* After the session is over Kith has no device any more. */
export async function forget() {
	localStorage.removeItem(KEY);
	for (const one of await shown())
		one.close();
	await (await subscribed())?.unsubscribe();
	await navigator.clearAppBadge?.();
}

export async function turnOff() {
	const devices = await api.devices();
	const mine = devices.find((device) => device.current);

	if (mine)
		await api.dropDevice(mine.id);
	await forget();
}

/* The session or Kith's key may be new since it was turned on. */
async function renew(userId) {
	const owner = localStorage.getItem(KEY);

	if (!isSupported() || !owner || Notification.permission !== "granted")
		return;
	if (owner !== userId) {
		await forget();
		return;
	}
	const { webpush } = await api.platforms();

	if (webpush)
		await announce(webpush);
}

/*
 * What was read, here or elsewhere, need not be shown any longer.  What this
 * page has not heard of yet may be newer than all that was read.
 */
function isRead({ chats, notifications, userId }, { number, chat_id, seq }) {
	const { unread, last } = notifications;
	const chat = chats[chat_id];

	return chat && memberOf(chat, userId)?.read_seq >= seq ||
		unread === 0 && (number ?? 0) <= last;
}

async function closeRead(state) {
	for (const one of await shown())
		if (isRead(state, one.data ?? {}))
			one.close();
}

function isLookedAt(hash) {
	return !document.hidden && document.hasFocus() &&
		location.hash === hash;
}

/*
 * Until stop aborts, keep in step with what is read and what the service
 * worker says; live() is to be called whenever Kith can be reached again.
 */
export function startPush(store, stop) {
	const { userId } = store.state;
	let isRenewed = false;
	let seen;

	/* What does not work now is tried when Kith is reached again. */
	async function live() {
		if (isRenewed)
			return;
		isRenewed = true;
		try {
			await exclusively(KEY, () => renew(userId));
		} catch {
			isRenewed = false;
		}
	}

	function look(state) {
		const { isSure, unread } = state.notifications;
		const now = `${unread}/${unreadTotal(state)}`;

		if (!isSure || now === seen)
			return;
		seen = now;
		navigator.setAppBadge?.(unread).catch(() => {});
		closeRead(state);
	}

	function hear({ data, ports }) {
		if (data.shows)
			ports[0].postMessage(isLookedAt(data.shows));
		if (data.go)
			location.hash = data.go;
		if (data.subscribe) {
			isRenewed = false;
			live();
		}
	}

	const unlisten = store.listen(look);

	stop.addEventListener("abort", unlisten);
	navigator.serviceWorker?.addEventListener("message", hear,
						  { signal: stop });
	navigator.serviceWorker?.startMessages();

	return { live };
}
