/* people.js - finding people, and what is between them and oneself. */
import * as actions from "../actions.js";
import * as api from "../api.js";
import { Component, html } from "../html.js";
import { sync } from "../page.js";
import { sentence } from "../problems.js";
import { hashOf } from "../route.js";
import { nameOf, peopleIn } from "../state/names.js";
import { Icon, Loading, UserAvatar, presenceText } from "./parts.js";

/* Whoever types goes on for a moment. */
const SEARCH_AFTER_MS = 250;

const SECTIONS = [
	["incoming", "They ask you"],
	["accepted", "You can talk"],
	["outgoing", "You asked"],
	["blocked", "Blocked"],
];

/* What can be done at once, by what is between the two. */
const OFFERS = {
	none: [["Ask", actions.request]],
	incoming: [["Accept", actions.accept], ["Decline", actions.decline]],
	accepted: [["Message", actions.openPair]],
	outgoing: [["Cancel", actions.cancel]],
	blocked: [["Unblock", actions.unblock]],
};

/* A button may be gone afterwards: the focus stays with the person. */
export async function act(action, user) {
	await action(user);
	requestAnimationFrame(() => {
		const row = document.getElementById(`person-${user.id}`);

		if (document.activeElement === document.body)
			(row ?? document.getElementById("main")).focus();
	});
}

/* Asking and accepting stand out, wherever they are offered. */
const isMain = (label) => label === "Ask" || label === "Accept";

export const Offers = ({ user, which }) => html`
  <span class="offers">
    ${OFFERS[which].map(([label, action]) => html`
      <button key=${label} type="button"
        class="button ${isMain(label) ? "" : "quiet"}"
        aria-label="${label} ${nameOf(user)}"
        onClick=${() => act(action, user)}>${label}</button>`)}
  </span>`;

function Row({ state, user }) {
	const which = state.subscriptions[user.id]?.state ?? "none";
	const presence = which === "accepted" && state.presence[user.id];
	const isOpen = state.route.id === user.id;

	return html`
	  <li class="person">
	    <a class="row" id="person-${user.id}"
	      href=${hashOf("person", user.id)}
	      aria-current=${isOpen ? "page" : undefined}>
	      <${UserAvatar} user=${user} online=${presence?.online} />
	      <span class="name">${nameOf(user)}</span>
	      <span class="preview">
	        ${presenceText(presence) || user.about}</span>
	    </a>
	    <${Offers} user=${user} which=${which} />
	  </li>`;
}

const Section = ({ state, which, title }) => {
	const items = peopleIn(state, which);

	return items.length > 0 && html`
	  <section aria-labelledby="section-${which}">
	    <h2 id="section-${which}">${title}</h2>
	    <ul class="list">
	      ${items.map(({ user }) => html`<${Row} key=${user.id}
	        state=${state} user=${user} />`)}
	    </ul>
	  </section>`;
};

function Sections({ state }) {
	if (!state.known.people)
		return html`<${Loading} what="the people you know"
		  retry=${sync.retry} error=${state.failed.people} />`;
	if (!Object.keys(state.subscriptions).length)
		return html`<p class="note">
		  Nobody here yet. Search for a name above, and ask.</p>`;
	return SECTIONS.map(([which, title]) => html`
	  <${Section} key=${which} state=${state} which=${which}
	    title=${title} />`);
}

class Results extends Component {
	state = { items: null, next: null, error: null };

	componentDidMount() {
		this.begin();
	}

	componentDidUpdate({ name }) {
		if (name !== this.props.name)
			this.begin();
	}

	componentWillUnmount() {
		this.stop();
	}

	stop() {
		clearTimeout(this.timer);
		this.search?.abort();
	}

	begin() {
		this.stop();
		this.timer = setTimeout(() => this.load(), SEARCH_AFTER_MS);
	}

	/* The first page, or with a cursor the one that follows. */
	load = async (cursor) => {
		const search = this.search = new AbortController();
		const before = cursor ? this.state.items : [];

		try {
			const page = await api.search(this.props.name, cursor,
						      search.signal);

			this.setState({ items: [...before, ...page.items],
					next: page.next, error: null });
		} catch (error) {
			if (!search.signal.aborted)
				this.setState({ items: before, error });
		}
	};

	more = () => this.load(this.state.next);

	render({ state, name }, { items, next, error }) {
		const others = items?.filter(({ id }) => id !== state.userId);

		if (!items)
			return html`<${Loading} what="who is called so" />`;
		return html`
		  <section aria-label="Found">
		    <p class="note" role="status">
		      ${error ? sentence(error) : others.length ?
		        "" : `Nobody is called “${name}”.`}
		    </p>
		    <ul class="list">
		      ${others.map((user) => html`<${Row} key=${user.id}
		        state=${state} user=${user} />`)}
		    </ul>
		    ${next && html`<button type="button"
		      class="button quiet wide" onClick=${this.more}>
		      Show more</button>`}
		  </section>`;
	}
}

export class People extends Component {
	state = { name: "" };

	input = (event) => {
		this.setState({ name: event.target.value });
	};

	clear = (event) => {
		if (event.key === "Escape")
			this.setState({ name: "" });
	};

	render({ state }, { name }) {
		return html`
		  <div class="people">
		    <div class="search" role="search">
		      <${Icon} name="search" />
		      <label class="unseen" for="search">
		        Search people by name</label>
		      <input id="search" type="search" value=${name}
		        placeholder="Search people" maxlength="64"
		        autocomplete="off" onInput=${this.input}
		        onKeyDown=${this.clear} />
		    </div>
		    ${name.trim() ? html`<${Results} state=${state}
		        name=${name.trim()} />` :
		      html`<${Sections} state=${state} />`}
		  </div>`;
	}
}
