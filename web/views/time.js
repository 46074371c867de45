/* time.js - moments as people say them, in the reader's own time zone. */

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const weekday = new Intl.DateTimeFormat("en", { weekday: "long" });
const short = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const long = new Intl.DateTimeFormat("en", { dateStyle: "long" });
const whole = new Intl.DateTimeFormat("en", {
	dateStyle: "full", timeStyle: "short",
});
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

const DAY_MS = 86400000;

/* Midnights between a moment and now; a clock may be behind Kith's. */
function daysAgo(date, now = new Date()) {
	return Math.max(0, Math.round(
		(new Date(now).setHours(0, 0, 0, 0) -
		 new Date(date).setHours(0, 0, 0, 0)) / DAY_MS));
}

export const timeOf = (iso) => clock.format(new Date(iso));
export const momentOf = (iso) => whole.format(new Date(iso));
export const dateOf = (iso) => long.format(new Date(iso));

/* Above the messages of a day. */
export function dayOf(iso) {
	const days = daysAgo(new Date(iso));

	if (days < 2)
		return days ? "Yesterday" : "Today";
	return days < 7 ? weekday.format(new Date(iso)) : dateOf(iso);
}

/* In the list of chats, where there is little room. */
export function briefly(iso) {
	const days = daysAgo(new Date(iso));

	if (days === 0)
		return timeOf(iso);
	if (days < 7)
		return weekday.format(new Date(iso)).slice(0, 3);
	return short.format(new Date(iso));
}

export function seenAt(iso) {
	const minutes = Math.floor((Date.now() - new Date(iso)) / 60000);

	if (minutes < 1)
		return "seen just now";
	if (minutes < 60)
		return `seen ${relative.format(-minutes, "minute")}`;
	if (daysAgo(new Date(iso)) < 2)
		return `seen ${dayOf(iso).toLowerCase()} at ${timeOf(iso)}`;
	return `seen on ${dateOf(iso)}`;
}
