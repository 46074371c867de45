/*
 * history.js - the part of a chat's messages that is here.
 *
 *	items	ascending, their seqs without a gap
 *	before	what to ask for older ones with, null where there are none
 *	old	true where all of it has to be loaded anew
 */

/* Of two forms of a message the later; the first if it is all the same. */
export function later(a, b) {
	if (a.deleted)
		return a;
	return b.deleted || (b.edited_at ?? "") > (a.edited_at ?? "") ? b : a;
}

export const firstSeq = (history) => history.items[0]?.seq ?? 1;
export const lastSeq = (history) => history.items.at(-1)?.seq ?? 0;

/*
 * A message that does not continue what is here is left out: whoever compares
 * lastSeq() with the chat's last_seq sees that something is missing.
 */
export function withMessage(history, message) {
	const { items } = history;

	if (message.seq === lastSeq(history) + 1)
		return { ...history, items: [...items, message] };
	const index = message.seq - firstSeq(history);
	const known = items[index];

	if (!known || later(known, message) === known)
		return history;
	return { ...history, items: items.with(index, message) };
}

/* The newest page, and what had come after it was made. */
export function newest(page, history) {
	const fresh = { items: page.items, before: page.next };

	return (history?.items ?? [])
		.filter((message) => message.seq >= firstSeq(fresh))
		.reduce(withMessage, fresh);
}

export function withOlder(history, page) {
	const items = page.items
		.filter((message) => message.seq < firstSeq(history));

	return { ...history, items: [...items, ...history.items],
		 before: page.next };
}

export const withNewer = (history, page) =>
	page.items.reduce(withMessage, history);
