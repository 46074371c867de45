/* inbox.js - what came to the mail server of MAILBOX. */
import { until } from "../browser/harness.js";

/* The link in the first mail to an address whose link leads there. */
export function linkTo(address, screen) {
	const link = new RegExp(`^\\S+#/${screen}/\\S+$`, "m");

	return until(async () => {
		const answer = await fetch(`${process.env.MAILBOX}/api/email`);
		const mail = (await answer.json()).find(({ to, text }) =>
			to[0].address === address && link.test(text));

		return mail?.text.match(link)[0];
	});
}
