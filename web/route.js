/*
 * route.js - where one is, from the address behind "#", and back.
 *
 *	/chats			the list, and nothing open
 *	/chat/ID		/chat/ID/members
 *	/people			/person/ID
 *	/new			a new group
 *	/me			one's own profile
 *	/account		how one signs in
 *	/notifications		/settings, of which of them one wants
 *	/reset/TOKEN		/verify/TOKEN, where links of mails lead
 */
const NAMES = ["chats", "people", "new", "me", "chat", "members", "person",
	       "account", "notifications", "settings", "reset", "verify"];
const WITH_ID = ["chat", "members", "person", "reset", "verify"];

/* Which list stands beside a screen. */
const SIDES = {
	people: "people",
	person: "people",
	notifications: "notifications",
	settings: "notifications",
};

const LISTS = ["chats", "people", "notifications"];

export function routeOf(hash) {
	const [, first, id = null, last] = hash.replace(/^#/, "").split("/");
	const name = first === "chat" && last === "members" ? last : first;

	if (!NAMES.includes(name) || WITH_ID.includes(name) !== Boolean(id))
		return { name: "chats", id: null };
	return { name, id };
}

export function hashOf(name, id) {
	if (name === "members")
		return `#/chat/${id}/members`;
	return id ? `#/${name}/${id}` : `#/${name}`;
}

export const sideOf = (route) => SIDES[route.name] ?? "chats";

/* Whoever has the address can use what is in it. */
export const isSecret = ({ name }) => ["reset", "verify"].includes(name);

/* On a narrow screen a list has it for itself. */
export const isList = (route) => LISTS.includes(route.name);
