/* profile.js - one's own name, words and picture, and logging out. */
import * as actions from "../actions.js";
import * as api from "../api.js";
import { Component, createRef, html } from "../html.js";
import { store } from "../page.js";
import { sentence } from "../problems.js";
import { meArrived } from "../store.js";
import { Field, Form } from "./form.js";
import { Back, Confirm, Loading, UserAvatar } from "./parts.js";

const MAX_BYTES = 5 << 20;
const TOO_LARGE = "The picture is larger than 5 MB.";

/* The picture of the profile: shown, chosen, removed. */
class Picture extends Component {
	state = { isBusy: false, problem: "" };
	input = createRef();

	choose = async (event) => {
		const [file] = event.target.files;

		event.target.value = "";
		if (file?.size > MAX_BYTES)
			this.setState({ problem: TOO_LARGE });
		else if (file)
			await this.change(() => api.postAvatar(file));
	};

	remove = () => this.change(() => {
		const { nickname, about } = this.props.me;

		return api.putMe({ nickname, about, avatar: null });
	});

	async change(work) {
		this.setState({ isBusy: true, problem: "" });
		try {
			await work();
			await this.props.reload();
		} catch (error) {
			this.setState({ problem: sentence(error) });
		}
		this.setState({ isBusy: false });
	}

	render({ me }, { isBusy, problem }) {
		return html`
		  <div class="portrait">
		    <${UserAvatar} user=${me} size="huge" />
		    <div class="buttons">
		      <button type="button" class="button quiet"
		        disabled=${isBusy}
		        onClick=${() => this.input.current.click()}>
		        ${isBusy ? "One moment…" : "Change picture"}
		      </button>
		      ${me.avatar && html`<button type="button"
		        class="button quiet" disabled=${isBusy}
		        onClick=${this.remove}>Remove</button>`}
		    </div>
		    <input ref=${this.input} type="file" hidden
		      aria-label="Picture" onChange=${this.choose}
		      accept="image/jpeg,image/png,image/webp" />
		    <p class="problem" role="alert">${problem}</p>
		  </div>`;
	}
}

function Words({ me, save }) {
	const send = ({ nickname, about }) => save({
		nickname: nickname.trim() || null,
		about: about.trim() || null,
		avatar: me.avatar,
	});

	return html`
	  <${Form} label="Your profile" action="Save" send=${send}>
	    ${(problems) => html`
	      <${Field} label="Name" name="nickname"
	        defaultValue=${me.nickname ?? ""} maxlength="128"
	        autocomplete="nickname" problem=${problems.nickname} />
	      <div class="field">
	        <label for="about">About you</label>
	        <textarea id="about" name="about" rows="3" maxlength="1000"
	          defaultValue=${me.about ?? ""}
	          aria-describedby="about-problem"></textarea>
	        <p class="problem" id="about-problem">${problems.about}</p>
	      </div>`}
	  <//>`;
}

export class Profile extends Component {
	state = { me: null, etag: null, version: 0, error: null, asks: false };

	componentDidMount() {
		this.load();
	}

	take({ body, etag }) {
		this.setState({ me: body, etag, error: null });
		store.apply(meArrived, body);
	}

	load = async () => {
		try {
			this.take(await api.getMe());
		} catch (error) {
			this.setState({ error });
		}
	};

	/* What changed elsewhere is shown before it is overwritten. */
	save = async (profile) => {
		try {
			this.take(await api.putMe(profile, this.state.etag));
			actions.notify("Your profile is saved.");
		} catch (error) {
			if (error.status !== 412)
				throw error;
			await this.load();
			this.setState({ version: this.state.version + 1 });
			actions.notify(sentence(error), "error");
		}
	};

	leave = () => {
		const unsent = this.props.state.outbox.length;

		if (unsent && !this.state.asks)
			this.setState({ asks: true });
		else
			actions.logout();
	};

	render(_, { me, version, error, asks }) {
		return html`
		  <div class="screen">
		    <header class="bar">
		      <${Back} to="chats" label="Back to the chats" />
		      <h1>Your profile</h1>
		    </header>
		    ${!me && html`<${Loading} what="your profile"
		      error=${error} retry=${this.load} />`}
		    ${me && html`
		      <${Picture} me=${me} reload=${this.load} />
		      <${Words} key=${version} me=${me}
		        save=${this.save} />`}
		    <a href="#/account">Account and sign-in</a>
		    <a href="#/settings">Notification settings</a>
		    <button type="button" class="button danger quiet"
		      onClick=${this.leave}>Log out</button>
		    ${asks && html`<${Confirm} title="Log out now?"
		      yes="Log out" onYes=${this.leave}
		      onNo=${() => this.setState({ asks: false })}>
		      Some of your messages are not sent yet. They will
		      be gone.
		    <//>`}
		  </div>`;
	}
}
