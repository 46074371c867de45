/* sign.js - logging in and signing up. */
import { Component, html } from "../html.js";
import { randomId } from "../locks.js";
import * as session from "../session.js";
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
};

const Name = ({ problem }) => html`
  <${Field} label="Name" name="nickname" autocomplete="nickname" required
    maxlength="128" hint="How others find you. You can change it."
    problem=${problem} />`;

export class Sign extends Component {
	state = { mode: "login" };

	/* An attempt with the same words gets the same account. */
	key = randomId();

	/* What was typed goes from one mode to the other. */
	email = "";

	componentDidMount() {
		this.focus();
	}

	componentDidUpdate(_, before) {
		if (before.mode !== this.state.mode)
			this.focus();
	}

	focus() {
		document.getElementById("email").focus();
	}

	input = ({ target }) => {
		this.key = randomId();
		if (target.name === "email")
			this.email = target.value;
	};

	turn = () => {
		this.setState({ mode: MODES[this.state.mode].other });
	};

	send = (values) => this.state.mode === "login" ?
		session.login(values) : session.register(values, this.key);

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

	render(_, { mode }) {
		const { title, action, other, question } = MODES[mode];

		return html`
		  <${Front} title=${title}>
		    <${Form} key=${mode} label=${title} action=${action}
		      look="wide" onInput=${this.input} send=${this.send}>
		      ${this.fields}
		    <//>
		    <p class="switch">
		      ${question}${" "}
		      <button type="button" class="link"
		        onClick=${this.turn}>${MODES[other].action}</button>
		    </p>
		  <//>`;
	}
}
