/*
 * notifications.js - what Kith tells its user of, and which of it they want.
 *
 *	items	the newest first; null until they came
 *	next	what to ask for older ones with, null where there are none
 *	last	the number of the newest that was heard of
 *	unread	how many are
 *	isSure	unread holds
 *	isOld	all has to be loaded anew, not just what is newer
 *
 * Events say how many are unread, but not what they tell of: that is loaded
 * once somebody looks at the list.
 */
import { sideOf } from "../route.js";
import { becameFresh, becameStale } from "./stale.js";

export const NONE = { items: null, next: null, last: 0, unread: 0,
		      isSure: false, isOld: true };

export const KINDS = ["message", "request", "accepted", "login", "service"];

const changed = (state, change) => ({
	...state,
	notifications: { ...state.notifications, ...change },
});

/* Whether to load them now. */
export const areWanted = (state) => !state.notifications.isSure ||
	sideOf(state.route) === "notifications";

/* Without a number some were read or deleted, and nobody says which. */
export function notificationTold(state, { number, kind, unread }) {
	const known = state.notifications;

	if (!number && known.isSure && known.unread === unread)
		return state;

	/* Which of its own a service takes back only Kith knows. */
	const isOld = known.isOld || !number || kind === "service";
	const last = Math.max(known.last, number ?? 0);

	return becameStale(changed(state, { last, unread, isOld,
					    isSure: true }), "notifications");
}

/* What was told since the answer was asked for is later than the answer. */
const isLatest = (state, number) => state.stale.notifications === number;

function withAnswer(state, page, number, change) {
	const known = state.notifications;
	const latest = isLatest(state, number);
	const last = change.items[0]?.number ?? 0;

	return becameFresh(changed(state, {
		...change,
		last: latest ? last : Math.max(last, known.last),
		unread: latest || !known.isSure ? page.unread : known.unread,
		isSure: latest || known.isSure,
	}), "notifications", number);
}

export const notificationsArrived = (state, page, number) =>
	withAnswer(state, page, number, {
		items: page.items,
		next: page.next,
		isOld: state.notifications.isOld && !isLatest(state, number),
	});

/* What one is about; of a service's and of logins each is another. */
const ABOUT = { message: "chat_id", request: "user_id", accepted: "user_id" };

const aboutOf = ({ kind, data }) => data[ABOUT[kind]];

/* A new one takes the place of an unread one about the same. */
const isReplaced = (item, by) => !item.read && aboutOf(item) !== undefined &&
	aboutOf(item) === aboutOf(by);

/* A page of those behind the newest here, ascending. */
export function newsArrived(state, page, number) {
	const news = page.items.toReversed();
	const kept = state.notifications.items.filter((item) =>
		!news.some((by) => by.number === item.number ||
			   isReplaced(item, by)));

	return withAnswer(state, page, page.next ? null : number,
			  { items: [...news, ...kept] });
}

export function olderArrived(state, page) {
	const { items } = state.notifications;
	const oldest = items.at(-1)?.number ?? Infinity;

	return changed(state, {
		items: [...items,
			...page.items.filter(({ number }) => number < oldest)],
		next: page.next,
	});
}

/* They are to be told in another language. */
export const notificationsOld = (state) =>
	becameStale(changed(state, { isOld: true }), "notifications");

/* Whether newer ones are unread is told by an event. */
export function notificationsRead(state, upTo) {
	const { items, last, unread } = state.notifications;

	return changed(state, {
		items: items.map((item) => item.read || item.number > upTo ?
			item : { ...item, read: true }),
		unread: upTo >= last ? 0 : unread,
	});
}

/* Whether it was unread an event tells. */
export const notificationGone = (state, number) => changed(state, {
	items: state.notifications.items
		.filter((item) => item.number !== number),
});

/*
 * Preferences: {language, muted_chats: [ids], and a boolean a kind}.  What was
 * chosen and is not saved yet is shown whatever comes.
 */
export const preferencesArrived = (state, preferences, number) =>
	becameFresh({ ...state,
		      preferences: { ...preferences, ...state.unsaved } },
		    "preferences", number);

export const preferencesChosen = (state, change) => ({
	...state,
	preferences: { ...state.preferences, ...change },
	unsaved: { ...state.unsaved, ...change },
});

/* Or not: what Kith has tells. */
export const preferencesSaved = (state) =>
	becameStale({ ...state, unsaved: {} }, "preferences");

export const isMuted = (state, chatId) =>
	state.preferences?.muted_chats.includes(chatId) ?? false;

export function muteChanged(state, chatId, muted) {
	const others = state.preferences.muted_chats
		.filter((id) => id !== chatId);

	return { ...state, preferences: {
		...state.preferences,
		muted_chats: muted ? [...others, chatId] : others } };
}
