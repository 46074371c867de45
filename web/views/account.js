/* account.js - how one signs in: address, password, and other sites. */
import * as actions from "../actions.js";
import * as api from "../api.js";
import { Component, html } from "../html.js";
import * as oauth from "../oauth.js";
import { store, sync } from "../page.js";
import { becameStale } from "../state/stale.js";
import { Field, Form, NewPassword, Password } from "./form.js";
import { Back, Confirm, Loading } from "./parts.js";

const IF_ANY = "Leave empty if you have none.";

const onItsWay = (email) =>
	actions.notify(`A link is on its way to ${email}.`);

function Address({ me: { email, email_verified } }) {
	const send = async () => {
		await api.askToVerify();
		onItsWay(email);
	};

	if (!email)
		return html`<p class="note">Your account has no address.</p>`;
	return html`
	  <p class="note">You log in as ${email}.${" "}
	    ${email_verified ? "The address is confirmed." :
	      "The address is not confirmed yet."}</p>
	  ${!email_verified && html`
	    <${Form} label="Confirm the address" action="Send me a link"
	      look="quiet" send=${send} />`}`;
}

function NewAddress() {
	const send = async ({ email, password }, form) => {
		await api.changeEmail(email, password || null);
		form.reset();
		onItsWay(email);
	};

	return html`
	  <${Form} label="Another address" action="Change the address"
	    send=${send}>
	    ${(problems) => html`
	      <${Field} label="New address" name="email" type="email"
	        autocomplete="email" required maxlength="254"
	        hint="It is changed once you use the link that we send there."
	        problem=${problems.email} />
	      <${Password} id="email-password" hint=${IF_ANY}
	        autocomplete="current-password"
	        problem=${problems.password} />`}
	  <//>`;
}

function ChangePassword() {
	const send = async ({ current_password, password }, form) => {
		await api.changePassword(current_password || null, password);
		form.reset();
		actions.notify("Your password is changed. Your other devices " +
			       "are logged out.");
	};

	return html`
	  <${Form} label="Another password" action="Change the password"
	    members=${{ wrong_password: "current_password" }} send=${send}>
	    ${(problems) => html`
	      <${Password} label="Current password" name="current_password"
	        hint=${IF_ANY} autocomplete="current-password"
	        problem=${problems.current_password} />
	      <${NewPassword} label="New password"
	        problem=${problems.password} />`}
	  <//>`;
}

const Identity = ({ title, email, onUnlink }) => html`
  <li class="person">
    <span class="row">
      <span class="name">${title}</span>
      <span class="note">${email}</span>
    </span>
    <button type="button" class="button quiet"
      aria-label="Unlink ${title}" onClick=${onUnlink}>Unlink</button>
  </li>`;

const unlink = ({ id }, title) => actions.attempt(async () => {
	await api.unlink(id);
	store.apply(becameStale, "identities");
}, `${title} no longer signs in to your account.`);

class Identities extends Component {
	state = { providers: [], asks: null };

	async componentDidMount() {
		this.setState({ providers: await oauth.providers() });
	}

	/* That of a provider that is away or gone is its name. */
	titleOf({ provider }) {
		return this.state.providers.find((one) =>
			one.provider === provider)?.title ?? provider;
	}

	confirm(identity) {
		const title = this.titleOf(identity);
		const close = () => this.setState({ asks: null });
		const yes = () => {
			close();
			unlink(identity, title);
		};

		return html`
		  <${Confirm} title="Unlink ${title}?" yes="Unlink"
		    onYes=${yes} onNo=${close}>
		    You can't sign in with it then, unless you link it again.
		  <//>`;
	}

	render({ identities, userId }, { providers, asks }) {
		const others = providers.filter(({ provider }) =>
			!identities.some((one) => one.provider === provider));

		return html`
		  ${identities.length + providers.length === 0 && html`
		    <p class="note">No other site signs you in here.</p>`}
		  <ul class="list" aria-labelledby="identities">
		    ${identities.map((identity) => html`
		      <${Identity} key=${identity.id} email=${identity.email}
		        title=${this.titleOf(identity)}
		        onUnlink=${() =>
		          this.setState({ asks: identity })} />`)}
		  </ul>
		  <div class="buttons">
		    ${others.map((provider) => html`
		      <button key=${provider.provider} type="button"
		        class="button quiet"
		        onClick=${() => oauth.begin(provider, "link", userId)}>
		        Link ${provider.title}</button>`)}
		  </div>
		  ${asks && this.confirm(asks)}`;
	}
}

/* What was changed on another device is asked for on coming here. */
export class Account extends Component {
	componentDidMount() {
		store.apply(becameStale, "me", "identities");
	}

	render({ state: { me, identities, failed, userId } }) {
		return html`
		  <div class="screen">
		    <header class="bar">
		      <${Back} to="me" label="Back to your profile" />
		      <h1>Account and sign-in</h1>
		    </header>
		    <h2>Address</h2>
		    ${me ? html`<${Address} me=${me} />` :
		      html`<${Loading} what="your address"
		        error=${failed.me} retry=${sync.retry} />`}
		    <${NewAddress} />
		    <h2>Password</h2>
		    <${ChangePassword} />
		    <h2 id="identities">Other sites</h2>
		    ${identities ?
		      html`<${Identities} identities=${identities}
		        userId=${userId} />` :
		      html`<${Loading} what="other sites"
		        error=${failed.identities} retry=${sync.retry} />`}
		  </div>`;
	}
}
