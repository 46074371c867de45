/* group.js - making a group, and its members. */
import * as actions from "../actions.js";
import { Component, html } from "../html.js";
import { randomId } from "../locks.js";
import { RULES, byMember, sentence } from "../problems.js";
import { hashOf } from "../route.js";
import { memberOf } from "../state/chats.js";
import { hasLeft, nameOf, peopleIn } from "../state/names.js";
import { Field } from "./form.js";
import { Back, Confirm, Empty, Loading, UserAvatar } from "./parts.js";

const Choice = ({ user }) => html`
  <li>
    <label class="row">
      <input type="checkbox" name="user" value=${user.id} />
      <${UserAvatar} user=${user} />
      <span class="name">${nameOf(user)}</span>
    </label>
  </li>`;

export class NewGroup extends Component {
	state = { problems: {}, general: "", isBusy: false };

	/* An attempt with the same people and title gets the same group. */
	key = randomId();

	change = () => {
		this.key = randomId();
	};

	submit = async (event) => {
		event.preventDefault();
		const form = new FormData(event.target);
		const title = form.get("title").trim();
		const userIds = form.getAll("user");
		const problems = {
			...!title && { title: RULES.required },
			...!userIds.length && { user_ids: RULES.too_few },
		};

		if (Object.keys(problems).length) {
			this.setState({ problems });
			return;
		}
		this.setState({ problems: {}, general: "", isBusy: true });
		try {
			await actions.createGroup(userIds, title, this.key);
		} catch (error) {
			const members = byMember(error);

			this.setState({
				isBusy: false,
				problems: members,
				general: Object.keys(members).length ? "" :
					sentence(error),
			});
		}
	};

	form(people, { problems, general, isBusy }) {
		return html`
		  <form onSubmit=${this.submit} onInput=${this.change}
		    novalidate>
		    ${general && html`
		      <p class="problem" role="alert">${general}</p>`}
		    <${Field} label="Title" name="title" maxlength="100"
		      autocomplete="off" problem=${problems.title} />
		    <fieldset>
		      <legend>Members</legend>
		      <p class="problem" role="alert">
		        ${problems.user_ids}</p>
		      <ul class="list">
		        ${people.map(({ user }) => html`
		          <${Choice} key=${user.id} user=${user} />`)}
		      </ul>
		    </fieldset>
		    <button class="button" disabled=${isBusy}>
		      ${isBusy ? "One moment…" : "Make the group"}
		    </button>
		  </form>`;
	}

	render({ state }, own) {
		const people = peopleIn(state, "accepted");

		return html`
		  <div class="screen">
		    <header class="bar">
		      <${Back} to="chats" label="Back to the chats" />
		      <h1>New group</h1>
		    </header>
		    ${people.length ? this.form(people, own) :
		      !state.known.people ?
		      html`<${Loading} what="the people you know" />` :
		      html`<${Empty} icon="people" title="Nobody to add yet">
		        A group is made of people who accepted you. Find
		        them under <a href="#/people">People</a>.
		      <//>`}
		  </div>`;
	}
}

function Member({ state, chat, member, isOwner, onAsk }) {
	const { user, role } = member;
	const isMe = user.id === state.userId;

	return html`
	  <li class="person">
	    <a class="row" href=${hasLeft(user) || isMe ? undefined :
	      hashOf("person", user.id)}>
	      <${UserAvatar} user=${user}
	        online=${state.presence[user.id]?.online} />
	      <span class="name">
	        ${nameOf(user)}${isMe && " (you)"}</span>
	      <span class="preview">
	        ${role === "owner" && "owner"}</span>
	    </a>
	    ${isOwner && !isMe && html`
	      <button type="button" class="button quiet"
	        aria-label="Remove ${nameOf(user)}"
	        onClick=${() => onAsk(user)}>Remove</button>`}
	  </li>`;
}

const Addable = ({ chat, user }) => html`
  <li class="person">
    <span class="row">
      <${UserAvatar} user=${user} />
      <span class="name">${nameOf(user)}</span>
    </span>
    <button type="button" class="button quiet"
      aria-label="Add ${nameOf(user)}"
      onClick=${() => actions.addMember(chat, user)}>Add</button>
  </li>`;

/* asks: the user to be removed, or "me" for leaving. */
export class Members extends Component {
	state = { asks: null };

	ask = (asks) => {
		this.setState({ asks });
	};

	answer = () => {
		const { state, id } = this.props;
		const { asks } = this.state;
		const chat = state.chats[id];

		if (asks === "me")
			actions.leave(chat);
		else
			actions.removeMember(chat, asks);
		this.ask(null);
	};

	question(chat, asks) {
		const [yes, whom, who] = asks === "me" ?
			["Leave", chat.title, "You"] :
			["Remove", nameOf(asks), "They"];

		return html`
		  <${Confirm} yes=${yes} title="${yes} ${whom}?"
		    onYes=${this.answer} onNo=${() => this.ask(null)}>
		    ${who} no longer see this chat.
		  <//>`;
	}

	lists(state, chat) {
		const isOwner = memberOf(chat, state.userId)?.role === "owner";
		const addable = peopleIn(state, "accepted")
			.filter(({ user }) => !memberOf(chat, user.id));

		return html`
		  <ul class="list" aria-label="Members">
		    ${chat.members.map((member) => html`
		      <${Member} key=${member.user.id} state=${state}
		        chat=${chat} member=${member}
		        isOwner=${isOwner} onAsk=${this.ask} />`)}
		  </ul>
		  ${isOwner && addable.length > 0 && html`
		    <h2>Add somebody</h2>
		    <ul class="list" aria-label="Who can be added">
		      ${addable.map(({ user }) => html`
		        <${Addable} key=${user.id} chat=${chat}
		          user=${user} />`)}
		    </ul>`}
		  <button type="button" class="button danger quiet"
		    onClick=${() => this.ask("me")}>Leave the group</button>`;
	}

	render({ state, id }, { asks }) {
		const chat = state.chats[id];

		return html`
		  <div class="screen">
		    <header class="bar">
		      <${Back} to="chat" id=${id} label="Back to the chat" />
		      <h1>${chat?.kind === "group" ? chat.title :
		        "Members"}</h1>
		    </header>
		    ${chat?.kind === "group" ? this.lists(state, chat) :
		      html`<${Empty} icon="people" title="No such group">
		        You are not a member of it, or it is gone.
		      <//>`}
		    ${asks && this.question(chat, asks)}
		  </div>`;
	}
}
