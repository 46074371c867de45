/* sign.js - logging in, signing up, and asking for a new password. */
import * as actions from "../actions.js";
import { Component, html } from "../html.js";
import { randomId } from "../locks.js";
import * as oauth from "../oauth.js";
import { store } from "../page.js";
import { forgot } from "../recovery.js";
import * as session from "../session.js";
import { noticed } from "../store.js";
import { Field, Form, NewPassword, Password } from "./form.js";
import { Front } from "./parts.js";

const MODES = {
	login: {
		title: "Welcome back",
		action: "Log in",
		other: "register",
		question: "New to Kith?",
	},
	register: {
		title: "Make an account",
		action: "Sign up",
		other: "login",
		question: "Already with Kith?",
	},
	forgot: {
		title: "A new password",
		action: "Send me a link",
		other: "login",
		question: "You know it again?",
	},
};

const FORGOTTEN = "If there is an account with this address, a link is on " +
	"its way. It works for 10 minutes.";
const TO_VERIFY = "A link is on its way to you. Use it, then log in.";

const Link = ({ onClick, children }) => html`
  <button type="button" class="link" onClick=${onClick}>${children}</button>`;

const Name = ({ problem }) => html`
  <${Field} label="Name" name="nickname" autocomplete="nickname" required
    maxlength="128" hint="How others find you. You can change it."
    problem=${problem} />`;

const Providers = ({ providers }) => providers.length > 0 && html`
  <ul class="ways" aria-label="Other ways in">
    ${providers.map((provider) => html`
      <li key=${provider.provider}>
        <button type="button" class="button quiet wide"
          onClick=${() => oauth.begin(provider, "sign-in")}>
          Continue with ${provider.title}
        </button>
      </li>`)}
  </ul>`;

export class Sign extends Component {
	state = { mode: "login", providers: [] };

	/* An attempt with the same words gets the same account. */
	key = randomId();

	/* What was typed goes from one mode to the other. */
	email = "";

	async componentDidMount() {
		this.focus();
		this.setState({ providers: await oauth.providers() });
	}

	componentDidUpdate(_, before) {
		if (before.mode !== this.state.mode)
			this.focus();
	}

	focus() {
		document.getElementById("email")?.focus();
	}

	input = ({ target }) => {
		this.key = randomId();
		if (target.name === "email")
			this.email = target.value;
	};

	turn(mode) {
		store.apply(noticed, null);
		this.setState({ mode });
	}

	/* It goes on with a mail. */
	mailed(text) {
		this.turn("login");
		actions.notify(text);
	}

	send = async (values) => {
		store.apply(noticed, null);
		switch (this.state.mode) {
		case "login":
			return session.login(values);
		case "register":
			if (!await session.register(values, this.key))
				this.mailed(TO_VERIFY);
			return;
		case "forgot":
			await forgot(values.email);
			this.mailed(FORGOTTEN);
		}
	};

	fields = (problems) => {
		const { mode } = this.state;

		return html`
		  <${Field} label="E-mail address" name="email" type="email"
		    autocomplete="username" required maxlength="254"
		    defaultValue=${this.email} problem=${problems.email} />
		  ${mode === "register" && html`
		    <${Name} problem=${problems.nickname} />
		    <${NewPassword} problem=${problems.password} />`}
		  ${mode === "login" && html`
		    <${Password} autocomplete="current-password" required
		      problem=${problems.password} />`}`;
	};

	content({ title, action, other, question }, mode) {
		return html`
		  <${Form} key=${mode} label=${title} action=${action}
		    look="wide" onInput=${this.input} send=${this.send}>
		    ${this.fields}
		  <//>
		  ${mode === "login" && html`
		    <p class="switch">
		      <${Link} onClick=${() => this.turn("forgot")}>
		        Forgot your password?<//>
		    </p>`}
		  ${mode !== "forgot" &&
		    html`<${Providers} providers=${this.state.providers} />`}
		  <p class="switch">
		    ${question}${" "}
		    <${Link} onClick=${() => this.turn(other)}>
		      ${MODES[other].action}<//>
		  </p>`;
	}

	render({ state: { notice, signingIn } }, { mode }) {
		const said = (kind) => notice?.kind === kind && notice.text;

		return html`
		  <${Front} title=${MODES[mode].title}>
		    <p class="note" role="status">
		      ${signingIn ? `Signing in with ${signingIn}…` :
		        said("done")}</p>
		    <p class="problem" role="alert">${said("error")}</p>
		    ${!signingIn && this.content(MODES[mode], mode)}
		  <//>`;
	}
}
