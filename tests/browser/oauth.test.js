/* Getting in by another site: web/oauth.js, web/arrival.js */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { proofOf } from "../../web/oauth.js";
import { KITH, button, expect, link, openBrowser, openTab, register, until }
	from "./harness.js";
import { SITE, isClean, offering, problem, stub } from "./sites.js";

/* The address of the site that a button leads to, without what is random. */
async function leave(page, name) {
	await button(page, name).click();
	await page.waitForURL(`${SITE}/**`);
	return new URL(page.url());
}

/* Back from the site that a button leads to, with an answer of its. */
async function comeBack(page, name, answer) {
	const state = (await leave(page, name)).searchParams.get("state");

	await page.goto(`/?${new URLSearchParams({ state, ...answer })}`);
}

const kept = (page) =>
	page.evaluate(() => sessionStorage.getItem("kith.oauth"));

test("a site is asked for a code that only this tab can use", async () => {
	const context = await offering();
	const seen = new Set();

	for (const [name, title, mode, path] of [
		["elm", "Elm", null, "/"],
		["apple", "Apple", "form_post", "/oauth/callback"]]) {
		const page = await openTab(context);
		const { searchParams } = await leave(
			page, `Continue with ${title}`);
		const { state, code_challenge, ...rest } =
			Object.fromEntries(searchParams);

		assert.deepEqual(rest, {
			of: name, response_type: "code",
			client_id: "kith & more", scope: "openid email",
			redirect_uri: KITH + path,
			code_challenge_method: "S256",
			...mode && { response_mode: mode } });
		await page.goto("/");
		const begun = JSON.parse(await kept(page));

		assert.match(begun.code_verifier, /^[\w-]{43}$/);
		assert.match(state, /^[\w-]{43}$/);
		assert.equal(begun.state, state);
		assert.equal(code_challenge, createHash("sha256")
			.update(begun.code_verifier).digest("base64url"));
		seen.add(state).add(begun.code_verifier);
	}
	assert.equal(seen.size, 4);
});

test("an answer is told Kith once, and signs in", async () => {
	const ann = await register("Ann");
	const context = await offering();
	const asked = await stub(context, "POST", "/oauth", { json: ann });
	const page = await openTab(context);

	await comeBack(page, "Continue with Elm",
		       { code: "a+b", iss: SITE, user: "{}" });
	await link(page, `Your profile: ${ann.nickname}`).waitFor();
	isClean(page);
	const { code_verifier, ...rest } = asked[0];

	assert.equal(code_verifier.length, 43);
	assert.deepEqual(rest, { provider: "elm", code: "a+b", iss: SITE,
				 redirect_uri: `${KITH}/` });
	assert.equal(await kept(page), null);
	await page.reload();
	await link(page, `Your profile: ${ann.nickname}`).waitFor();
	assert.equal(asked.length, 1);
});

test("an answer may say a name", () => {
	for (const [user, nickname] of [
		['{"name":{"firstName":"Ann","lastName":"Lee"}}', "Ann Lee"],
		['{"name":{"firstName":"Ann"}}', "Ann"],
		[`{"name":{"lastName":"${"A".repeat(129)}"}}`, undefined],
		['{"name":{}}', undefined], ["{}", undefined],
		["null", undefined], ["{", undefined], [undefined, undefined]])
		assert.equal(proofOf({ begun: {}, answer: { user } }).nickname,
			     nickname, user);
});

test("an answer that came as a form is told Kith, too", async () => {
	const context = await offering();
	const asked = await stub(context, "POST", "/oauth",
				 problem(401, "invalid_grant"));
	const page = await openTab(context);
	const { searchParams } = await leave(page, "Continue with Apple");
	const answer = new URLSearchParams({
		state: searchParams.get("state"), code: "a+b",
		user: JSON.stringify({ name: { firstName: "Ann" } }) });

	expect(/status of 401/);
	await page.goto(`/#/oauth?${answer}`);
	await page.getByText("did not confirm it").waitFor();
	isClean(page);
	assert.deepEqual([asked[0].code, asked[0].nickname], ["a+b", "Ann"]);
	assert.equal(asked[0].redirect_uri, `${KITH}/oauth/callback`);
});

test("while Kith asks the site, the page says so", async () => {
	const context = await offering();
	const page = await openTab(context);
	const { searchParams } = await leave(page, "Continue with Elm");
	let answer;

	expect(/status of 409/);
	await context.route("**/oauth", (route) => {
		answer = () => route.fulfill(problem(409, "link_required"));
	});
	await page.goto(`/?code=c&state=${searchParams.get("state")}`);
	await page.getByText("Signing in with Elm…").waitFor();
	await until(() => answer);
	await answer();
	await page.getByText("Log in to it, then link the other one").waitFor();
	await button(page, "Log in").waitFor();
});

test("what was not begun here is told nobody", async () => {
	const context = await offering();
	const asked = await stub(context, "POST", "/oauth", {});
	const page = await openTab(context);

	await comeBack(page, "Continue with Elm",
		       { code: "c", state: "another" });
	await page.getByText("This was not begun here").waitFor();
	isClean(page);
	assert.equal(await kept(page), null);

	for (const address of ["/?error=e", "/#/oauth?code=c&state=s"]) {
		const fresh = await context.newPage();

		await fresh.goto(address);
		await fresh.getByText("This was not begun here").waitFor();
		isClean(fresh);
	}
	assert.deepEqual(asked, []);
});

test("a site may say that it can't", async () => {
	const page = await openTab(await offering());

	await comeBack(page, "Continue with Elm", { error: "server_error" });
	await page.getByText("Elm did not confirm it.").waitFor();
	isClean(page);
});

test("who is logged in stays who they are", async () => {
	const [ann, context] = [await register("Ann"), await offering()];
	const asked = await stub(context, "POST", "/oauth", {});
	const [page, other] = [await openTab(context), await openTab(context)];
	const { searchParams } = await leave(page, "Continue with Elm");

	await other.getByLabel("E-mail address").fill(ann.email);
	await other.getByLabel("Password", { exact: true }).fill(ann.password);
	await button(other, "Log in").click();
	await other.getByText("No chats yet").waitFor();
	await page.goto(`/?code=c&state=${searchParams.get("state")}`);
	await page.getByText("You are logged in here already.").waitFor();
	isClean(page);
	assert.deepEqual(asked, []);
});

test("another user's account is not linked", async () => {
	const [ann, bob] = [await register("Ann"), await register("Bob")];
	const context = await offering(ann);
	const asked = await stub(context, "POST", "/identities", {});
	const page = await openTab(context, "#/account");
	const { searchParams } = await leave(page, "Link Elm");

	/* Bob logs in instead. */
	await context.addInitScript((value) => {
		localStorage.setItem("kith.session", value);
	}, JSON.stringify({ ...bob, user_id: bob.id,
			    expires_at: Date.now() + 600000 }));
	await page.goto(`/?code=c&state=${searchParams.get("state")}`);
	await page.getByText("Nothing was linked").waitFor();
	assert.deepEqual(asked, []);
});

test("a code that is refused is not sent again", async () => {
	const context = await offering(await register("Ann"));
	const asked = await stub(context, "POST", "/identities",
				 problem(401, "invalid_grant"));
	const page = await openTab(context, "#/account");

	expect(/status of 401/);
	await comeBack(page, "Link Elm", { code: "c" });
	await page.getByText("The other site did not confirm it").waitFor();
	assert.equal(new URL(page.url()).hash, "#/account");
	assert.equal(asked.length, 1);
});

test("a page that can't ask whose accounts sign in here does not", async () => {
	const context = await openBrowser();

	expect(/status of 503/);
	await stub(context, "GET", "/oauth/providers",
		   problem(503, "unavailable"));
	const page = await openTab(context);

	await Promise.all([page.waitForResponse("**/oauth/providers"),
			   page.reload()]);
	await button(page, "Log in").waitFor();
	assert.equal(await page.getByText("Continue with").count(), 0);
	assert.equal(await page.getByRole("alert").count(), 0);
});
