/* app.js - the beginning: the page, drawn anew whenever its state changes. */
import { arrive } from "./arrival.js";
import { Component, html, render } from "./html.js";
import { takeAnswer } from "./oauth.js";
import { start, store } from "./page.js";
import { unreadTotal } from "./state/names.js";
import { Reset, Verify } from "./views/links.js";
import { Shell } from "./views/shell.js";
import { Sign } from "./views/sign.js";

/* Whether somebody is logged in or not. */
const FOR_ALL = { reset: Reset, verify: Verify };

class Page extends Component {
	state = { page: store.state };

	componentDidMount() {
		store.listen((page) => {
			this.setState({ page });
			setTitle(page);
		});
	}

	render(_, { page }) {
		const { userId, route } = page;
		const ForAll = FOR_ALL[route.name];

		if (ForAll)
			return html`<${ForAll} key=${route.id}
			  token=${route.id} />`;
		return userId ?
			html`<${Shell} key=${userId} state=${page} />` :
			html`<${Sign} state=${page} />`;
	}
}

function setTitle(state) {
	const unread = unreadTotal(state);

	document.title = unread ? `(${unread}) Kith` : "Kith";
}

const answer = takeAnswer();

start();
if (answer)
	arrive(answer);
render(html`<${Page} />`, document.getElementById("app"));
