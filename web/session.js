/*
 * session.js - who is logged in here, and the tokens; all tabs share them.
 *
 * A tab learns of another's login, logout and renewal by the storage event.
 * What is kept: {user_id, access_token, refresh_token, expires_at}.
 */
import { Problem, call } from "./http.js";
import { exclusively } from "./locks.js";

const KEY = "kith.session";

/* A token is renewed so long before it expires, for clocks that differ. */
const EARLY_MS = 60000;

const listeners = new Set();

export function current() {
	try {
		return JSON.parse(localStorage.getItem(KEY));
	} catch {
		return null;
	}
}

function tell() {
	for (const listener of listeners)
		listener(current());
}

/* listener(session or null) is called after every change. */
export function onChange(listener) {
	listeners.add(listener);
}

addEventListener("storage", (event) => {
	if (event.key === KEY || event.key === null)
		tell();
});

function keep(tokens) {
	localStorage.setItem(KEY, JSON.stringify({
		user_id: tokens.user.id,
		access_token: tokens.access_token,
		refresh_token: tokens.refresh_token,
		expires_at: Date.now() + tokens.expires_in * 1000,
	}));
	tell();
}

export function forget() {
	localStorage.removeItem(KEY);
	tell();
}

export async function login(credentials) {
	keep((await call("POST", "/login", { body: credentials })).body);
}

/* proof: of an account at another site. */
export async function signIn(proof) {
	keep((await call("POST", "/oauth", { body: proof })).body);
}

/*
 * The same key with the same account does not make it twice.  False: nobody is
 * logged in so far, since a mail has to be answered first.
 */
export async function register(account, key) {
	const { status, body } = await call("POST", "/register", {
		body: account,
		headers: { "Idempotency-Key": key },
	});

	if (status === 202)
		return false;
	keep(body);
	return true;
}

/*
 * Another access token than the stale one.  A refresh token works once, so
 * one tab uses it and the others find what it got.
 */
export function renew(stale) {
	return exclusively("kith.tokens", async () => {
		const session = current();

		if (!session)
			throw new Problem(401, "unauthorized");
		if (session.access_token !== stale)
			return session.access_token;
		try {
			const { body } = await call("POST", "/refresh-token", {
				body: { refresh_token: session.refresh_token },
			});

			/* Who logged out meanwhile stays logged out. */
			if (current()?.refresh_token === session.refresh_token)
				keep(body);
			return body.access_token;
		} catch (error) {
			if (error.status === 401 || error.status === 422)
				forget();
			throw error;
		}
	});
}

export async function accessToken() {
	const session = current();

	if (!session)
		throw new Problem(401, "unauthorized");
	if (session.expires_at - Date.now() > EARLY_MS)
		return session.access_token;
	return renew(session.access_token);
}

/*
 * Run request(token), and once more with another token if that is refused: not
 * if something else is, which 401 says, too.
 */
export async function authorized(request) {
	const token = await accessToken();

	try {
		return await request(token);
	} catch (error) {
		if (error.code !== "unauthorized")
			throw error;
		return request(await renew(token));
	}
}

/* The session ends at Kith first: forgetting it here would leave it alive. */
export async function logout() {
	try {
		await authorized((token) => call("POST", "/logout", {
			headers: { Authorization: `Bearer ${token}` },
		}));
	} catch (error) {
		if (error.status !== 401)
			throw error;
	}
	forget();
}
