/*
 * api.js - what Kith offers to who is logged in; openapi.yaml describes it.
 *
 * Each returns the answer's document, or throws as http.js does.
 */
import { call, open } from "./http.js";
import { authorized } from "./session.js";

const PAGE = 100;

function withToken(options, token) {
	const Authorization = `Bearer ${token}`;

	return { ...options, headers: { ...options.headers, Authorization } };
}

function answer(method, path, options = {}) {
	return authorized((token) =>
		call(method, path, withToken(options, token)));
}

async function ask(method, path, options) {
	return (await answer(method, path, options)).body;
}

/* The items of all pages of a list. */
async function all(path, query = {}) {
	const items = [];
	let cursor;

	do {
		const page = await ask("GET", path, {
			query: { ...query, limit: PAGE, cursor },
		});

		items.push(...page.items);
		cursor = page.next;
	} while (cursor);
	return items;
}

/* People. */
export const getMe = () => answer("GET", "/user/me");
export const getUser = (id) => ask("GET", `/user/${id}`);
export const putMe = (profile, etag) => answer("PUT", "/user/me", {
	body: profile,
	headers: etag ? { "If-Match": etag } : {},
});
export const postAvatar = (image) =>
	ask("POST", "/user/me/avatar", { body: image });
export const search = (nickname, cursor, signal) =>
	ask("GET", "/users/search", { query: { nickname, cursor }, signal });

/* The account.  A password is needed where there is one. */
export const identities = () => all("/identities");
export const link = (proof) => ask("POST", "/identities", { body: proof });
export const unlink = (id) => ask("DELETE", `/identities/${id}`);
export const changePassword = (current_password, password) =>
	ask("POST", "/password", { body: { current_password, password } });
export const changeEmail = (email, password) =>
	ask("POST", "/email", { body: { email, password } });
export const askToVerify = () => ask("POST", "/email/verify", { body: {} });

/* Subscriptions. */
export const subscriptions = () => all("/subscriptions/me");
export const presence = () => all("/presence");

const subscription = (verb) => (id) =>
	ask("POST", `/subscriptions/${verb}`, { body: { user_id: id } });
const noSubscription = (what) => (id) =>
	ask("DELETE", `/subscriptions/${what}`, { query: { user_id: id } });

export const request = subscription("request");
export const accept = subscription("accept");
export const decline = subscription("decline");
export const block = subscription("block");
export const unblock = noSubscription("block");
export const unsubscribe = noSubscription("remove");

/* Chats. */
export const chats = () => all("/chats");
export const getChat = (id) => ask("GET", `/chat/${id}`);
export const createChat = (user_ids, title, key) =>
	ask("POST", "/chat/create", {
		body: { user_ids, title },
		headers: key ? { "Idempotency-Key": key } : {},
	});
export const addMember = (chat_id, user_id) =>
	ask("POST", "/chat/members", { body: { chat_id, user_id } });
export const removeMember = (chat_id, user_id) =>
	ask("DELETE", "/chat/members", { query: { chat_id, user_id } });

/* Messages.  range: {before} or {after}, a seq, or nothing. */
export const history = (chat_id, range = {}) =>
	ask("GET", `/messages/chat/${chat_id}`, {
		query: { ...range, limit: 50 },
	});
export const send = (message) =>
	ask("POST", "/messages/send", { body: message });
export const edit = (chat_id, seq, text) =>
	ask("PUT", `/messages/${chat_id}/${seq}`, { body: { text } });
export const erase = (chat_id, seq) =>
	ask("DELETE", `/messages/${chat_id}/${seq}`);
export const received = (chat_id, seq) =>
	ask("POST", "/messages/received", { body: { chat_id, seq } });
export const read = (chat_id, seq) =>
	ask("POST", "/messages/read", { body: { chat_id, seq } });

/* Notifications.  range: {cursor} or {after}, a number, or nothing. */
export const notifications = (range = {}) =>
	ask("GET", "/notifications", { query: { ...range, limit: 50 } });
export const readNotifications = (up_to) =>
	ask("POST", "/notifications/read", { body: { up_to } });
export const dropNotification = (number) =>
	ask("DELETE", `/notifications/${number}`);
export const preferences = () => ask("GET", "/notifications/preferences");
export const putPreferences = (preferences) =>
	ask("PUT", "/notifications/preferences", { body: preferences });
export const mute = (chat_id) =>
	ask("POST", "/notifications/mute", { body: { chat_id } });
export const unmute = (chat_id) =>
	ask("DELETE", "/notifications/mute", { query: { chat_id } });
export const platforms = () => ask("GET", "/notifications/platforms");
export const devices = () => all("/notifications/devices");
export const postDevice = (device) =>
	ask("POST", "/notifications/devices", { body: device });
export const dropDevice = (id) =>
	ask("DELETE", `/notifications/devices/${id}`);

/* Live.  openStream gives the Response, whose body goes on. */
export const typing = (chat_id) =>
	ask("POST", "/typing", { body: { chat_id } });
export const openStream = (lastId, signal) => authorized((token) =>
	open("GET", "/stream", withToken({
		signal,
		headers: lastId ? { "Last-Event-ID": lastId } : {},
	}, token)));
