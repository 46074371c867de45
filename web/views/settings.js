/*
 * settings.js - whether this device shows notifications, which of them one
 * wants, and in which language.
 */
import * as actions from "../actions.js";
import * as api from "../api.js";
import { Component, html } from "../html.js";
import { store, sync } from "../page.js";
import { HINDRANCES, sentence } from "../problems.js";
import * as push from "../push.js";
import { titleOf } from "../state/names.js";
import { KINDS } from "../state/notifications.js";
import { becameStale } from "../state/stale.js";
import { Back, Loading } from "./parts.js";

const LANGUAGES = { en: "English", ru: "Русский" };

const LABELS = {
	message: "Messages",
	request: "Somebody asks to talk with you",
	accepted: "Somebody accepts you",
	login: "Somebody logs in as you",
	service: "News of services that you use",
};

const NOT_OFFERED = "Kith does not offer this for browsers now.";
const IS_ON = "This device tells you of what is new, even while Kith is " +
	"closed.";
const IS_OFF = "This device can tell you of what is new while Kith is closed.";

const note = (text) => html`<p class="note" role="status">${text}</p>`;

/* key: what Kith pushes with; null where it does not, undefined at first. */
class Device extends Component {
	state = { key: undefined, status: "", isBusy: false, problem: "",
		  error: null };

	componentDidMount() {
		this.load();
	}

	load = async () => {
		this.setState({ error: null });
		try {
			const { webpush } = await api.platforms();

			await this.look();
			this.setState({ key: webpush });
		} catch (error) {
			this.setState({ error });
		}
	};

	async look() {
		this.setState({ status: await push.status(this.props.userId) });
	}

	turn = async () => {
		const { key, status } = this.state;
		let problem = "";

		this.setState({ isBusy: true, problem });
		try {
			if (status === "on")
				await push.turnOff();
			else
				await push.turnOn(this.props.userId, key);
		} catch (error) {
			problem = sentence(error);
		}
		await this.look();
		this.setState({ isBusy: false, problem });
	};

	content({ key, status, isBusy }) {
		const isOn = status === "on";

		if (key === null && !isOn)
			return note(NOT_OFFERED);
		if (HINDRANCES[status])
			return note(HINDRANCES[status]);
		return html`
		  ${note(isOn ? IS_ON : IS_OFF)}
		  <button type="button" class="button ${isOn ? "quiet" : ""}"
		    disabled=${isBusy} onClick=${this.turn}>
		    ${isOn ? "Turn off" :
		      "Turn on notifications on this device"}
		  </button>`;
	}

	render(_, own) {
		const { key, error, problem } = own;

		if (key === undefined)
			return html`<${Loading} what="what this device can do"
			  error=${error} retry=${this.load} />`;
		return html`
		  <section class="device" aria-label="This device">
		    ${this.content(own)}
		    <p class="problem" role="alert">
		      ${problem !== HINDRANCES[own.status] && problem}</p>
		  </section>`;
	}
}

const Switch = ({ kind, preferences }) => html`
  <li>
    <label class="row">
      <input type="checkbox" role="switch" name=${kind}
        checked=${preferences[kind]}
        onChange=${({ target }) =>
          actions.prefer({ [kind]: target.checked })} />
      <span class="name">${LABELS[kind]}</span>
    </label>
  </li>`;

const Language = ({ preferences }) => html`
  <div class="field">
    <label for="language">Language</label>
    <select id="language" value=${preferences.language}
      onChange=${({ target }) =>
        actions.prefer({ language: target.value })}>
      ${Object.entries(LANGUAGES).map(([code, name]) => html`
        <option key=${code} value=${code} lang=${code}
          selected=${code === preferences.language}>${name}</option>`)}
    </select>
  </div>`;

function Muted({ state, id }) {
	const chat = state.chats[id];
	const title = chat ? titleOf(chat, state.userId) :
		"A chat that you left";

	return html`
	  <li class="person">
	    <span class="row"><span class="name">${title}</span></span>
	    <button type="button" class="button quiet"
	      aria-label="Unmute ${title}"
	      onClick=${() => actions.unmute(id, title)}>Unmute</button>
	  </li>`;
}

function Choices({ state }) {
	const { preferences, failed } = state;

	if (!preferences)
		return html`<${Loading} what="what you chose"
		  retry=${sync.retry} error=${failed.preferences} />`;
	return html`
	  <fieldset class="choices">
	    <legend>Tell me of</legend>
	    <ul class="list">
	      ${KINDS.map((kind) => html`<${Switch} key=${kind}
	        kind=${kind} preferences=${preferences} />`)}
	    </ul>
	  </fieldset>
	  <${Language} preferences=${preferences} />
	  ${preferences.muted_chats.length > 0 && html`
	    <h2 id="muted">Muted chats</h2>
	    <ul class="list" aria-labelledby="muted">
	      ${preferences.muted_chats.map((id) => html`
	        <${Muted} key=${id} state=${state} id=${id} />`)}
	    </ul>`}`;
}

/* What was chosen on another device is asked for on coming here. */
export class Settings extends Component {
	componentDidMount() {
		store.apply(becameStale, "preferences");
	}

	render({ state }) {
		return html`
		  <div class="screen">
		    <header class="bar">
		      <${Back} to="notifications"
		        label="Back to the notifications" />
		      <h1>Notifications</h1>
		    </header>
		    <${Device} userId=${state.userId} />
		    <${Choices} state=${state} />
		  </div>`;
	}
}
