/* detail.js - one function: how it fares, its workers, and its releases. */
import { Component, createRef, html } from "../html.js";
import { sentence } from "../problems.js";
import { Field, Form } from "../views/form.js";
import { Confirm, Loading } from "../views/parts.js";
import * as api from "./api.js";
import { count, range } from "./format.js";
import { Plots } from "./plots.js";

const clock = new Intl.DateTimeFormat("en", { dateStyle: "medium",
					      timeStyle: "medium" });

const MEANINGS = {
	not_found: "It is not kept any more.",
	unavailable: "The operator did not answer in time, or is away. It may " +
		"have been done: see the table.",
};

/* What came of an act; output: fn's lines. */
const Outcome = ({ text, output, isBad }) => html`
  <div class="outcome" role=${isBad ? "alert" : "status"}>
    ${text && html`<p class=${isBad ? "problem" : ""}>${text}</p>`}
    ${output && html`<pre>${output}</pre>`}
  </div>`;

const Facts = ({ row }) => html`
  <dl>
    <div><dt>State</dt><dd>${row.state}</dd></div>
    <div><dt>Generation</dt><dd>${row.generation}</dd></div>
    <div><dt>Workers</dt><dd>${row.ready} of ${row.wanted}</dd></div>
    <div><dt>Slow</dt><dd>${count(row.slow)}</dd></div>
    <div><dt>Shed</dt><dd>${count(row.shed)}</dd></div>
    <div><dt>Replaced</dt><dd>${Object.entries(row.restarts)
      .filter(([, n]) => n > 0).map(([why, n]) => `${n} ${why}`)
      .join(", ") || "none"}</dd></div>
    ${row.streams > 0 && html`
      <div><dt>Streams</dt><dd>${count(row.streams)}</dd></div>`}
  </dl>`;

const Release = ({ release, mayAct, onChoose }) => html`
  <li>
    <span class="version">${release.version}</span>
    <span class="note">
      ${release.made_at && clock.format(new Date(release.made_at))}
      ${release.serves ? " · serves" : release.previous ? " · before" : ""}
    </span>
    ${mayAct && !release.serves && html`
      <button type="button" class="button quiet" onClick=${onChoose}>
        Roll back<span class="unseen"> to ${release.version}</span>
      </button>`}
  </li>`;

export class Detail extends Component {
	/* chosen: the release that is asked about. */
	state = { releases: null, error: null, chosen: null, outcome: {},
		  isActing: false };

	heading = createRef();
	mayAct = api.mayAct();

	componentDidMount() {
		this.heading.current.focus();
		this.load();
	}

	/* Somebody else may have deployed. */
	componentDidUpdate({ row }) {
		if (row.release !== this.props.row.release)
			this.load();
	}

	load = async () => {
		this.setState({ error: null });
		try {
			const { name } = this.props.row;

			this.setState({
				releases: (await api.releases(name)).items });
		} catch (error) {
			this.setState({ error });
		}
	};

	/* Says what comes of it; throws what a field is wrong for. */
	act = async (said, doing) => {
		this.setState({ isActing: true,
				outcome: { text: "One moment…" } });
		try {
			const { output } = await doing();

			this.setState({ outcome: { text: said, output } });
		} catch (error) {
			const isOfField = error.errors?.length > 0;

			this.setState({ outcome: isOfField ? {} : {
				text: sentence(error, MEANINGS),
				output: error.detail,
				isBad: true } });
			if (isOfField)
				throw error;
		} finally {
			this.setState({ isActing: false });
		}
		this.load();
	};

	scale = ({ workers }) => this.act(`Scaled to ${workers}.`, () =>
		api.scale(this.props.row.name, workers.trim()));

	rollBack = () => {
		const { chosen } = this.state;

		this.setState({ chosen: null });
		this.act(`${chosen} serves.`, () =>
			api.rollback(this.props.row.name, chosen));
	};

	forget = () => this.setState({ chosen: null });

	scaling(row) {
		return html`
		  <${Form} label="Scale" action="Scale" send=${this.scale}>
		    ${(problems) => html`
		      <${Field} label="Workers" name="workers" required
		        defaultValue=${range(row)} maxlength="6"
		        autocomplete="off" problem=${problems.workers}
		        hint="So many, or as many as the load needs: 1..8" />`}
		  <//>`;
	}

	question({ name, release }, chosen) {
		return html`
		  <${Confirm} title="Roll ${name} back?" yes="Roll back"
		    onYes=${this.rollBack} onNo=${this.forget}>
		    Release ${chosen} starts beside ${release}, and serves in
		    its place once it is ready. If it fails, ${release} goes
		    on. No request is lost either way.
		  <//>`;
	}

	releases(state) {
		if (!state.releases)
			return html`<${Loading} what="releases"
			  error=${state.error} retry=${this.load} />`;
		return html`
		  <ul class="releases">
		    ${state.releases.map((release) => html`
		      <${Release} key=${release.version} release=${release}
		        mayAct=${this.mayAct && !state.isActing}
		        onChoose=${() =>
		          this.setState({ chosen: release.version })} />`)}
		  </ul>`;
	}

	render({ row, samples }, state) {
		return html`
		  <section class="detail" aria-labelledby="detail">
		    <p><a href="#">All functions</a></p>
		    <h2 id="detail" tabindex="-1" ref=${this.heading}>
		      ${row.name}</h2>
		    <${Facts} row=${row} />
		    <${Plots} row=${row} samples=${samples} />
		    <${Outcome} ...${state.outcome} />
		    ${this.mayAct ? this.scaling(row) : html`
		      <p class="note">This token lets you look only.</p>`}
		    <h3>Releases</h3>
		    ${this.releases(state)}
		    ${state.chosen && this.question(row, state.chosen)}
		  </section>`;
	}
}
