/* chatlist.js - one's chats, the latest first. */
import { html } from "../html.js";
import { sync } from "../page.js";
import { hashOf } from "../route.js";
import { chatsInOrder, nameOf, peerOf, titleOf, userIn, writersIn }
	from "../state/names.js";
import { pendingOf } from "../state/outbox.js";
import { Avatar, Empty, Loading } from "./parts.js";
import { briefly, momentOf } from "./time.js";

export function ChatAvatar({ state, chat }) {
	const peer = chat.kind === "pair" && peerOf(chat, state.userId);
	const online = peer && state.presence[peer.id]?.online;

	return html`<${Avatar} id=${peer ? peer.id : chat.id}
	  name=${titleOf(chat, state.userId)} image=${peer?.avatar}
	  size=${chat.kind === "group" ? "group" : ""}
	  online=${online} />`;
}

function authorOf(state, chat, message) {
	if (message.sender_id === state.userId)
		return "You: ";
	return chat.kind === "group" ?
		`${nameOf(userIn(chat, message.sender_id))}: ` : "";
}

/* Under the name: who writes, what waits or was begun, what was said last. */
function Preview({ state, chat }) {
	const writers = writersIn(state, chat);
	const waiting = pendingOf(state, chat.id).at(-1);
	const draft = state.route.id !== chat.id && state.drafts[chat.id];
	const last = chat.last_message;

	if (writers.length)
		return html`<span class="preview writes">
		  ${chat.kind === "group" ? `${writers[0]} writes…` :
		    "writes…"}</span>`;
	if (waiting)
		return html`<span class="preview">
		  ${waiting.code ? "Not sent: " : "Sending: "}
		  ${waiting.text}</span>`;
	if (draft)
		return html`<span class="preview">Draft: ${draft}</span>`;
	if (!last)
		return html`<span class="preview">No messages yet</span>`;
	return html`<span class="preview">
	  ${authorOf(state, chat, last)}
	  ${last.deleted ? html`<em>deleted</em>` : last.text}</span>`;
}

function Row({ state, chat }) {
	const { route, userId } = state;
	const isOpen = route.id === chat.id;
	const last = chat.last_message;

	return html`
	  <li>
	    <a class="row" id="row-${chat.id}" href=${hashOf("chat", chat.id)}
	      aria-current=${isOpen ? "page" : undefined}>
	      <${ChatAvatar} state=${state} chat=${chat} />
	      <span class="name">${titleOf(chat, userId)}</span>
	      ${last && html`<time datetime=${last.sent_at}
	        title=${momentOf(last.sent_at)}>
	        ${briefly(last.sent_at)}</time>`}
	      <${Preview} state=${state} chat=${chat} />
	      ${chat.unread > 0 && html`<span class="badge">
	        ${chat.unread >= 1000 ? "999+" : chat.unread}
	        <span class="unseen"> unread</span></span>`}
	    </a>
	  </li>`;
}

export function ChatList({ state }) {
	const chats = chatsInOrder(state);

	if (!state.known.chats)
		return html`<${Loading} what="your chats" retry=${sync.retry}
		  error=${state.failed.chats} />`;
	if (!chats.length)
		return html`<${Empty} icon="chat" title="No chats yet">
		  Find somebody under <a href="#/people">People</a> and ask;
		  once they accept, you can talk.
		<//>`;
	return html`
	  <ul class="list" aria-label="Chats">
	    ${chats.map((chat) => html`<${Row} key=${chat.id}
	      state=${state} chat=${chat} />`)}
	  </ul>`;
}
