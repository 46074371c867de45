/*
 * actions.js - what people do.  Each tells Kith, puts the answer into the
 * state, and says what went wrong in a notice; the value is whether it worked.
 */
import * as api from "./api.js";
import { outbox, store } from "./page.js";
import { sentence } from "./problems.js";
import * as push from "./push.js";
import { hashOf } from "./route.js";
import * as session from "./session.js";
import { chatArrived, chatGone, markArrived, memberOf, messageArrived,
	 pageArrived } from "./state/chats.js";
import { lastSeq } from "./state/history.js";
import { nameOf, peerOf } from "./state/names.js";
import { muteChanged, notificationGone, notificationsOld, notificationsRead,
	 olderArrived, preferencesChosen,
	 preferencesSaved } from "./state/notifications.js";
import { subscriptionChanged } from "./state/people.js";
import { becameStale } from "./state/stale.js";
import { noticed } from "./store.js";

/* While a key is pressed again within so long, others need not hear of it. */
const TYPING_EVERY_MS = 3000;

export function notify(text, kind = "done") {
	store.apply(noticed, { text, kind });
}

export async function attempt(work, done) {
	try {
		await work();
	} catch (error) {
		notify(sentence(error), "error");
		return false;
	}
	if (done)
		notify(done);
	return true;
}

export function go(name, id) {
	location.hash = hashOf(name, id);
}

export const logout = () => attempt(async () => {
	const { userId } = store.state;
	const mine = outbox;

	await session.logout();
	if (store.state.userId !== userId)
		mine.clear();
	await push.forget().catch(() => {});
});

/* People: call(id) answers with what is between the two now, if anything. */
const between = (call, done) => (user) => attempt(async () => {
	store.apply(subscriptionChanged, user.id, await call(user.id));
	store.apply(becameStale, "people", "presence");
}, done(nameOf(user)));

export const request = between(api.request, (name) => `You asked ${name}.`);
export const accept = between(api.accept,
			      (name) => `You and ${name} can talk now.`);
export const decline = between(api.decline, (name) => `You declined ${name}.`);
export const cancel = between(api.unsubscribe,
			      (name) => `You no longer ask ${name}.`);
export const unsubscribe = between(api.unsubscribe,
				   (name) => `You unsubscribed from ${name}.`);
export const block = between(api.block, (name) => `You blocked ${name}.`);
export const unblock = between(api.unblock,
			       (name) => `You unblocked ${name}.`);

/* Chats. */
const pairWith = (state, userId) => Object.values(state.chats).find((chat) =>
	chat.kind === "pair" && peerOf(chat, state.userId)?.id === userId);

export const openPair = (user) => attempt(async () => {
	let chat = pairWith(store.state, user.id);

	if (!chat) {
		chat = await api.createChat([user.id]);
		store.apply(chatArrived, chat);
	}
	go("chat", chat.id);
});

/* Throws, since a form shows what is wrong. */
export async function createGroup(userIds, title, key) {
	const chat = await api.createChat(userIds, title, key);

	store.apply(chatArrived, chat);
	go("chat", chat.id);
}

export const addMember = (chat, user) => attempt(async () => {
	store.apply(chatArrived, await api.addMember(chat.id, user.id));
}, `${nameOf(user)} is in the group now.`);

export const removeMember = (chat, user) => attempt(async () => {
	await api.removeMember(chat.id, user.id);
	store.apply(becameStale, `chat/${chat.id}`);
}, `${nameOf(user)} is no longer in the group.`);

export const leave = (chat) => attempt(async () => {
	await api.removeMember(chat.id, store.state.userId);
	store.apply(chatGone, chat.id);
	go("chats");
}, `You left ${chat.title}.`);

/* Messages. */
export function send(chatId, text) {
	outbox.add(chatId, text);
}

export const edit = (message, text) => attempt(async () => {
	store.apply(messageArrived,
		    await api.edit(message.chat_id, message.seq, text));
});

export const erase = (message) => attempt(async () => {
	store.apply(messageArrived,
		    await api.erase(message.chat_id, message.seq));
});

const underway = new Set();

async function once(key, work) {
	if (underway.has(key))
		return;
	underway.add(key);
	try {
		await work();
	} finally {
		underway.delete(key);
	}
}

export const loadOlder = (chatId) => once(`older/${chatId}`, () => {
	const { before } = store.state.histories[chatId];

	return attempt(async () => {
		store.apply(pageArrived, chatId, "older",
			    await api.history(chatId, { before }));
	});
});

/* What is shown was read.  If Kith can't be told, the view asks again. */
export const markRead = (chatId) => once(`read/${chatId}`, async () => {
	const { chats, histories, userId } = store.state;
	const seq = lastSeq(histories[chatId]);

	if (memberOf(chats[chatId], userId)?.read_seq >= seq)
		return;
	try {
		await api.read(chatId, seq);
	} catch {
		return;
	}
	store.apply(markArrived, "read",
		    { chat_id: chatId, user_id: userId, seq });
});

let typedAt = {};

export async function tellTyping(chatId) {
	const now = Date.now();

	if (now - (typedAt[chatId] ?? 0) < TYPING_EVERY_MS)
		return;
	typedAt = { [chatId]: now };
	try {
		await api.typing(chatId);
	} catch {
		/* Nobody misses it. */
	}
}

/* Notifications. */
export const loadOlderNotifications = () => once("older", () => {
	const cursor = store.state.notifications.next;

	return attempt(async () => {
		store.apply(olderArrived, await api.notifications({ cursor }));
	});
});

/* Up to the newest that is here: who looks has seen no more. */
async function readSeen() {
	const { items, unread } = store.state.notifications;
	const newest = items?.[0]?.number;

	if (!unread || !newest)
		return;
	await api.readNotifications(newest);
	store.apply(notificationsRead, newest);
}

export const readAllNotifications = () => attempt(readSeen);

/*
 * What is shown was read, if it is what there is: an old list would come anew
 * with nothing to mark.  If Kith can't be told, the view asks again.
 */
export const readNotifications = () => once("notifications", async () => {
	const { items, last, isOld } = store.state.notifications;

	if (!isOld && items?.[0]?.number >= last)
		await readSeen().catch(() => {});
});

export const dropNotification = (number) => attempt(async () => {
	try {
		await api.dropNotification(number);
	} catch (error) {
		if (error.status !== 404)
			throw error;
	}
	store.apply(notificationGone, number);
});

let saving = Promise.resolve();
let choices = 0;

/* One after the other, so that what was chosen last is what Kith has. */
export function prefer(change) {
	store.apply(preferencesChosen, change);
	choices++;
	saving = saving.then(async () => {
		const { muted_chats: _, ...chosen } =
			store.state.preferences ?? {};
		const isSaved = await attempt(
			() => api.putPreferences(chosen));

		if (--choices === 0)
			store.apply(preferencesSaved);
		if (isSaved && change.language)
			store.apply(notificationsOld);
	});
}

/* Chats are given by id and title: one may have left them. */
export const mute = (id, title) => attempt(async () => {
	await api.mute(id);
	store.apply(muteChanged, id, true);
}, `${title} is muted.`);

export const unmute = (id, title) => attempt(async () => {
	await api.unmute(id);
	store.apply(muteChanged, id, false);
}, `${title} is no longer muted.`);
