/*
 * history.js - what was said, oldest first.
 *
 * It stays at the end while new messages come, stays where one reads when
 * older ones come above, and what is seen at the end counts as read.
 */
import * as actions from "../actions.js";
import { Component, createRef, html } from "../html.js";
import { memberOf } from "../state/chats.js";
import { firstSeq, lastSeq } from "../state/history.js";
import { markOf, userIn } from "../state/names.js";
import { pendingOf } from "../state/outbox.js";
import { Message, Pending } from "./message.js";
import { Icon } from "./parts.js";
import { dayOf } from "./time.js";

/* In pixels: how near the end is at it, and the beginning asks for more. */
const END = 48;
const BEGINNING = 400;

/* Messages of one person within so long belong together. */
const TOGETHER_MS = 5 * 60000;

function isHead(message, before) {
	return !before || before.sender_id !== message.sender_id ||
		new Date(message.sent_at) - new Date(before.sent_at) >
			TOGETHER_MS ||
		dayOf(before.sent_at) !== dayOf(message.sent_at);
}

const Divider = ({ className, children }) => html`
  <li class="divider ${className}"><span>${children}</span></li>`;

export class History extends Component {
	state = { active: null, isAtEnd: true, isLoading: false };
	box = createRef();

	/* What was unread on coming here is marked as long as one stays. */
	readBefore = this.props.chat.unread ?
		memberOf(this.props.chat, this.props.state.userId)?.read_seq :
		Infinity;

	componentDidMount() {
		const unread = this.box.current.querySelector(".divider.new");

		if (unread)
			unread.scrollIntoView({ block: "center" });
		else
			this.toEnd();
		this.observer = new ResizeObserver(() => {
			if (this.state.isAtEnd)
				this.toEnd();
		});
		this.observer.observe(this.box.current);
		addEventListener("focus", this.look);
		document.addEventListener("visibilitychange", this.look);
		this.scroll();
	}

	componentWillUnmount() {
		this.observer.disconnect();
		removeEventListener("focus", this.look);
		document.removeEventListener("visibilitychange", this.look);
	}

	getSnapshotBeforeUpdate() {
		const box = this.box.current;

		return { isAtEnd: this.isAtEnd(),
			 belowTop: box.scrollHeight - box.scrollTop };
	}

	componentDidUpdate(before, _, { isAtEnd, belowTop }) {
		const box = this.box.current;
		const wrote = this.props.state.outbox.length >
			before.state.outbox.length;

		if (firstSeq(this.props.history) < firstSeq(before.history))
			box.scrollTop = box.scrollHeight - belowTop;
		else if (isAtEnd || wrote)
			this.toEnd();
		this.look();
	}

	isAtEnd() {
		const box = this.box.current;

		const below = box.scrollHeight - box.scrollTop;

		return below - box.clientHeight < END;
	}

	toEnd = () => {
		this.box.current.scrollTop = this.box.current.scrollHeight;
	};

	/* Read is what stands at the end while somebody looks. */
	look = () => {
		if (this.isAtEnd() && !document.hidden && document.hasFocus())
			actions.markRead(this.props.chat.id);
	};

	scroll = () => {
		const isAtEnd = this.isAtEnd();

		if (isAtEnd !== this.state.isAtEnd)
			this.setState({ isAtEnd });
		if (this.box.current.scrollTop < BEGINNING)
			this.older();
		this.look();
	};

	/* Where more than a page is seen, the next one is asked for at once. */
	older = async () => {
		const { chat, history } = this.props;

		if (!history.before || this.state.isLoading)
			return;
		this.setState({ isLoading: true });
		const worked = await actions.loadOlder(chat.id);

		this.setState({ isLoading: false });
		if (worked && this.box.current?.scrollTop === 0)
			this.older();
	};

	/* Arrows walk through the messages. */
	keyDown = (event) => {
		const { items } = this.props.history;
		const seq = Number(event.target.dataset.seq);
		const to = {
			ArrowUp: seq - 1,
			ArrowDown: seq + 1,
			Home: items[0]?.seq,
			End: items.at(-1)?.seq,
		}[event.key];
		const next = to && document.getElementById(`message-${to}`);

		if (!seq || !next)
			return;
		event.preventDefault();
		next.focus();
	};

	focusIn = (event) => {
		const message = event.target.closest("[data-seq]");
		const seq = Number(message?.dataset.seq);

		if (seq && seq !== this.state.active)
			this.setState({ active: seq });
	};

	dividers(message, before) {
		const { userId } = this.props.state;
		const isNew = message.seq > this.readBefore &&
			!(before?.seq > this.readBefore) &&
			message.sender_id !== userId;

		return [
			(!before || dayOf(before.sent_at) !==
				dayOf(message.sent_at)) && html`
				<${Divider} key="day-${message.seq}">
				  ${dayOf(message.sent_at)}<//>`,
			isNew && html`
			  <${Divider} key="new" className="new">New<//>`,
		];
	}

	/* A flat list: keys tell apart only what stands in the same one. */
	message = (message, index, items) => {
		const { state, chat, onEdit, onErase } = this.props;
		const before = items[index - 1];
		const isOwn = message.sender_id === state.userId;
		const head = isHead(message, before);
		const active = this.state.active ?? lastSeq(this.props.history);
		const sender = userIn(chat, message.sender_id) ??
			{ id: message.sender_id };

		return [
			...this.dividers(message, before),
			html`<${Message} key=${message.client_id}
			  message=${message} isHead=${head}
			  active=${message.seq === active}
			  mark=${isOwn ?
			    markOf(chat, message.seq, state.userId) : null}
			  sender=${head && !isOwn && chat.kind === "group" ?
			    sender : null}
			  onEdit=${onEdit} onErase=${onErase} />`,
		];
	};

	/* Beside what is scrolled, whose height it must not change. */
	latest({ unread }) {
		return html`
		  <button type="button" class="round latest"
		    aria-label="To the latest message" onClick=${this.toEnd}>
		    <${Icon} name="down" />
		    ${unread > 0 && html`<span class="badge">${unread}</span>`}
		  </button>`;
	}

	render({ state, chat, history }, { isAtEnd, isLoading }) {
		const pending = pendingOf(state, chat.id);
		const { items } = history;

		return html`
		  <div class="said">
		    <div class="history" ref=${this.box}
		      onScroll=${this.scroll}>
		      ${history.before && html`
		        <button type="button" class="link earlier"
		          disabled=${isLoading} onClick=${this.older}>
		          ${isLoading ? "Loading…" : "Earlier messages"}
		        </button>`}
		      ${!items.length && !pending.length && html`
		        <p class="note">Nothing was said yet. Say hello.</p>`}
		      <ol aria-label="Messages" onKeyDown=${this.keyDown}
		        onFocusIn=${this.focusIn}>
		        ${items.flatMap(this.message)}
		        ${pending.map((entry, i) => html`
		          <${Pending} key=${entry.client_id}
		            entry=${entry} isHead=${i === 0} />`)}
		      </ol>
		    </div>
		    ${!isAtEnd && this.latest(chat)}
		  </div>`;
	}
}
