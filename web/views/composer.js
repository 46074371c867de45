/* composer.js - writing a message, or writing one anew. */
import * as actions from "../actions.js";
import { Component, createRef, html } from "../html.js";
import { store } from "../page.js";
import { titleOf } from "../state/names.js";
import { draftChanged } from "../state/outbox.js";
import { Icon } from "./parts.js";

/* Code points, as Kith counts them. */
const MAX_LENGTH = 4096;
const NEARLY = 3900;

/* The last message of one's own that can still be edited. */
const lastOwn = ({ histories, userId }, chatId) =>
	histories[chatId]?.items.findLast((message) =>
		message.sender_id === userId && !message.deleted);

export class Composer extends Component {
	state = { text: this.draft() };
	input = createRef();

	/* What was begun in a chat is there when one comes back. */
	draft() {
		const { state, chat } = this.props;

		return state.drafts[chat.id] ?? "";
	}

	/* Where a keyboard would cover half the screen it is not called for. */
	componentDidMount() {
		this.fit();
		if (matchMedia("(pointer: fine)").matches)
			this.input.current.focus();
	}

	componentDidUpdate({ editing: before }, { text }) {
		const { editing } = this.props;

		if (editing !== before) {
			this.setState({ text: editing?.text ?? this.draft() });
			this.input.current.focus();
		}
		if (text !== this.state.text)
			this.fit();
	}

	/* As high as the text, up to what the style allows. */
	fit() {
		const { style } = this.input.current;

		style.height = "auto";
		style.height = `${this.input.current.scrollHeight}px`;
	}

	change = (event) => {
		const { editing, chat } = this.props;
		const text = event.target.value;

		this.setState({ text });
		if (editing)
			return;
		store.apply(draftChanged, chat.id, text);
		if (text.trim())
			actions.tellTyping(chat.id);
	};

	/* A message that became empty is not deleted by that. */
	submit = async (event) => {
		event?.preventDefault();
		const { editing, onEdit, chat } = this.props;
		const text = this.state.text.trim();

		if (!text || [...text].length > MAX_LENGTH)
			return;
		if (!editing) {
			this.setState({ text: "" });
			store.apply(draftChanged, chat.id, "");
			actions.send(chat.id, text);
		} else if (text === editing.text ||
			   await actions.edit(editing, text)) {
			onEdit(null);
		}
		this.input.current?.focus();
	};

	/* Enter that ends a word in an input method is none of ours. */
	keyDown = (event) => {
		const { state, chat, editing, onEdit } = this.props;

		if (event.key === "Enter" && !event.shiftKey &&
		    !event.isComposing) {
			this.submit(event);
		} else if (event.key === "Escape" && editing) {
			event.preventDefault();
			onEdit(null);
		} else if (event.key === "ArrowUp" && !this.state.text) {
			event.preventDefault();
			onEdit(lastOwn(state, chat.id) ?? null);
		}
	};

	render({ state, chat, editing, onEdit }, { text }) {
		const length = [...text].length;
		const label = editing ? "Change your message" :
			`Write to ${titleOf(chat, state.userId)}`;

		return html`
		  <form class="composer" onSubmit=${this.submit}>
		    ${editing && html`<p class="editing">
		      <${Icon} name="edit" /> You change a message
		      <button type="button" class="round"
		        aria-label="Leave it as it is"
		        onClick=${() => onEdit(null)}>
		        <${Icon} name="close" /></button>
		    </p>`}
		    <label class="unseen" for="composer">${label}</label>
		    <textarea id="composer" ref=${this.input} rows="1"
		      placeholder=${label} value=${text}
		      autocomplete="off" enterkeyhint="send"
		      aria-invalid=${length > MAX_LENGTH ? "true" :
		        undefined}
		      onInput=${this.change}
		      onKeyDown=${this.keyDown}></textarea>
		    <button class="send" disabled=${!text.trim() ||
		        length > MAX_LENGTH}
		      aria-label=${editing ? "Save" : "Send"}>
		      <${Icon} name=${editing ? "check" : "send"} />
		    </button>
		    ${length > NEARLY && html`<p class="count ${
		      length > MAX_LENGTH ? "problem" : ""}"
		      role="status">${length} of ${MAX_LENGTH}</p>`}
		  </form>`;
	}
}
