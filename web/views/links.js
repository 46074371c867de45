/* links.js - where the links of mails lead, whoever is logged in. */
import * as actions from "../actions.js";
import { Component, html } from "../html.js";
import { store } from "../page.js";
import { OF_LINKS } from "../problems.js";
import * as recovery from "../recovery.js";
import { becameStale } from "../state/stale.js";
import { Form, NewPassword } from "./form.js";
import { Front } from "./parts.js";

const GoOn = () => html`
  <p class="switch"><a href="#/chats">Go on to Kith</a></p>`;

export function Reset({ token }) {
	const send = async ({ password }) => {
		await recovery.reset(token, password);
		actions.notify("Your password is changed. Log in with it.");
		actions.go("chats");
	};

	return html`
	  <${Front} title="A new password">
	    <${Form} label="A new password" action="Change the password"
	      look="wide" meanings=${OF_LINKS} send=${send}>
	      ${({ password }) => html`
	        <${NewPassword} label="New password" problem=${password} />`}
	    <//>
	    <${GoOn} />
	  <//>`;
}

/* Waits to be told to: what looks through mails opens their links, too. */
export class Verify extends Component {
	state = { isDone: false };

	send = async () => {
		await recovery.verify(this.props.token);
		if (store.state.userId)
			store.apply(becameStale, "me");
		this.setState({ isDone: true });
	};

	render(_, { isDone }) {
		return html`
		  <${Front} title="Your e-mail address">
		    <p role="status">${isDone ? "Your address is confirmed." :
		      "Is the address yours to which this link came?"}</p>
		    ${!isDone && html`<${Form} label="Your e-mail address"
		      action="Confirm this address" look="wide"
		      meanings=${OF_LINKS} send=${this.send} />`}
		    <${GoOn} />
		  <//>`;
	}
}
