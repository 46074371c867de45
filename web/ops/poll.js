/* poll.js - asks what functions do, each second, until signal aborts. */
import { backoffMs, pause } from "../backoff.js";
import * as api from "./api.js";

const EVERY_MS = 1000;

/*
 * took(answer), away(error), or once refused(error): the token is no longer
 * good for this.
 */
export async function poll(signal, { took, away, refused }) {
	let failures = 0;

	while (!signal.aborted) {
		try {
			took(await api.functions(signal));
			failures = 0;
		} catch (error) {
			if (signal.aborted)
				return;
			if ([401, 403].includes(error.status)) {
				refused(error);
				return;
			}
			away(error);
			failures++;
		}
		await pause(failures ? backoffMs(failures) : EVERY_MS, signal);
	}
}
