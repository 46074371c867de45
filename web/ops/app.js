/* app.js - the beginning: the page, drawn anew whenever its state changes. */
import { Component, html, render } from "../html.js";
import { sentence } from "../problems.js";
import { Detail } from "./detail.js";
import { Login } from "./login.js";
import { loggedOut, start, store } from "./page.js";
import { Table } from "./table.js";

const clock = new Intl.DateTimeFormat("en", { timeStyle: "medium",
					      hourCycle: "h23" });

/* Whether what is shown is what is so. */
function Connection({ failed, history }) {
	const { rows } = history;

	if (!failed)
		return html`<p class="connection" role="status">
		  ${rows.length ? "Live" : "One moment…"}</p>`;
	return html`<p class="connection away" role="status">
	  ${sentence(failed)}${" "}${rows.length > 0 &&
	    `What you see is of ${clock.format(rows[0].at_s * 1000)}.`}</p>`;
}

const Page = ({ state }) => {
	const { rows, samples } = state.history;
	const row = rows.find(({ name }) => name === state.chosen);

	return html`
	  <header>
	    <h1>Kith operations</h1>
	    <${Connection} ...${state} />
	    <button type="button" class="button quiet"
	      onClick=${() => loggedOut()}>Log out</button>
	  </header>
	  <main class=${row ? "with-detail" : ""}>
	    <${Table} rows=${rows} chosen=${state.chosen} />
	    ${row && html`<${Detail} key=${row.name} row=${row}
	      samples=${samples[row.name]} />`}
	  </main>`;
};

class App extends Component {
	state = { page: store.state };

	componentDidMount() {
		store.listen((page) => this.setState({ page }));
	}

	render(_, { page }) {
		return page.isLoggedIn ? html`<${Page} state=${page} />` :
			html`<${Login} refused=${page.refused} />`;
	}
}

start();
render(html`<${App} />`, document.getElementById("app"));
