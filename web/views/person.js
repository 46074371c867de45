/* person.js - somebody else, and all that one can do about them. */
import * as actions from "../actions.js";
import * as api from "../api.js";
import { Component, html } from "../html.js";
import { hasLeft, nameOf } from "../state/names.js";
import { Back, Confirm, Loading, UserAvatar, presenceText }
	from "./parts.js";
import { Offers, act } from "./people.js";
import { dateOf } from "./time.js";

const RELATIONS = {
	none: "",
	incoming: "asks to talk with you.",
	accepted: "and you can talk.",
	outgoing: "has not answered you yet.",
	blocked: "is blocked: they can't reach you, and don't see why.",
};

const QUESTIONS = {
	block: {
		title: "Block",
		text: "You can't write to each other any more. " +
			"They are not told.",
		yes: "Block",
	},
	unsubscribe: {
		title: "Unsubscribe from",
		text: "You no longer see when they are online, and one of " +
			"you has to ask again.",
		yes: "Unsubscribe",
	},
};

const About = ({ user, which, presence }) => html`
  <div class="portrait">
    <${UserAvatar} user=${user} size="huge" online=${presence?.online} />
    <h1>${nameOf(user)}</h1>
    <p class="presence">${presenceText(presence)}</p>
    ${user.about && html`<p class="about">${user.about}</p>`}
    <p class="note">
      ${RELATIONS[which] && `${nameOf(user)} ${RELATIONS[which]}`}
      ${!hasLeft(user) && ` With Kith since
        ${dateOf(user.created_at)}.`}
    </p>
  </div>`;

export class Person extends Component {
	state = { user: null, error: null, asks: null };

	componentDidMount() {
		this.load();
	}

	load = async () => {
		this.setState({ error: null });
		try {
			const user = await api.getUser(this.props.id);

			this.setState({ user });
		} catch (error) {
			this.setState({ error });
		}
	};

	ask = (asks) => {
		this.setState({ asks });
	};

	answer = (user) => {
		act(actions[this.state.asks], user);
		this.ask(null);
	};

	actions(user, which) {
		return html`
		  <div class="buttons">
		    <${Offers} user=${user} which=${which} />
		    ${which === "accepted" && html`
		      <button type="button" class="button quiet"
		        onClick=${() => this.ask("unsubscribe")}>
		        Unsubscribe</button>`}
		    ${which !== "blocked" && html`
		      <button type="button" class="button danger quiet"
		        onClick=${() => this.ask("block")}>
		        Block</button>`}
		  </div>`;
	}

	render({ state, id }, { user: loaded, error, asks }) {
		const subscription = state.subscriptions[id];
		const user = loaded ?? subscription?.user;
		const which = subscription?.state ?? "none";
		const question = QUESTIONS[asks];

		return html`
		  <div class="screen">
		    <header class="bar">
		      <${Back} to="people" label="Back to people" />
		    </header>
		    ${!user && html`<${Loading} what="the profile"
		      error=${error} retry=${this.load} />`}
		    ${user && html`<${About} user=${user} which=${which}
		      presence=${state.presence[id]} />`}
		    ${user && id !== state.userId &&
		      this.actions(user, which)}
		    ${question && html`<${Confirm}
		      title="${question.title} ${nameOf(user)}?"
		      yes=${question.yes} onNo=${() => this.ask(null)}
		      onYes=${() => this.answer(user)}>
		      ${question.text}
		    <//>`}
		  </div>`;
	}
}
