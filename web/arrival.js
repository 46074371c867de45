/*
 * arrival.js - who comes back from another site is signed in, or has their
 * account there linked.
 */
import { notify } from "./actions.js";
import * as api from "./api.js";
import { proofOf } from "./oauth.js";
import { store } from "./page.js";
import { OF_PROOFS, sentence } from "./problems.js";
import * as session from "./session.js";
import { becameStale } from "./state/stale.js";
import { signingIn } from "./store.js";

const NOT_BEGUN = "This was not begun here, so nothing was done. " +
	"Please begin anew.";
const HAS_SESSION = "You are logged in here already. Log out first to sign " +
	"in with another account.";
const ANOTHER_USER = "Nothing was linked, since you are not logged in as who " +
	"began it.";

/* Why Kith is not told of it; "": it is. */
function objection({ answer, begun }) {
	if (!begun)
		return NOT_BEGUN;
	if (answer.error === "access_denied")
		return `You did not go on at ${begun.title}. Nothing was done.`;
	if (answer.error)
		return `${begun.title} did not confirm it. Please try again.`;
	if (begun.purpose === "link")
		return begun.user_id === store.state.userId ? "" : ANOTHER_USER;
	return store.state.userId ? HAS_SESSION : "";
}

async function signIn(arrival) {
	store.apply(signingIn, arrival.begun.title);
	try {
		await session.signIn(proofOf(arrival));
	} finally {
		store.apply(signingIn, null);
	}
}

async function link(arrival) {
	await api.link(proofOf(arrival));
	store.apply(becameStale, "identities");
	notify(`${arrival.begun.title} signs in to your account now.`);
}

/* arrival: of oauth.js's takeAnswer(). */
export async function arrive(arrival) {
	const problem = objection(arrival);

	if (problem) {
		notify(problem, "error");
		return;
	}
	const work = arrival.begun.purpose === "link" ? link : signIn;

	try {
		await work(arrival);
	} catch (error) {
		notify(sentence(error, OF_PROOFS), "error");
	}
}
