/* What functions did, from two answers: web/ops/history.js, format.js */
import assert from "node:assert/strict";
import { test } from "node:test";

import { ms, range, rate } from "../../web/ops/format.js";
import { KEPT_S, NOTHING, answered, level, quantile, wrong }
	from "../../web/ops/history.js";

const item = (more) => ({
	name: "user", state: "running", release: "b", previous: "a",
	generation: 2, ready: 2, wanted: 2, min: 1, max: 4, threads: 8,
	busy: 0, queue_age_ms: 0, lag: 0, streams: 0, memory_bytes: null,
	requests: { "2xx": 100, "3xx": 10, "4xx": 20, "5xx": 5 },
	latency: [10, 0, 0], shed: 0, slow: 0, dead: 0, published: 0,
	consumed: 0, restarts: { died: 0, late: 0, stuck: 0, memory: 0 },
	...more });

const answer = (at_ms, ...items) =>
	({ items, next: null, at_ms, bounds_ms: [1, 10] });

const after = (...answers) => answers.reduce((history, one, i) =>
	answered(history, one, 1000 + i), NOTHING);

test("nothing is known of a second after one answer", () => {
	const [row] = after(answer(5000, item())).rows;

	assert.equal(row.requests_s, null);
	assert.equal(row.errors_s, null);
	assert.equal(row.p50_ms, null);
	assert.deepEqual(wrong(row), {});
});

test("counters of two answers are so many a second", () => {
	const [row] = after(answer(5000, item()), answer(7000, item({
		requests: { "2xx": 110, "3xx": 14, "4xx": 26, "5xx": 7 },
		latency: [20, 10, 0], shed: 2, dead: 4 }))).rows;

	assert.equal(row.requests_s, 11);
	assert.equal(row.good_s, 7);
	assert.equal(row.refused_s, 3);
	assert.equal(row.errors_s, 1);
	assert.equal(row.shed_s, 1);
	assert.equal(row.dead_s, 2);
	assert.equal(row.p50_ms, 1);
	assert.ok(Math.abs(row.p99_ms - 9.82) < 1e-9);
});

test("a pool that was started anew counts from nothing", () => {
	const [row] = after(answer(5000, item()), answer(6000, item({
		requests: { "2xx": 3, "3xx": 0, "4xx": 0, "5xx": 0 },
		latency: [3, 0, 0] }))).rows;

	assert.equal(row.requests_s, 3);
	assert.equal(row.errors_s, 0);
});

test("a function that comes later is known from then on", () => {
	const history = after(answer(5000, item()),
			      answer(6000, item(), item({ name: "new" })));

	assert.equal(history.rows[1].requests_s, null);
	assert.deepEqual(Object.keys(history.samples), ["user", "new"]);
	assert.equal(history.samples.user.length, 2);
});

test("a clock that begins again is nobody's second", () => {
	const history = after(answer(5000, item()), answer(100, item()),
			      answer(1100, item()));

	assert.deepEqual(history.samples.user.map((row) => row.requests_s),
			 [null, null, 0]);
});

test("five minutes are kept", () => {
	let history = NOTHING;

	for (let s = 0; s < KEPT_S + 50; s++)
		history = answered(history, answer(1000 * (s + 1), item()), s);
	assert.equal(history.samples.user.length, KEPT_S);
	assert.equal(history.samples.user.at(-1).at_s, KEPT_S + 49);
	assert.deepEqual(answered(history, answer(9e6), 999).samples, {});
});

test("quantiles lie within their bucket", () => {
	assert.equal(quantile([0, 0, 0], [1, 10], 0.5), null);
	assert.equal(quantile([4, 0, 0], [1, 10], 0.5), 0.5);
	assert.equal(quantile([0, 4, 0], [1, 10], 0.5), 5.5);
	assert.equal(quantile([0, 0, 4], [1, 10], 0.5), 10);
});

test("what is wrong is told by its column", () => {
	const second = { requests_s: 1, errors_s: 0, shed_s: 0, dead_s: 0,
			 p99_ms: 5 };
	const found = (more) => wrong(item({ ...second, ...more }));

	assert.deepEqual(found({}), {});
	assert.deepEqual(found({ state: "asleep", ready: 0, wanted: 0 }), {});
	for (const [more, expected] of [
		[{ state: "stopped", ready: 0, wanted: 0 }, { state: "bad" }],
		[{ state: "waiting", ready: 0 },
		 { state: "bad", workers: "bad" }],
		[{ state: "loading" }, { state: "warn" }],
		[{ ready: 1 }, { workers: "warn" }],
		[{ busy: 6 }, { busy: "warn" }],
		[{ busy: 8 }, { busy: "bad" }],
		[{ errors_s: 0.5 }, { errors: "bad" }],
		[{ p99_ms: 1500 }, { p99: "warn" }],
		[{ queue_age_ms: 60 }, { queue: "warn" }],
		[{ shed_s: 1 }, { queue: "bad" }],
		[{ lag: 500 }, { lag: "warn" }],
		[{ lag: 5, dead_s: 1 }, { lag: "bad" }],
	])
		assert.deepEqual(found(more), expected, JSON.stringify(more));
	assert.equal(level(item({ ...second, busy: 6, errors_s: 1 })), "bad");
	assert.equal(level(item({ ...second, busy: 6 })), "warn");
	assert.equal(level(item(second)), "");
});

test("numbers are short", () => {
	assert.deepEqual([null, 0, 0.25, 9.96, 1234.5].map(rate),
			 ["–", "0", "0.3", "10", "1,235"]);
	assert.deepEqual([null, 0.25, 12.4, 1500].map(ms),
			 ["–", "0.3 ms", "12 ms", "1.5 s"]);
	assert.deepEqual([{ min: 2, max: 2 }, { min: 0, max: 4 }].map(range),
			 ["2", "0..4"]);
});
