/* settings.js - which notifications one wants, and in which language. */
import * as actions from "../actions.js";
import { Component, html } from "../html.js";
import { store, sync } from "../page.js";
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
		    <${Choices} state=${state} />
		  </div>`;
	}
}
