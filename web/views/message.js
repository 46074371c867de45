/* message.js - one message, sent or waiting to be. */
import { outbox } from "../page.js";
import { Component, html } from "../html.js";
import { SENTENCES } from "../problems.js";
import { nameOf } from "../state/names.js";
import { Icon, UserAvatar } from "./parts.js";
import { momentOf, timeOf } from "./time.js";

const MARKS = {
	waiting: ["clock", "Waiting"],
	sent: ["check", "Sent"],
	received: ["checks", "Received"],
	read: ["checks", "Read"],
};

const Mark = ({ mark }) => html`
  <span class="mark ${mark}" title=${MARKS[mark][1]}>
    <${Icon} name=${MARKS[mark][0]} />
    <span class="unseen">${MARKS[mark][1]}</span>
  </span>`;

const Text = ({ deleted, text }) => deleted ?
	html`<p class="text"><em>Deleted</em></p>` :
	html`<p class="text" dir="auto">${text}</p>`;

/*
 * Of the messages only the active one is on the way of the Tab key.  mark is
 * null for those of others; sender is given where its name has to be told.
 */
export class Message extends Component {
	shouldComponentUpdate(next) {
		return Object.keys(next)
			.some((key) => next[key] !== this.props[key]);
	}

	buttons({ message, active, onEdit, onErase }) {
		const tabindex = active ? 0 : -1;

		return html`
		  <span class="actions">
		    <button type="button" class="round" tabindex=${tabindex}
		      aria-label="Edit" title="Edit"
		      onClick=${() => onEdit(message)}>
		      <${Icon} name="edit" /></button>
		    <button type="button" class="round" tabindex=${tabindex}
		      aria-label="Delete" title="Delete"
		      onClick=${() => onErase(message)}>
		      <${Icon} name="trash" /></button>
		  </span>`;
	}

	render(props) {
		const { message, mark, sender, isHead, active } = props;

		return html`
		  <li class="message ${mark ? "own" : ""}
		    ${isHead ? "head" : ""}"
		    id="message-${message.seq}" data-seq=${message.seq}
		    tabindex=${active ? 0 : -1}>
		    ${sender && html`<${UserAvatar} user=${sender}
		      size="small" />`}
		    <div class="bubble">
		      ${sender && html`<p class="sender">
		        ${nameOf(sender)}</p>`}
		      <${Text} ...${message} />
		      <p class="meta">
		        ${message.edited_at && !message.deleted &&
		          "edited "}
		        <time datetime=${message.sent_at}
		          title=${momentOf(message.sent_at)}>
		          ${timeOf(message.sent_at)}</time>
		        ${mark && html`<${Mark} mark=${mark} />`}
		      </p>
		    </div>
		    ${mark && !message.deleted && this.buttons(props)}
		  </li>`;
	}
}

/* An entry of the outbox; it has no seq, since Kith does not know it yet. */
export const Pending = ({ entry, isHead }) => html`
  <li class="message own ${isHead ? "head" : ""} ${
    entry.code ? "refused" : "pending"}">
    <div class="bubble">
      <${Text} ...${entry} />
      <p class="meta">
        ${entry.code ? html`<span class="unseen">Not sent</span>` :
          html`<${Mark} mark="waiting" />`}
      </p>
    </div>
    ${entry.code && html`
      <p class="refusal">
        <${Icon} name="alert" /> Not sent.${" "}
        ${SENTENCES[entry.code] ?? ""}
        <button type="button" class="link"
          onClick=${() => outbox.retry(entry)}>
          Try again</button>
        <button type="button" class="link"
          onClick=${() => outbox.drop(entry.client_id)}>
          Discard</button>
      </p>`}
  </li>`;
