/*
 * oauth.js - to another site, where one has an account, and back with a code:
 * RFC 6749, 4.1, with RFC 7636 and RFC 9207.
 *
 * What was begun waits in this tab alone, so an answer to what was begun by
 * somebody else is known as such: {state, code_verifier, provider, title,
 * redirect_uri, purpose, user_id}.
 */
import { call } from "./http.js";

const KEY = "kith.oauth";

/* Where Kith leads to with what a site had the browser post. */
const POSTED = "#/oauth?";

const SECRET_BYTES = 32;

/* What is longer is no nickname, and would have the code refused. */
const NICKNAME_MOST = 128;

/* RFC 4648, 5. */
const base64url = (bytes) => btoa(String.fromCharCode(...bytes))
	.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

const secret = () =>
	base64url(crypto.getRandomValues(new Uint8Array(SECRET_BYTES)));

async function challengeOf(verifier) {
	const digest = await crypto.subtle.digest(
		"SHA-256", new TextEncoder().encode(verifier));

	return base64url(new Uint8Array(digest));
}

/*
 * Whose accounts sign in here: none if Kith can't be asked, and in a page that
 * came over plain HTTP from another machine, since it can't make a challenge.
 */
export async function providers() {
	if (!crypto.subtle)
		return [];
	try {
		return (await call("GET", "/oauth/providers")).body.items;
	} catch {
		return [];
	}
}

/*
 * Leave for a provider.  purpose: "sign-in", or "link" for an account there
 * that shall sign in to user_id's.
 */
export async function begin(provider, purpose, user_id = null) {
	const { response_mode } = provider;
	const path = response_mode === "form_post" ? "/oauth/callback" : "/";
	const begun = {
		state: secret(), code_verifier: secret(), purpose, user_id,
		provider: provider.provider, title: provider.title,
		redirect_uri: location.origin + path,
	};
	const url = new URL(provider.authorization_endpoint);
	const query = {
		response_type: "code",
		client_id: provider.client_id,
		scope: provider.scope,
		redirect_uri: begun.redirect_uri,
		state: begun.state,
		code_challenge: await challengeOf(begun.code_verifier),
		code_challenge_method: "S256",
		...response_mode && { response_mode },
	};

	for (const [name, value] of Object.entries(query))
		url.searchParams.set(name, value);
	sessionStorage.setItem(KEY, JSON.stringify(begun));
	location.assign(url);
}

function takeBegun() {
	const text = sessionStorage.getItem(KEY);

	sessionStorage.removeItem(KEY);
	return JSON.parse(text);
}

/*
 * The answer that the page's address holds, and what it answers: {answer,
 * begun}, once.  begun is null if that was not begun in this tab; all is null
 * if there is no answer.
 */
export function takeAnswer() {
	const { hash, search } = location;
	const answer = Object.fromEntries(new URLSearchParams(
		hash.startsWith(POSTED) ? hash.slice(POSTED.length) : search));

	if (!answer.code && !answer.error)
		return null;
	const kept = takeBegun();
	const begun = kept?.state === answer.state ? kept : null;

	history.replaceState(null, "",
			     begun?.purpose === "link" ? "/#/account" : "/");
	return { answer, begun };
}

/* Apple says it once, in a form: {"name": {"firstName", "lastName"}}. */
function nicknameIn(user) {
	try {
		const { firstName, lastName } = JSON.parse(user).name;

		return [firstName, lastName].filter(Boolean).join(" ");
	} catch {
		return "";
	}
}

/* What Kith is told, of POST /oauth and /identities. */
export function proofOf({ answer, begun }) {
	const { provider, code_verifier, redirect_uri } = begun;
	const { code, iss, user } = answer;
	const nickname = nicknameIn(user);

	return {
		provider, code, code_verifier, redirect_uri, iss,
		...nickname && nickname.length <= NICKNAME_MOST && { nickname },
	};
}
