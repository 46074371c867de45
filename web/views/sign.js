/* sign.js - logging in and signing up. */
import { Component, html } from "../html.js";
import { randomId } from "../locks.js";
import { RULES, byMember, sentence } from "../problems.js";
import * as session from "../session.js";
import { Field } from "./parts.js";

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

export class Sign extends Component {
	state = { mode: "login", problems: {}, general: "", isBusy: false,
		  isShown: false };

	/* An attempt with the same words gets the same account. */
	key = randomId();

	componentDidMount() {
		document.getElementById("email").focus();
	}

	submit = async (event) => {
		event.preventDefault();
		const form = Object.fromEntries(new FormData(event.target));
		const empty = Object.keys(form).filter((name) => !form[name]);

		if (empty.length) {
			this.complain(Object.fromEntries(
				empty.map((name) => [name, RULES.required])));
			return;
		}
		this.setState({ isBusy: true, problems: {}, general: "" });
		try {
			if (this.state.mode === "login")
				await session.login(form);
			else
				await session.register(form, this.key);
		} catch (error) {
			const problems = byMember(error);

			this.complain(problems, Object.keys(problems).length ?
				"" : sentence(error));
		}
	};

	complain(problems, general = "") {
		const [first = "password"] = Object.keys(problems);

		this.setState({ isBusy: false, problems, general });
		document.getElementById(first)?.focus();
	}

	change = () => {
		this.key = randomId();
	};

	turn = () => {
		this.setState({
			mode: MODES[this.state.mode].other,
			problems: {},
			general: "",
		});
		document.getElementById("email").focus();
	};

	show = () => {
		this.setState({ isShown: !this.state.isShown });
	};

	render(_, { mode, problems, general, isBusy, isShown }) {
		const { title, action, other, question } = MODES[mode];
		const isNew = mode === "register";

		return html`
		  <main class="sign">
		    <div class="brand">
		      <img src="/web/icon.svg" alt="" width="56"
		        height="56" />
		      <h1>Kith</h1>
		      <p>Quiet talk with people you know.</p>
		    </div>
		    <form class="card" onSubmit=${this.submit}
		      onInput=${this.change} aria-labelledby="title"
		      novalidate>
		      <h2 id="title">${title}</h2>
		      ${general && html`
		        <p class="problem" role="alert">${general}</p>`}
		      <${Field} label="E-mail address" name="email"
		        type="email" autocomplete="username"
		        required maxlength="254"
		        problem=${problems.email} />
		      ${isNew && html`<${Field} label="Name"
		        name="nickname" autocomplete="nickname"
		        required maxlength="128"
		        hint="How others find you. You can change it."
		        problem=${problems.nickname} />`}
		      <${Field} label="Password" name="password"
		        type=${isShown ? "text" : "password"}
		        autocomplete=${isNew ? "new-password" :
		          "current-password"}
		        required maxlength="256"
		        hint=${isNew && "At least 8 characters."}
		        problem=${problems.password}>
		        <button type="button" class="reveal"
		          aria-pressed=${String(isShown)}
		          onClick=${this.show}>
		          ${isShown ? "Hide" : "Show"}
		          <span class="unseen"> password</span>
		        </button>
		      <//>
		      <button class="button wide" disabled=${isBusy}>
		        ${isBusy ? "One moment…" : action}
		      </button>
		      <p class="switch">
		        ${question}${" "}
		        <button type="button" class="link"
		          onClick=${this.turn}>
		          ${MODES[other].action}
		        </button>
		      </p>
		    </form>
		  </main>`;
	}
}
