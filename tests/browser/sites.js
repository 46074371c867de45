/* sites.js - other sites, where one has an account, that are not there. */
import assert from "node:assert/strict";

import { KITH, allow, browserOf, openBrowser } from "./harness.js";

export const SITE = "https://id.example";
const TITLES = { elm: "Elm", apple: "Apple" };

const provider = (name, response_mode = null) => ({
	provider: name, title: TITLES[name], client_id: "kith & more",
	authorization_endpoint: `${SITE}/authorize?of=${name}`,
	scope: "openid email", response_mode });

const LIST = { items: [provider("elm"), provider("apple", "form_post")],
	       next: null };

/* What a page asks of a path from now on, instead of being answered by Kith. */
export async function stub(context, method, path, answer) {
	const asked = [];

	await context.route((url) => url.pathname === path, (route) => {
		if (route.request().method() !== method)
			return route.fallback();
		asked.push(route.request().postDataJSON());
		return route.fulfill(answer);
	});
	return asked;
}

export const problem = (status, code) => ({ status, json: {
	type: `/problems/${code}`, title: code, status, code, errors: [],
	request_id: "0" } });

/* Somebody's browser in which two sites are offered. */
export async function offering(account) {
	const context = account ? await browserOf(account) :
		await openBrowser();

	allow(SITE);
	await stub(context, "GET", "/oauth/providers", { json: LIST });
	await context.route(`${SITE}/**`, (route) => route.fulfill({
		contentType: "text/html", body: "<h1>Elm</h1>" }));
	return context;
}

/* Nothing of what came is left in the address. */
export const isClean = (page) => assert.equal(page.url(), `${KITH}/`);
