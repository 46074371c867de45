/*
 * problems.js - what Kith refuses with a code, and what the browser does not
 * do, said to people.
 */
import { Problem } from "./http.js";

/* By the code of the answer. */
export const SENTENCES = {
	malformed: "Kith could not understand this. Reload the page.",
	unauthorized: "You are logged out. Please log in again.",
	invalid_credentials: "The address or the password is wrong.",
	invalid_token: "You are logged out. Please log in again.",
	forbidden: "You are not allowed to do this.",
	wrong_password: "The password is wrong.",
	sign_in_again: "Please log in again first.",
	not_found: "It is not there, or not any more.",
	method_not_allowed: "Kith can't do this. Reload the page.",
	email_taken: "There is an account with this address. Log in instead?",
	nickname_taken: "Somebody has this name, or one that looks like it.",
	no_request: "This person no longer asks you.",
	blocked: "You blocked this person. Unblock them first.",
	changed_meanwhile: "It was changed elsewhere meanwhile. " +
		"Look at it again, then save.",
	too_large: "This is too large for Kith.",
	unsupported_media_type: "Kith can't read this kind of file.",
	invalid: "Something here is not right.",
	idempotency_key_invalid: "Something went wrong. Please try again.",
	idempotency_key_reused: "Something went wrong. Please try again.",
	too_many_requests: "That was a lot at once.",
	internal: "Something went wrong at Kith. Please try again.",
	unavailable: "Kith is very busy. Please try again in a moment.",
	chat_closed: "Nobody can write in this chat any more.",
	message_deleted: "The message was deleted.",
	pair_chat: "A chat of two stays a chat of two.",
	full: "The group is full.",
	not_taken: "It was not taken. What served goes on.",
	invalid_grant: "The other site did not confirm it. Please try again.",
	link_required: "There is an account with this address. " +
		"Log in to it, then link the other one.",
	identity_taken: "That account signs in somebody else here.",
	last_way_in: "Without this you could not sign in any more.",
};

/* The same codes, where they mean something else: a link of a mail. */
export const OF_LINKS = {
	invalid_token: "This link was used, is too old, or is not complete. " +
		"Ask for another one.",
	email_taken: "Another account has this address by now.",
};

/* A sign-in at another site. */
export const OF_PROOFS = {
	invalid_token: SENTENCES.invalid_grant,
};

/* By the code of one of the answer's errors. */
export const RULES = {
	required: "Please fill this in.",
	unknown: "Kith does not know this.",
	wrong_type: "This is not what belongs here.",
	too_short: "This is too short.",
	too_long: "This is too long.",
	too_few: "Choose at least one person.",
	too_many: "These are too many people.",
	not_an_email: "This is not an e-mail address.",
	not_an_id: "Kith does not know who this is.",
	not_a_choice: "This can't be chosen.",
	not_allowed: "This is not allowed here.",
	look_alike: "This is written like another name. Use plain letters.",
	unknown_avatar: "This picture is not there any more.",
	oneself: "That is you.",
	repeated: "This person is there twice.",
	wrong_issuer: "The answer came from another site.",
	not_both: "Only one of these can be given.",
	not_with_numbers: "Only one of these can be given.",
	not_available: "Kith can't tell devices of this kind now.",
	not_a_token: "Kith can't reach this device.",
	not_a_key: "Kith can't reach this device.",
	not_for_platform: "Kith can't reach this device.",
	not_an_image: "This file is not a picture that Kith can read.",
	animated: "The picture moves. Choose one that stands still.",
	too_many_pixels: "The picture has too many pixels.",
	too_complex: "The picture is too complicated to read.",
	common: "Too many people use this password. Think of another.",
	contains_email: "The password must not contain your address.",
	out_of_range: "This is out of range.",
	not_a_cursor: "The list changed. Please load it again.",
};

/* What a rule means for one member, where the general sentence says less. */
const OF_MEMBERS = {
	"/password too_short": "Use at least 8 characters.",
	"/nickname not_allowed": "There are characters that no name has.",
	"/nickname too_long": "A name has at most 32 characters.",
	"/about too_long": "This has at most 500 characters.",
	"/text too_long": "A message has at most 4096 characters.",
	"/title too_long": "A title has at most 100 characters.",
	"/title required": "Several people need a title for their group.",
	"/user_id not_allowed": "This person has to accept you first.",
	"/user_ids not_allowed": "Somebody here has to accept you first.",
};

/* Why this browser shows no notifications. */
export const HINDRANCES = {
	unsupported: "This browser can't show notifications of Kith.",
	denied: "This browser does not let Kith show notifications. Allow " +
		"them for this page in the browser's settings.",
	not_allowed: "Notifications stay off until you allow them.",
	no_worker: "This browser could not begin to take notifications. " +
		"Please try again.",
	no_push_service: "The push service of this browser can't be reached. " +
		"Please try again later.",
};

export class Hindered extends Error {
	constructor(reason) {
		super(reason);
		this.reason = reason;
	}
}

const OFFLINE = "You are offline. Please try again when you are back.";
const NO_ANSWER = "Kith does not answer. Please try again.";

/* "in 40 seconds", "in 2 minutes" */
export function inTime(seconds) {
	const formatted = new Intl.RelativeTimeFormat("en");

	return seconds < 90 ? formatted.format(Math.ceil(seconds), "second") :
		formatted.format(Math.ceil(seconds / 60), "minute");
}

/* "/user_ids/3" is about the same as "/user_ids". */
function ofMember({ pointer, code }) {
	const member = pointer.replace(/\/\d+$/, "");

	return OF_MEMBERS[`${member} ${code}`] ?? RULES[code] ??
		SENTENCES.invalid;
}

function byStatus(status) {
	return status >= 500 ? SENTENCES.unavailable :
		"Kith refused this. Reload the page and try again.";
}

/*
 * What went wrong, in one sentence or two.  meanings: sentences of codes that
 * stand in for the usual ones.
 */
export function sentence(error, meanings = {}) {
	if (error instanceof Hindered)
		return HINDRANCES[error.reason];
	if (!(error instanceof Problem))
		return navigator.onLine ? NO_ANSWER : OFFLINE;
	if (error.code === "too_many_requests" && error.retryAfter)
		return SENTENCES[error.code] +
			` Try again ${inTime(error.retryAfter)}.`;
	if (error.errors.length > 0)
		return ofMember(error.errors[0]);
	return meanings[error.code] ?? SENTENCES[error.code] ??
		byStatus(error.status);
}

/*
 * Sentences by member: {"password": "..."}; empty if it concerns none.  others:
 * the members that codes concern, where these are not the usual ones.
 */
export function byMember(error, others = {}) {
	const members = { email_taken: "email", nickname_taken: "nickname",
			  wrong_password: "password", ...others };

	if (!(error instanceof Problem))
		return {};
	if (members[error.code])
		return { [members[error.code]]: sentence(error) };
	return Object.fromEntries((error.errors ?? []).map((item) =>
		[item.pointer.slice(1).split("/")[0], ofMember(item)]));
}
