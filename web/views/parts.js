/* parts.js - small things that every screen is made of; form.js: of forms. */
import { Component, createRef, html } from "../html.js";
import { sentence } from "../problems.js";
import { hashOf } from "../route.js";
import { nameOf } from "../state/names.js";
import { seenAt } from "./time.js";

/* Strokes on a square of 24. */
const ICONS = {
	back: "M15 5l-7 7 7 7",
	send: "M5 12h13M12 5l7 7-7 7",
	check: "M5 12.5l4.5 4.5L19 7",
	checks: "M2 12.5L6.5 17 16 7M11 15.5l1.5 1.5L22 7",
	clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.5l3 1.5",
	alert: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v5M12 16v.01",
	edit: "M5 19l1-4L16 5l3 3L9 18zM14 7l3 3",
	trash: "M5 7h14M10 7V5h4v2M7 7l1 12h8l1-12",
	close: "M6 6l12 12M18 6L6 18",
	down: "M12 5v13M6 13l6 6 6-6",
	people: "M9 11a3 3 0 1 0 0-6 3 3 0 0 0 0 6z" +
		"M3 19c0-3 2.5-5 6-5s6 2 6 5M15.5 5.4a3 3 0 0 1 0 5.2" +
		"M17.5 14.5c2 .6 3.5 2.3 3.5 4.5",
	chat: "M4 6.5C4 5.7 4.7 5 5.5 5h13c.8 0 1.5.7 1.5 1.5v8c0 .8-.7 " +
		"1.5-1.5 1.5H11l-4.5 3.5V16h-1C4.7 16 4 15.3 4 14.5z",
	plus: "M12 5v14M5 12h14",
	bell: "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4",
	muted: "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5h4M4 4l16 16",
	login: "M13 5h5.5v14H13M4 12h10M10 8l4 4-4 4",
	settings: "M4 8h8M18 8h2M15 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z" +
		"M4 16h2M12 16h8M9 13.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
	search: "M10.5 5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM15 15l4.5 4.5",
};

export const Icon = ({ name }) => html`
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
    <path d=${ICONS[name]} />
  </svg>`;

/* The same person has the same colour everywhere. */
function hue(id) {
	return [...id].reduce((sum, c) => sum + c.charCodeAt(0), 0) % 8;
}

function initials(name) {
	const graphemes = new Intl.Segmenter().segment(name.trim());

	return [...graphemes][0]?.segment.toUpperCase() ?? "?";
}

/* A picture that is gone uncovers the letter behind it. */
function hide(event) {
	event.target.hidden = true;
}

/* online: undefined where it is nobody's business. */
export const Avatar = ({ id, name, image, size, online }) => html`
  <span class="avatar hue-${hue(id)} ${size ?? ""}">
    <span class="letter" aria-hidden="true">${initials(name)}</span>
    ${image && html`<img key=${image} src=${image} alt=""
      onError=${hide} />`}
    ${online && html`<span class="dot">
      <span class="unseen">online</span></span>`}
  </span>`;

export const UserAvatar = ({ user, size, online }) => html`
  <${Avatar} id=${user.id} name=${nameOf(user)} image=${user.avatar}
    size=${size} online=${online} />`;

export function presenceText(presence) {
	if (!presence)
		return "";
	if (presence.online)
		return "online";
	return presence.seen_at ? seenAt(presence.seen_at) : "";
}

export const Empty = ({ icon, title, children }) => html`
  <div class="empty">
    <${Icon} name=${icon} />
    <h2>${title}</h2>
    <p>${children}</p>
  </div>`;

const Failed = ({ what, error, retry }) => html`
  <div class="failed" role="alert">
    <p><strong>Loading ${what} failed.</strong> ${sentence(error)}</p>
    <button type="button" class="button quiet" onClick=${retry}>
      Try again
    </button>
  </div>`;

/* Instead of what is being loaded, or with an error could not be. */
export const Loading = ({ what, error, retry }) => error ?
	html`<${Failed} what=${what} error=${error} retry=${retry} />` :
	html`<p class="loading" role="status">
	  <span class="spinner"></span> Loading ${what}…
	</p>`;

export const Back = ({ to, id, label }) => html`
  <a class="back round" href=${hashOf(to, id)} aria-label=${label}>
    <${Icon} name="back" />
  </a>`;

/* A screen for itself, without what Kith shows to who is logged in. */
export const Front = ({ title, children }) => html`
  <main class="sign">
    <div class="brand">
      <img src="/web/icon.svg" alt="" width="56" height="56" />
      <h1>Kith</h1>
      <p>Quiet talk with people you know.</p>
    </div>
    <section class="card" aria-labelledby="title">
      <h2 id="title">${title}</h2>
      ${children}
    </section>
  </main>`;

/* Asks before what can't be undone; Escape is no. */
export class Confirm extends Component {
	dialog = createRef();

	componentDidMount() {
		this.dialog.current.showModal();
	}

	/* So the browser gives the focus back to where it was. */
	componentWillUnmount() {
		this.dialog.current.close();
	}

	render({ title, children, yes, onYes, onNo }) {
		return html`
		  <dialog ref=${this.dialog} aria-labelledby="confirm"
		    onCancel=${onNo}>
		    <h2 id="confirm">${title}</h2>
		    <p>${children}</p>
		    <div class="buttons">
		      <button type="button" class="button quiet"
		        onClick=${onNo}>Cancel</button>
		      <button type="button" class="button danger"
		        onClick=${onYes}>${yes}</button>
		    </div>
		  </dialog>`;
	}
}
