/*
 * api.js - what the function ops answers to operators; openapi.yaml describes
 * it.  The token is kept as long as this tab.
 *
 * Each returns the answer's document, or throws as http.js does.
 */
import { Problem, call } from "../http.js";

const KEY = "kith.operations";

/* A release is taken or not in less: functions/ops/function.conf. */
const ACT_MS = 40000;

let token = sessionStorage.getItem(KEY);

export const isLoggedIn = () => token !== null;

export function logout() {
	token = null;
	sessionStorage.removeItem(KEY);
}

async function ask(method, path, options = {}, bearer = token) {
	const headers = { Authorization: `Bearer ${bearer}` };

	return (await call(method, path, { ...options, headers })).body;
}

export const functions = (signal) => ask("GET", "/ops/functions", { signal });
export const releases = (name) =>
	ask("GET", "/ops/releases", { query: { name } });
export const scale = (name, workers) =>
	ask("POST", "/ops/scale",
	    { body: { name, workers }, timeoutMs: ACT_MS });
export const rollback = (name, release) =>
	ask("POST", "/ops/rollback",
	    { body: { name, release }, timeoutMs: ACT_MS });

/* With what was pasted; kept only if it is good. */
export async function login(pasted) {
	const text = pasted.trim();

	if (!/^[\w.-]+$/.test(text))
		throw new Problem(401, "unauthorized");
	await ask("GET", "/ops/functions", {}, text);
	token = text;
	sessionStorage.setItem(KEY, text);
}

/* What the token says of itself: only for what the page offers. */
export function mayAct() {
	try {
		const claims = token.split(".")[1]
			.replaceAll("-", "+").replaceAll("_", "/");

		return JSON.parse(atob(claims)).scope.split(" ")
			.includes("operations:write");
	} catch {
		return false;
	}
}
