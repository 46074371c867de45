/* form.js - what is filled in and sent, and what is wrong with it. */
import { Component, html } from "../html.js";
import { RULES, byMember, sentence } from "../problems.js";

/*
 * One line of a form; problem says what is wrong with it.  id: where two forms
 * of a screen have the same name.
 */
export const Field = ({ label, name, id = name, hint, problem, children,
			...rest }) => {
	const about = [hint && `${id}-hint`, problem && `${id}-problem`]
		.filter(Boolean).join(" ");

	return html`
	  <div class="field">
	    <label for=${id}>${label}</label>
	    <input id=${id} name=${name} ...${rest}
	      aria-invalid=${problem ? "true" : undefined}
	      aria-describedby=${about || undefined} />
	    ${children}
	    ${hint && html`<p class="hint" id="${id}-hint">${hint}</p>`}
	    ${problem && html`<p class="problem" id="${id}-problem">
	      ${problem}</p>`}
	  </div>`;
};

/* One that is hidden until its owner wants to see it; as Field. */
export class Password extends Component {
	state = { isShown: false };

	turn = () => {
		this.setState({ isShown: !this.state.isShown });
	};

	render({ label = "Password", ...rest }, { isShown }) {
		return html`
		  <${Field} label=${label} name="password" maxlength="256"
		    ...${rest} type=${isShown ? "text" : "password"}>
		    <button type="button" class="reveal"
		      aria-pressed=${String(isShown)} onClick=${this.turn}>
		      ${isShown ? "Hide" : "Show"}
		      <span class="unseen"> ${label.toLowerCase()}</span>
		    </button>
		  <//>`;
	}
}

export const NewPassword = (props) => html`
  <${Password} autocomplete="new-password" required
    hint="At least 8 characters." ...${props} />`;

/*
 * send(values, form) sends what is in it, and throws what is wrong.  That is
 * said beside the field that it concerns, which gets the focus, or above all of
 * them.  children(problems) are the fields; meanings and members are those of
 * sentence() and byMember().
 */
export class Form extends Component {
	state = { problems: {}, general: "", isBusy: false };

	submit = async (event) => {
		event.preventDefault();
		const form = event.target;
		const empty = [...form.elements]
			.filter(({ required, value }) => required && !value)
			.map(({ name }) => [name, RULES.required]);

		if (empty.length) {
			this.complain(form, Object.fromEntries(empty));
			return;
		}
		this.setState({ isBusy: true, problems: {}, general: "" });
		try {
			await this.props.send(
				Object.fromEntries(new FormData(form)), form);
			this.setState({ isBusy: false });
		} catch (error) {
			const { meanings, members } = this.props;

			this.complain(form, byMember(error, members),
				      sentence(error, meanings));
		}
	};

	/* What concerns no field of the form is said in general. */
	complain(form, members, general) {
		const problems = Object.fromEntries(Object.entries(members)
			.filter(([name]) => form.elements[name]));
		const [first] = Object.keys(problems);

		this.setState({ isBusy: false, problems,
				general: first ? "" : general });
		form.elements[first ?? "password"]?.focus();
	}

	render({ label, action, look = "", onInput, children },
	       { problems, general, isBusy }) {
		return html`
		  <form onSubmit=${this.submit} onInput=${onInput}
		    aria-label=${label} novalidate>
		    ${general && html`
		      <p class="problem" role="alert">${general}</p>`}
		    ${children?.(problems)}
		    <button class="button ${look}" disabled=${isBusy}>
		      ${isBusy ? "One moment…" : action}
		    </button>
		  </form>`;
	}
}
