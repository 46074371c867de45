/* chat.js - the open chat: who it is with, what was said, what one writes. */
import * as actions from "../actions.js";
import { Component, html } from "../html.js";
import { sync } from "../page.js";
import { hashOf } from "../route.js";
import { hasLeft, nameOf, peerOf, titleOf, userIn, writersIn }
	from "../state/names.js";
import { isMuted } from "../state/notifications.js";
import { ChatAvatar } from "./chatlist.js";
import { Composer } from "./composer.js";
import { History } from "./history.js";
import { Back, Confirm, Empty, Icon, Loading, presenceText }
	from "./parts.js";

function subtitleOf(state, chat) {
	const peer = peerOf(chat, state.userId);

	if (chat.kind === "pair")
		return peer && presenceText(state.presence[peer.id]);
	return `${chat.members.length} ` +
		(chat.members.length === 1 ? "member" : "members");
}

function Mute({ state, chat }) {
	const muted = isMuted(state, chat.id);
	const label = muted ? "Unmute" : "Mute";
	const action = muted ? actions.unmute : actions.mute;

	return state.preferences && html`
	  <button type="button" class="round" title=${label}
	    aria-label=${label}
	    onClick=${() => action(chat.id, titleOf(chat, state.userId))}>
	    <${Icon} name=${muted ? "muted" : "bell"} /></button>`;
}

function Head({ state, chat }) {
	const peer = peerOf(chat, state.userId);
	const about = chat.kind === "group" ? hashOf("members", chat.id) :
		peer && !hasLeft(peer) ? hashOf("person", peer.id) : undefined;

	return html`
	  <header class="bar">
	    <${Back} to="chats" label="Back to the chats" />
	    <a class="subject" href=${about}>
	      <${ChatAvatar} state=${state} chat=${chat} />
	      <span class="name">
	        <h1>${titleOf(chat, state.userId)}</h1>
	        <span class="presence">
	          ${subtitleOf(state, chat)}</span>
	      </span>
	    </a>
	    <${Mute} state=${state} chat=${chat} />
	    ${chat.kind === "group" && html`
	      <a class="round" href=${about} title="Members"
	        aria-label="Members of the group">
	        <${Icon} name="people" /></a>`}
	  </header>`;
}

/* Why nothing can be written here, if it is known. */
function closedBecause(state, chat) {
	const peer = chat.kind === "pair" && peerOf(chat, state.userId);

	if (!peer)
		return null;
	if (hasLeft(peer))
		return html`<p class="closed">
		  They left Kith. What was said stays here.</p>`;
	if (state.subscriptions[peer.id]?.state !== "blocked")
		return null;
	return html`
	  <p class="closed">
	    You blocked ${nameOf(peer)}.
	    <button type="button" class="button quiet"
	      onClick=${() => actions.unblock(peer)}>Unblock</button>
	  </p>`;
}

function whoWrites(names) {
	if (names.length > 2)
		return "Several people write…";
	return names.length === 2 ? `${names.join(" and ")} write…` :
		`${names[0]} writes…`;
}

const Typing = ({ names }) => html`
  <p class="typing">
    ${names.length > 0 && html`
      <span class="dots" aria-hidden="true">
        <i></i><i></i><i></i></span>
      ${whoWrites(names)}`}
  </p>`;

/* Reads out what others write while the chat is open. */
class Announcer extends Component {
	since = this.props.chat.last_seq;

	render({ chat, userId }) {
		const last = chat.last_message;

		return html`
		  <div class="unseen" role="log" aria-live="polite">
		    ${last && last.seq > this.since && !last.deleted &&
		      last.sender_id !== userId && html`
		      <p key=${last.seq}>
		        ${nameOf(userIn(chat, last.sender_id))}:
		        ${" "}${last.text}</p>`}
		  </div>`;
	}
}

export class Chat extends Component {
	state = { editing: null, erasing: null };

	edit = (editing) => {
		this.setState({ editing });
	};

	ask = (erasing) => {
		this.setState({ erasing });
	};

	erase = () => {
		actions.erase(this.state.erasing);
		this.ask(null);
	};

	/* Escape leaves the chat, and the list has the focus again. */
	keyDown = (event) => {
		if (event.key !== "Escape" || event.defaultPrevented ||
		    event.target.closest("dialog"))
			return;
		actions.go("chats");
		requestAnimationFrame(() => {
			const row = `row-${this.props.id}`;

			document.getElementById(row)?.focus();
		});
	};

	missing(state) {
		if (!state.known.chats)
			return html`<${Loading} what="the chat" />`;
		return html`
		  <div class="screen">
		    <header class="bar">
		      <${Back} to="chats" label="Back to the chats" />
		    </header>
		    <${Empty} icon="chat" title="This chat is not here">
		      You are not a member of it, or it is gone.
		    <//>
		  </div>`;
	}

	said(state, chat) {
		const history = state.histories[chat.id];
		const error = state.failed[`newest/${chat.id}`];

		if (history)
			return html`<${History} state=${state} chat=${chat}
			  history=${history} onEdit=${this.edit}
			  onErase=${this.ask} />`;
		return html`
		  <div class="said">
		    <${Loading} what="the messages" error=${error}
		      retry=${sync.retry} />
		  </div>`;
	}

	render({ state, id }, { editing, erasing }) {
		const chat = state.chats[id];

		if (!chat)
			return this.missing(state);
		return html`
		  <section class="chat ${chat.kind}" onKeyDown=${this.keyDown}
		    aria-label="Chat: ${titleOf(chat, state.userId)}">
		    <${Head} state=${state} chat=${chat} />
		    ${this.said(state, chat)}
		    <${Typing} names=${writersIn(state, chat)} />
		    ${closedBecause(state, chat) ?? html`
		      <${Composer} state=${state} chat=${chat}
		        editing=${editing} onEdit=${this.edit} />`}
		    <${Announcer} chat=${chat} userId=${state.userId} />
		    ${erasing && html`<${Confirm} title="Delete the message?"
		      yes="Delete" onYes=${this.erase}
		      onNo=${() => this.ask(null)}>
		      Its text disappears for everybody in the chat.
		    <//>`}
		  </section>`;
	}
}
