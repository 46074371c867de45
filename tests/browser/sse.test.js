/* A stream of events in pieces: web/sse.js */
import assert from "node:assert/strict";
import { test } from "node:test";

import { sseParser } from "../../web/sse.js";

/* What a parser makes of pieces of bytes. */
function parse(pieces) {
	const events = [];
	const parser = sseParser((event) => events.push(event));

	for (const piece of pieces)
		parser.push(piece);
	return events;
}

const bytes = (text) => new TextEncoder().encode(text);
const parseText = (text) => parse([bytes(text)]);

const STREAM = ":\n\n" +
	"event: resync\nid: e1-7\ndata: {}\n\n" +
	"event: message\r\nid: e1-8\r\ndata: {\"text\":\"Grüße 👋\"}\r\n\r\n" +
	":\n\n" +
	"data: one\rdata: two\r\r" +
	"event: typing\ndata:{\"a\":\"b: c\"}\n\n";

const EVENTS = [
	{ name: "resync", id: "e1-7", data: "{}" },
	{ name: "message", id: "e1-8", data: "{\"text\":\"Grüße 👋\"}" },
	{ name: "message", id: undefined, data: "one\ntwo" },
	{ name: "typing", id: undefined, data: "{\"a\":\"b: c\"}" },
];

test("a stream is the same wherever it is cut in two", () => {
	const all = bytes(STREAM);

	for (let i = 0; i <= all.length; i++)
		assert.deepEqual(parse([all.slice(0, i), all.slice(i)]), EVENTS,
				 `cut before byte ${i}`);
});

test("a stream is the same byte by byte", () => {
	const all = bytes(STREAM);

	assert.deepEqual(parse(Array.from(all, (byte) =>
		Uint8Array.of(byte))), EVENTS);
});

test("an event that is not ended is none yet", () => {
	assert.deepEqual(parseText("event: a\ndata: b\n"), []);
});

test("an event without data is none", () => {
	assert.deepEqual(parseText("event: a\nid: 1\n\ndata: b\n\n"),
			 [{ name: "message", id: undefined, data: "b" }]);
});

test("what is not known is passed over", () => {
	assert.deepEqual(parseText("retry: 5\nnonsense\n: note\ndata\n\n"),
			 [{ name: "message", id: undefined, data: "" }]);
});

test("one space after the colon is no part of the value", () => {
	assert.equal(parseText("data:  a \n\n")[0].data, " a ");
});

test("an id with NUL is ignored", () => {
	assert.equal(parseText("id: a\0\ndata: b\n\n")[0].id, undefined);
});

test("a mark of the byte order is no part of the first line", () => {
	assert.equal(parseText("\ufeffdata: a\n\n")[0].data, "a");
});

test("an empty line after CR LF in two pieces ends the event", () => {
	assert.deepEqual(parse(["data: a\r", "\n", "\n", "data: b\n\n"]
		.map(bytes)).map((event) => event.data), ["a", "b"]);
});

test("a line without an end is an error, not memory", () => {
	const piece = bytes("a".repeat(1 << 16));

	assert.throws(() => parse(Array(20).fill(piece)), RangeError);
});
