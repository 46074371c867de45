/*
 * sse.js - read a stream of server-sent events, however it comes in pieces.
 *
 * The format is that of HTML's section 9.2.6, without "retry".
 */

/* No line of Kith's comes near; one without an end would fill the memory. */
const MAX_LINE = 1 << 20;

/*
 * push(bytes) calls onEvent({name, id, data}) for each event that they
 * complete; id is undefined where the event has none.
 */
export function sseParser(onEvent) {
	const decoder = new TextDecoder();
	let event = {};
	let line = "";
	let afterReturn = false;

	function dispatch() {
		if (event.data !== undefined)
			onEvent({
				name: event.event || "message",
				id: event.id,
				data: event.data,
			});
		event = {};
	}

	function field(name, value) {
		if (name === "data")
			event.data = event.data === undefined ?
				value : `${event.data}\n${value}`;
		else if (name === "event")
			event.event = value;
		else if (name === "id" && !value.includes("\0"))
			event.id = value;
	}

	/* A comment has an empty name, which is no field. */
	function endLine() {
		const colon = line.indexOf(":");

		if (line === "")
			dispatch();
		else if (colon === -1)
			field(line, "");
		else
			field(line.slice(0, colon),
			      line.slice(colon + 1).replace(/^ /, ""));
		line = "";
	}

	/* A line ends with CR, LF or both, which may come in two pieces. */
	function text(piece) {
		const lines = piece.split(/\r\n|\r|\n/);

		line += lines[0];
		for (const next of lines.slice(1)) {
			endLine();
			line = next;
		}
		if (line.length > MAX_LINE)
			throw new RangeError("a line without an end");
	}

	return {
		push(bytes) {
			let piece = decoder.decode(bytes, { stream: true });

			if (piece === "")
				return;
			if (afterReturn && piece[0] === "\n")
				piece = piece.slice(1);
			afterReturn = piece.endsWith("\r");
			text(piece);
		},
	};
}
