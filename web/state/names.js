/*
 * names.js - what people and chats are called, and how they are sorted.
 */
import { memberOf } from "./chats.js";

/* Who left Kith is an id and nothing else. */
export const hasLeft = (user) => user.created_at === null;

/* Who is no longer in a chat is known by the id alone. */
export function nameOf(user) {
	if (!user?.created_at)
		return user?.nickname === null ? "Left Kith" : "Someone";
	return user.nickname ?? "No name yet";
}

/* Of a pair; undefined where no other is left. */
export const peerOf = (chat, userId) =>
	chat.members.find((member) => member.user.id !== userId)?.user;

export const titleOf = (chat, userId) =>
	chat.kind === "group" ? chat.title : nameOf(peerOf(chat, userId));

export const userIn = (chat, id) => memberOf(chat, id)?.user;

const lastAt = (chat) => chat.last_message?.sent_at ?? chat.created_at;

/* What waits to be sent makes a chat the latest too. */
export function chatsInOrder(state) {
	const waits = new Set(state.outbox.map((entry) => entry.chat_id));

	return Object.values(state.chats).sort((a, b) =>
		waits.has(b.id) - waits.has(a.id) ||
		lastAt(b).localeCompare(lastAt(a)) ||
		a.id.localeCompare(b.id));
}

export const unreadTotal = (state) => Object.values(state.chats)
	.reduce((sum, chat) => sum + chat.unread, 0);

/* Subscriptions in one state: the newest first, friends by name. */
export function peopleIn(state, which) {
	const items = Object.values(state.subscriptions)
		.filter((item) => item.state === which);

	return items.sort((a, b) => which === "accepted" ?
		nameOf(a.user).localeCompare(nameOf(b.user)) :
		b.since.localeCompare(a.since));
}

/* Names of those who are writing in a chat. */
export function writersIn(state, chat) {
	return Object.keys(state.typing[chat.id] ?? {})
		.map((id) => userIn(chat, id))
		.filter(Boolean)
		.map(nameOf);
}

/* "sent", "received" or "read": what all others did with one's message. */
export function markOf(chat, seq, userId) {
	const others = chat.members
		.filter((member) => member.user.id !== userId);

	if (others.length && others.every((member) => member.read_seq >= seq))
		return "read";
	if (others.length &&
	    others.every((member) => member.received_seq >= seq))
		return "received";
	return "sent";
}
