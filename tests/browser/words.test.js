/* Sentences, addresses and waiting: web/problems.js, route.js, backoff.js */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { backoffMs } from "../../web/backoff.js";
import { Problem } from "../../web/http.js";
import { HINDRANCES, Hindered, OF_LINKS, RULES, SENTENCES, byMember, sentence }
	from "../../web/problems.js";
import { hashOf, routeOf } from "../../web/route.js";

/* The codes that a schema of openapi.yaml lists. */
function codesOf(schema) {
	const file = new URL("../../api/openapi.yaml", import.meta.url);
	const text = readFileSync(file, "utf8")
		.split(`\n    ${schema}:\n`).at(-1);
	const [, list] = /\n +enum:\n((?: +- \w+\n)+)/.exec(text);

	return list.match(/\w+/g);
}

test("every code of the contract has a sentence", () => {
	for (const code of codesOf("Problem"))
		assert.match(SENTENCES[code] ?? "", /^[A-Z].*[.?]$/, code);
	for (const code of codesOf("ProblemItem"))
		assert.match(RULES[code] ?? "", /^[A-Z].*[.?]$/, code);
});

test("a code that is new is told by its status", () => {
	assert.match(sentence(new Problem(409, "brand_new")), /refused/);
	assert.match(sentence(new Problem(503, "brand_new")), /busy/);
	assert.match(sentence(new Problem(422, "invalid", [
		{ pointer: "/x", code: "brand_new" }])), /not right/);
});

test("a code may mean something else of a link", () => {
	const problem = new Problem(401, "invalid_token");

	assert.match(sentence(problem), /logged out/);
	assert.match(sentence(problem, OF_LINKS), /^This link was used/);
});

test("what a browser does not do is said", () => {
	for (const reason in HINDRANCES)
		assert.match(sentence(new Hindered(reason)),
			     /^[A-Z].*\.$/, reason);
});

test("who is too fast hears for how long to wait", () => {
	assert.match(sentence(new Problem(429, "too_many_requests", [], 40)),
		     /in 40 seconds/);
	assert.match(sentence(new Problem(429, "too_many_requests", [], 600)),
		     /in 10 minutes/);
});

test("what is wrong stands beside what was filled in", () => {
	assert.deepEqual(Object.keys(byMember(new Problem(422, "invalid", [
		{ pointer: "/password", code: "common" },
		{ pointer: "/user_ids/3", code: "not_allowed" },
	]))), ["password", "user_ids"]);
	assert.deepEqual(Object.keys(byMember(
		new Problem(409, "nickname_taken"))), ["nickname"]);
	assert.deepEqual(Object.keys(byMember(
		new Problem(403, "wrong_password"),
		{ wrong_password: "current_password" })), ["current_password"]);
	assert.deepEqual(byMember(new Problem(503, "unavailable")), {});
});

test("an address leads to a screen and back", () => {
	for (const hash of ["#/chats", "#/chat/a", "#/chat/a/members",
			    "#/people", "#/person/b", "#/new", "#/me",
			    "#/notifications", "#/settings", "#/account",
			    "#/reset/c", "#/verify/d"]) {
		const { name, id } = routeOf(hash);

		assert.equal(hashOf(name, id), hash);
	}
	for (const hash of ["", "#", "#/", "#/x", "#/chat", "#/me/x", "#main",
			    "#/reset", "#/verify/", "#/account/x"])
		assert.equal(routeOf(hash).name, "chats", hash);
});

test("waiting grows, is spread, and has an end", () => {
	assert.equal(backoffMs(1, 0), 250);
	assert.equal(backoffMs(1, 1), 500);
	assert.equal(backoffMs(3, 1), 2000);
	assert.equal(backoffMs(99, 1), 30000);
});
