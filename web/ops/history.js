/*
 * history.js - what functions did, from the answers of GET /ops/functions.
 *
 * Pure: nothing here touches the document, the network or the clock.
 */

export const KEPT_S = 300;

export const NOTHING = {
	last: null,		/* the answer that came last */
	rows: [],		/* its items, with what they did a second */
	samples: {},		/* by name: rows of the last KEPT_S, by time */
};

/* What a counter has grown by; a pool that was started anew counts from 0. */
export const grown = (before, now) => now >= before ? now - before : now;

/*
 * Below which part of the requests were answered, in ms; in a bucket they are
 * taken to be spread evenly.  Null: there were none.
 */
export function quantile(buckets, bounds, part) {
	const wanted = part * buckets.reduce((sum, n) => sum + n, 0);
	let below = 0;

	if (wanted === 0)
		return null;
	for (let b = 0; b < bounds.length; b++) {
		const low = b > 0 ? bounds[b - 1] : 0;

		if (below + buckets[b] >= wanted)
			return low + (bounds[b] - low) *
				(wanted - below) / buckets[b];
		below += buckets[b];
	}
	return bounds.at(-1);
}

const sum = (object) =>
	Object.values(object).reduce((total, n) => total + n, 0);

/* What it did a second since `before`; null: that is not known. */
function rates(before, now, seconds, bounds) {
	const rate = (of) => before && grown(of(before), of(now)) / seconds;
	const status = (kind) => rate((item) => item.requests[kind]);
	const buckets = before ?
		now.latency.map((n, b) => grown(before.latency[b], n)) : [];

	return {
		requests_s: rate((item) => sum(item.requests)),
		good_s: before && status("2xx") + status("3xx"),
		refused_s: status("4xx"),
		errors_s: status("5xx"),
		p50_ms: quantile(buckets, bounds, 0.5),
		p99_ms: quantile(buckets, bounds, 0.99),
		shed_s: rate((item) => item.shed),
		slow_s: rate((item) => item.slow),
		dead_s: rate((item) => item.dead),
		published_s: rate((item) => item.published),
		consumed_s: rate((item) => item.consumed),
		restarts_s: rate((item) => sum(item.restarts)),
	};
}

function itemOf(answer, name) {
	return answer?.items.find((item) => item.name === name) ?? null;
}

/* at_s: the reader's clock, since the epoch. */
export function answered(history, answer, at_s) {
	const before_ms = history.last?.at_ms ?? Infinity;
	const passed_s = (answer.at_ms - before_ms) / 1000;
	const last = passed_s > 0 ? history.last : null;
	const rows = answer.items.map((item) => ({
		...item,
		...rates(itemOf(last, item.name), item, passed_s,
			 answer.bounds_ms),
		at_s,
	}));
	const samples = Object.fromEntries(rows.map((row) => [row.name, [
		...(history.samples[row.name] ?? [])
			.filter((old) => old.at_s > at_s - KEPT_S), row]]));

	return { last: answer, rows, samples };
}

/*
 * What is wrong: {column: "warn" or "bad"}, by the columns of table.js.
 */
export function wrong(row) {
	const found = {};
	const is = (column, level, holds) => {
		if (holds)
			found[column] = level;
	};

	is("state", "warn", row.state === "loading");
	is("state", "bad", ["stopped", "waiting"].includes(row.state));
	is("workers", "warn", row.ready < row.wanted);
	is("workers", "bad", row.ready === 0 && row.wanted > 0);
	is("busy", "warn", row.threads > 0 && row.busy >= 0.75 * row.threads);
	is("busy", "bad", row.threads > 0 && row.busy >= row.threads);
	is("errors", "bad", row.errors_s > 0);
	is("p99", "warn", row.p99_ms >= 1000);
	is("queue", "warn", row.queue_age_ms >= 50);
	is("queue", "bad", row.queue_age_ms >= 1000 || row.shed_s > 0);
	is("lag", "warn", row.lag >= 100);
	is("lag", "bad", row.lag >= 10000 || row.dead_s > 0);
	return found;
}

/* The worse of what is wrong, or "". */
export function level(row) {
	const levels = Object.values(wrong(row));

	return ["bad", "warn"].find((one) => levels.includes(one)) ?? "";
}
