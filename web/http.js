/*
 * http.js - one request to Kith: JSON or an image there, JSON back.
 *
 * Throws Problem for an answer that refuses, Unreachable where there was no
 * answer.  Knows nothing of tokens.
 */

/* An answer that never ends would hold up what waits for it. */
const TIMEOUT_MS = 20000;

export class Problem extends Error {
	/* errors: what was refused, [{pointer, code}]; detail: or "". */
	constructor(status, code, errors = [], retryAfter = null, detail = "") {
		super(code);
		this.status = status;
		this.code = code;
		this.errors = errors;
		this.retryAfter = retryAfter;
		this.detail = detail;
	}

	/* The same request may succeed later. */
	get passes() {
		return this.status >= 500 || this.status === 429;
	}
}

export class Unreachable extends Error {
}

/* What was written, undefined members left out. */
function query(values) {
	const pairs = Object.entries(values ?? {})
		.filter(([, value]) => value !== undefined && value !== null);

	return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

function content(body) {
	if (body === undefined)
		return {};
	if (body instanceof Blob)
		return { body, headers: { "Content-Type": body.type } };
	return {
		body: JSON.stringify(body),
		headers: { "Content-Type": "application/json" },
	};
}

async function problem(answer) {
	const seconds = Number(answer.headers.get("Retry-After"));
	let document = {};

	try {
		document = await answer.json();
	} catch {
		/* Something before Kith answered: the status is all. */
	}
	return new Problem(answer.status, document.code ?? "unknown",
			   document.errors ?? [], seconds || null,
			   document.detail);
}

/* The Response to method and path with its head read, if it is a success. */
export async function open(method, path, options = {}) {
	const { body, headers } = content(options.body);
	let answer;

	try {
		answer = await fetch(path + query(options.query), {
			method,
			body,
			headers: { ...headers, ...options.headers },
			signal: options.signal,
			cache: "no-store",
			credentials: "omit",
			redirect: "error",
		});
	} catch (error) {
		throw new Unreachable(error.message);
	}
	if (!answer.ok)
		throw await problem(answer);

	return answer;
}

/* {status, body, etag} of a success; body is null where there is none. */
export async function call(method, path, options = {}) {
	const signals = [AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS)];

	if (options.signal)
		signals.push(options.signal);
	const answer = await open(method, path, {
		...options,
		signal: AbortSignal.any(signals),
	});

	try {
		return {
			status: answer.status,
			body: answer.status === 204 ? null :
				await answer.json(),
			etag: answer.headers.get("ETag"),
		};
	} catch (error) {
		throw new Unreachable(error.message);
	}
}
