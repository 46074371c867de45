/*
 * locks.js - what only one tab of this browser does at a time.
 *
 * Browsers give locks and random ids to secure contexts only.  A page that
 * came over plain HTTP from another machine works without: its tabs then do
 * some things twice, which harms nothing, since Kith takes everything twice.
 */

export const hasLocks = "locks" in navigator;

/* What work() returns, once no other tab is at it. */
export function exclusively(name, work) {
	return hasLocks ? navigator.locks.request(name, work) : work();
}

export function randomId() {
	if (crypto.randomUUID)
		return crypto.randomUUID();
	const bytes = crypto.getRandomValues(new Uint8Array(16));

	bytes[6] = bytes[6] & 0x0f | 0x40;
	bytes[8] = bytes[8] & 0x3f | 0x80;
	return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
		.join("")
		.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
