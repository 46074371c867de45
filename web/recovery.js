/* recovery.js - what Kith does for who is not logged in, by mail. */
import { call } from "./http.js";
import * as session from "./session.js";

const post = (path, body) => call("POST", path, { body });

export const forgot = (email) => post("/password/forgot", { email });

export const verify = (token) => post("/email/verify", { token });

/* That ends the account's sessions; another account's here ends as well. */
export async function reset(token, password) {
	await post("/password/reset", { token, password });
	await session.logout().catch(session.forget);
}
