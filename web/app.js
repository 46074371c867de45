/* app.js - the beginning: the page, drawn anew whenever its state changes. */
import { Component, html, render } from "./html.js";
import { start, store } from "./page.js";
import { unreadTotal } from "./state/names.js";
import { Shell } from "./views/shell.js";
import { Sign } from "./views/sign.js";

class Page extends Component {
	state = { page: store.state };

	componentDidMount() {
		store.listen((page) => {
			this.setState({ page });
			setTitle(page);
		});
	}

	render(_, { page }) {
		return page.userId ?
			html`<${Shell} key=${page.userId} state=${page} />` :
			html`<${Sign} />`;
	}
}

function setTitle(state) {
	const unread = unreadTotal(state);

	document.title = unread ? `(${unread}) Kith` : "Kith";
}

start();
render(html`<${Page} />`, document.getElementById("app"));
