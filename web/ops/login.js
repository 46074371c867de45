/* login.js - who has a token of an operator. */
import { Component, html } from "../html.js";
import { sentence } from "../problems.js";
import { Field, Form } from "../views/form.js";
import { login } from "./page.js";

const MEANINGS = {
	unauthorized: "This token is not good: it is not complete, too old, " +
		"or was revoked.",
	forbidden: "This token is not one of an operator.",
};

const HINT = "Of infra/fn token NAME " +
	"'operations:read operations:write', or the first word to look only. " +
	"It is kept until this tab is closed.";

export class Login extends Component {
	componentDidMount() {
		document.getElementById("token").focus();
	}

	render({ refused }) {
		return html`
		  <main class="login">
		    <h1>Kith operations</h1>
		    ${refused && html`<p class="problem" role="alert">
		      ${sentence(refused, MEANINGS)}</p>`}
		    <${Form} label="Log in" action="Log in"
		      meanings=${MEANINGS} send=${({ token }) => login(token)}>
		      ${(problems) => html`
		        <${Field} label="Token" name="token" type="password"
		          autocomplete="off" required hint=${HINT}
		          problem=${problems.token} />`}
		    <//>
		  </main>`;
	}
}
