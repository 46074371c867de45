/*
 * shell.js - the frame around everything: a list on one side, what is open on
 * the other.  On a narrow screen one of the two is seen at a time.
 */
import { Component, html } from "../html.js";
import { store } from "../page.js";
import { hashOf, isList, sideOf } from "../route.js";
import { nameOf, peopleIn, unreadTotal } from "../state/names.js";
import { noticed } from "../store.js";
import { Account } from "./account.js";
import { Chat } from "./chat.js";
import { ChatList } from "./chatlist.js";
import { Members, NewGroup } from "./group.js";
import { Notifications } from "./notifications.js";
import { People } from "./people.js";
import { Empty, Icon, UserAvatar } from "./parts.js";
import { Person } from "./person.js";
import { Profile } from "./profile.js";
import { Settings } from "./settings.js";

const NOTICE_MS = 6000;

const SCREENS = {
	chat: Chat,
	members: Members,
	person: Person,
	new: NewGroup,
	me: Profile,
	account: Account,
	settings: Settings,
};

const LISTS = {
	chats: ChatList,
	people: People,
	notifications: Notifications,
};

const CONNECTIONS = {
	offline: "You are offline. What you write is sent when you are back.",
	waiting: "Connecting to Kith again…",
};

const Tab = ({ to, icon, label, count, of, isOpen, isBrief }) => html`
  <a class="tab ${isBrief ? "brief" : ""}" href=${hashOf(to)}
    title=${isBrief ? label : undefined}
    aria-current=${isOpen ? "page" : undefined}>
    <${Icon} name=${icon} />
    <span class=${isBrief ? "unseen" : ""}>${label}</span>
    ${count > 0 && html`<span class="badge">
      ${count > 99 ? "99+" : count}
      <span class="unseen"> ${of}</span></span>`}
  </a>`;

function Side({ state }) {
	const side = sideOf(state.route);
	const { me, notifications } = state;
	const List = LISTS[side];

	return html`
	  <aside class="side">
	    <header class="top">
	      <a class="me" href="#/me">
	        ${me && html`<${UserAvatar} user=${me} />`}
	        <span class="name">
	          <span class="unseen">Your profile: </span>
	          ${me ? nameOf(me) : "Kith"}
	        </span>
	      </a>
	      <a class="round" href="#/new" title="New group"
	        aria-label="New group">
	        <${Icon} name="plus" />
	      </a>
	    </header>
	    <nav class="tabs" aria-label="Lists">
	      <${Tab} to="chats" icon="chat" label="Chats"
	        count=${unreadTotal(state)} of="unread"
	        isOpen=${side === "chats"} />
	      <${Tab} to="people" icon="people" label="People"
	        count=${peopleIn(state, "incoming").length}
	        of="requests" isOpen=${side === "people"} />
	      <${Tab} to="notifications" icon="bell"
	        label="Notifications" count=${notifications.unread}
	        of="new" isOpen=${side === "notifications"} isBrief />
	    </nav>
	    <${List} state=${state} />
	  </aside>`;
}

const Nothing = () => html`
  <${Empty} icon="chat" title="Nothing open">
    Choose a chat, or find somebody under People.
  <//>`;

/* What was done is said politely, what went wrong at once. */
class Notice extends Component {
	componentDidMount() {
		this.timer = setTimeout(this.close, NOTICE_MS);
	}

	componentWillUnmount() {
		clearTimeout(this.timer);
	}

	close = () => {
		store.apply(noticed, null);
	};

	render({ notice: { kind, text } }) {
		return html`
		  <div class="notice ${kind}">
		    <p>${text}</p>
		    <button type="button" class="round" aria-label="Close"
		      onClick=${this.close}>
		      <${Icon} name="close" />
		    </button>
		  </div>`;
	}
}

/* A screen reader tells only of what changes in a region that is there. */
const Notices = ({ notice }) => html`
  <div class="notices">
    ${["done", "error"].map((kind) => html`
      <div key=${kind} role=${kind === "done" ? "status" : "alert"}>
        ${notice?.kind === kind && html`
          <${Notice} key=${notice.text} notice=${notice} />`}
      </div>`)}
  </div>`;

export class Shell extends Component {
	/* Not a link to "#main": what is behind "#" says what is open. */
	skip = (event) => {
		event.preventDefault();
		document.getElementById("main").focus();
	};

	render({ state }) {
		const { route, connection, notice } = state;
		const Screen = SCREENS[route.name] ?? Nothing;

		return html`
		  <div class="shell ${isList(route) ? "on-list" : "on-main"}">
		    <a class="skip" href="#main" onClick=${this.skip}>
		      Skip to what is open
		    </a>
		    <p class="connection" role="status">
		      ${CONNECTIONS[connection]}
		    </p>
		    <${Side} state=${state} />
		    <main id="main" tabindex="-1">
		      <${Screen} key=${`${route.name}/${route.id}`}
		        state=${state} id=${route.id} />
		    </main>
		    <${Notices} notice=${notice} />
		  </div>`;
	}
}
