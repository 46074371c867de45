/*
 * notifications.js - what Kith tells of, the newest first.  What is seen here
 * counts as read.
 */
import * as actions from "../actions.js";
import { Component, createRef, html } from "../html.js";
import { sync } from "../page.js";
import { hashOf } from "../route.js";
import { Empty, Icon, Loading } from "./parts.js";
import { briefly, momentOf } from "./time.js";

const ICONS = {
	message: "chat",
	request: "people",
	accepted: "check",
	login: "login",
	service: "bell",
};

/* Where one leads to, if anywhere. */
function placeOf({ kind, data }) {
	if (kind === "message")
		return hashOf("chat", data.chat_id);
	if (kind === "request" || kind === "accepted")
		return hashOf("person", data.user_id);
	return undefined;
}

function Row({ item, isNew, onDrop }) {
	const { number, kind, title, body, created_at } = item;

	return html`
	  <li class="person">
	    <a class="row ${isNew ? "new" : ""}" href=${placeOf(item)}>
	      <span class="avatar kind">
	        <${Icon} name=${ICONS[kind] ?? "bell"} /></span>
	      <span class="name">
	        ${isNew && html`<span class="unseen">New: </span>`}
	        ${title}</span>
	      <time datetime=${created_at} title=${momentOf(created_at)}>
	        ${briefly(created_at)}</time>
	      <span class="preview" dir="auto">${body}</span>
	    </a>
	    <button type="button" class="round" title="Delete"
	      aria-label="Delete: ${title}" onClick=${() => onDrop(number)}>
	      <${Icon} name="close" /></button>
	  </li>`;
}

export class Notifications extends Component {
	/* What was unread on coming is marked as long as one stays. */
	unread = new Set();
	box = createRef();

	componentDidMount() {
		addEventListener("focus", this.look);
		document.addEventListener("visibilitychange", this.look);
		this.look();
	}

	componentDidUpdate() {
		this.look();
	}

	componentWillUnmount() {
		removeEventListener("focus", this.look);
		document.removeEventListener("visibilitychange", this.look);
	}

	/* On a narrow screen the settings hide the list. */
	look = () => {
		if (this.box.current.checkVisibility() && !document.hidden &&
		    document.hasFocus())
			actions.readNotifications();
	};

	/* A button that is gone has no focus: the list has it then. */
	readAll = async () => {
		if (!await actions.readAllNotifications())
			return;
		this.unread.clear();
		this.forceUpdate();
		this.box.current?.focus();
	};

	drop = async (number) => {
		if (await actions.dropNotification(number))
			this.box.current?.focus();
	};

	list({ items, next }) {
		return html`
		  <ul class="list">
		    ${items.map((item) => html`<${Row} key=${item.number}
		      item=${item} isNew=${this.unread.has(item.number)}
		      onDrop=${this.drop} />`)}
		  </ul>
		  ${next && html`<button type="button"
		    class="button quiet wide"
		    onClick=${actions.loadOlderNotifications}>
		    Show more</button>`}`;
	}

	content({ notifications, failed }) {
		if (!notifications.items)
			return html`<${Loading} what="your notifications"
			  retry=${sync.retry} error=${failed.notifications} />`;
		if (!notifications.items.length)
			return html`<${Empty} icon="bell" title="Nothing new">
			  Messages, requests and logins are told here.
			<//>`;
		return this.list(notifications);
	}

	/* In an old list some are shown that were read since. */
	mark({ items, isOld }) {
		if (isOld)
			return;
		for (const { read, number } of items)
			if (!read)
				this.unread.add(number);
	}

	render({ state }) {
		const { unread } = state.notifications;

		this.mark(state.notifications);
		return html`
		  <div class="notifications" ref=${this.box} tabindex="-1"
		    role="region" aria-label="Notifications">
		    <header>
		      <button type="button" class="button quiet"
		        disabled=${!unread && !this.unread.size}
		        onClick=${this.readAll}>Mark all as read</button>
		      <a class="round" href="#/settings" title="Settings"
		        aria-label="Notification settings">
		        <${Icon} name="settings" /></a>
		    </header>
		    ${this.content(state)}
		  </div>`;
	}
}
