/*
 * chats.js - what happens to chats: they come and go, messages are sent,
 * edited and deleted, members receive and read them.
 */
import { lastSeq, later, newest, withMessage, withNewer, withOlder }
	from "./history.js";
import { becameFresh, becameStale, without } from "./stale.js";

const put = (state, part, id, value) =>
	({ ...state, [part]: { ...state[part], [id]: value } });

export const memberOf = (chat, userId) =>
	chat.members.find((member) => member.user.id === userId);

/* Marks never go back, whatever the order in which their news arrive. */
function withMarks(member, marks) {
	if (!marks)
		return member;
	const read_seq = Math.max(member.read_seq, marks.read_seq);

	return {
		...member,
		read_seq,
		received_seq: Math.max(read_seq, member.received_seq,
				       marks.received_seq),
	};
}

/* An answer may have been made before an event that came earlier. */
function merged(chat, known, userId) {
	if (!known)
		return chat;
	const members = chat.members.map((member) =>
		withMarks(member, memberOf(known, member.user.id)));
	const mine = memberOf(chat, userId)?.read_seq;
	const isBehind = chat.last_seq < known.last_seq ||
		mine < memberOf(known, userId)?.read_seq;
	const { last_seq, unread } = isBehind ? known : chat;
	const [a, b] = [chat.last_message, known.last_message];
	const last_message = a && a.seq === b?.seq ? later(a, b) :
		isBehind ? b : a;

	return { ...chat, members, last_seq, last_message, unread };
}

export function chatArrived(state, chat, number) {
	const value = merged(chat, state.chats[chat.id], state.userId);

	return becameFresh(put(state, "chats", chat.id, value),
			   `chat/${chat.id}`, number);
}

export function chatGone(state, id) {
	return {
		...state,
		chats: without(state.chats, id),
		histories: without(state.histories, id),
		typing: without(state.typing, id),
		stale: without(state.stale, `chat/${id}`),
		failed: without(state.failed, `chat/${id}`),
	};
}

/*
 * All chats; before holds the ids of those that were known when they were
 * asked for, so that one made since is not taken for gone.
 */
export function chatsArrived(state, chats, before, number) {
	const ids = new Set(chats.map((chat) => chat.id));
	const gone = before.filter((id) => !ids.has(id));
	let next = gone.reduce(chatGone, state);

	for (const chat of chats)
		next = put(next, "chats", chat.id,
			   merged(chat, next.chats[chat.id], state.userId));
	next = { ...next, known: { ...next.known, chats: true } };
	return becameFresh(next, "chats", number);
}

function counts(message, chat, userId) {
	return message.sender_id !== userId && !message.deleted &&
		message.seq > (memberOf(chat, userId)?.read_seq ?? 0);
}

/*
 * Something happened in a chat that is not here.  While the list of all has
 * not come, that may have been made before it happened.
 */
const unknownChat = (state, id) =>
	becameStale(state, state.known.chats ? `chat/${id}` : "chats");

/* The chat after a message, which may be one that it has in another form. */
function withLast(chat, message, userId) {
	const known = chat.last_message;

	if (message.seq > chat.last_seq)
		return {
			...chat,
			last_seq: message.seq,
			last_message: message,
			unread: chat.unread + counts(message, chat, userId),
		};
	if (message.seq === known?.seq && later(known, message) === message)
		return { ...chat, last_message: message };
	return chat;
}

export function messageArrived(state, message) {
	const { chat_id: id, seq, sender_id: sender } = message;
	const chat = state.chats[id];
	const history = state.histories[id];

	if (!chat)
		return unknownChat(state, id);
	let next = put(state, "chats", id,
		       withLast(chat, message, state.userId));

	if (history)
		next = put(next, "histories", id,
			   withMessage(history, message));
	if (state.typing[id]?.[sender] && seq > chat.last_seq)
		next = put(next, "typing", id,
			   without(state.typing[id], sender));

	/* How many of the unread are left only Kith can tell. */
	const isUncertain = seq > chat.last_seq + 1 ||
		message.deleted && sender !== state.userId &&
		seq > (memberOf(chat, state.userId)?.read_seq ?? 0);

	return isUncertain ? becameStale(next, `chat/${id}`) : next;
}

/* mark: {chat_id, user_id, seq}; kind: "received" or "read". */
export function markArrived(state, kind, mark) {
	const { chat_id: id, user_id: user, seq } = mark;
	const chat = state.chats[id];
	const member = chat && memberOf(chat, user);
	const marks = {
		received_seq: seq,
		read_seq: kind === "read" ? seq : 0,
	};

	if (!chat)
		return unknownChat(state, id);
	if (!member || seq <= member[`${kind}_seq`])
		return state;
	const members = chat.members.map((m) =>
		m === member ? withMarks(m, marks) : m);
	const isAll = seq >= chat.last_seq;
	const isMine = kind === "read" && user === state.userId;
	const unread = isMine && isAll ? 0 : chat.unread;
	const next = put(state, "chats", id, { ...chat, members, unread });

	return isMine && !isAll ? becameStale(next, `chat/${id}`) : next;
}

/* which: "newest", "older" or "newer" than what is here. */
export function pageArrived(state, id, which, page) {
	const history = state.histories[id];

	if (which === "newest")
		return put(state, "histories", id, newest(page, history));
	if (!history)
		return state;
	return put(state, "histories", id, which === "older" ?
		withOlder(history, page) : withNewer(history, page));
}

/* Chats whose history here ends too early. */
export function gaps(state) {
	return Object.entries(state.histories)
		.filter(([id, history]) => !history.old && state.chats[id] &&
			lastSeq(history) < state.chats[id].last_seq)
		.map(([id]) => id);
}
