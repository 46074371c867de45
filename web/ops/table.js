/* table.js - all functions, a row each. */
import { Component, html } from "../html.js";
import { count, megabytes, ms, none, range, rate } from "./format.js";
import { level, wrong } from "./history.js";

/* sort: by what; text beside numbers is on the left. */
const COLUMNS = [
	{ id: "name", title: "Function", isText: true,
	  sort: (row) => row.name },
	{ id: "state", title: "State", sort: (row) => row.state, isText: true,
	  show: (row) => row.state },
	{ id: "release", title: "Release", sort: (row) => row.release ?? "",
	  isText: true, show: (row) => row.release ?? none },
	{ id: "generation", title: "Gen.", sort: (row) => row.generation,
	  show: (row) => row.generation },
	{ id: "workers", title: "Workers", sort: (row) => row.ready,
	  show: (row) => `${row.ready}/${row.wanted} of ${range(row)}` },
	{ id: "busy", title: "Busy", sort: (row) => row.busy,
	  show: (row) => row.threads ? `${row.busy}/${row.threads}` : none },
	{ id: "requests", title: "Requests/s", sort: (row) => row.requests_s,
	  show: (row) => rate(row.requests_s) },
	{ id: "errors", title: "Errors/s", sort: (row) => row.errors_s,
	  show: (row) => rate(row.errors_s) },
	{ id: "p50", title: "p50", sort: (row) => row.p50_ms,
	  show: (row) => ms(row.p50_ms) },
	{ id: "p99", title: "p99", sort: (row) => row.p99_ms,
	  show: (row) => ms(row.p99_ms) },
	{ id: "queue", title: "Queue", sort: (row) => row.queue_age_ms,
	  show: (row) => ms(row.queue_age_ms) },
	{ id: "lag", title: "Lag", sort: (row) => row.lag,
	  show: (row) => count(row.lag) },
	{ id: "memory", title: "Memory", sort: (row) => row.memory_bytes,
	  show: (row) => megabytes(row.memory_bytes) },
];

const LEVELS = { bad: "something is wrong", warn: "look at this" };

const kind = ({ isText }) => isText ? "" : "number";

const Mark = ({ level }) => level && html`
  <span class="unseen"> (${LEVELS[level]})</span>`;

function Row({ row, isChosen }) {
	const found = wrong(row);

	return html`
	  <tr class=${level(row)}>
	    <th scope="row">
	      <a href="#${row.name}"
	        aria-current=${isChosen ? "true" : undefined}>${row.name}</a>
	      <${Mark} level=${level(row)} />
	    </th>
	    ${COLUMNS.slice(1).map((column) => html`
	      <td key=${column.id}
	        class="${kind(column)} ${found[column.id] ?? ""}">
	        ${column.show(row)}<${Mark} level=${found[column.id]} />
	      </td>`)}
	  </tr>`;
}

export class Table extends Component {
	state = { by: COLUMNS[0], isDown: false };

	/* Names begin with the first, numbers with the greatest. */
	turn(column) {
		const { by, isDown } = this.state;

		this.setState({ by: column, isDown: column === by ? !isDown :
			!column.isText });
	}

	sorted(rows, { by, isDown }) {
		const compare = (a, b) => {
			const [x, y] = [by.sort(a) ?? -1, by.sort(b) ?? -1];

			return x < y ? -1 : x > y ? 1 :
				a.name.localeCompare(b.name);
		};
		const list = [...rows].sort(compare);

		return isDown ? list.reverse() : list;
	}

	head(column, { by, isDown }) {
		const sort = column !== by ? undefined :
			isDown ? "descending" : "ascending";

		return html`
		  <th key=${column.id} scope="col" aria-sort=${sort}
		    class=${kind(column)}>
		    <button type="button" onClick=${() => this.turn(column)}>
		      ${column.title}</button>
		  </th>`;
	}

	render({ rows, chosen }, state) {
		return html`
		  <section class="table" tabindex="0" aria-label="Functions">
		    <table>
		      <thead><tr>
		        ${COLUMNS.map((column) => this.head(column, state))}
		      </tr></thead>
		      <tbody>
		        ${this.sorted(rows, state).map((row) => html`
		          <${Row} key=${row.name} row=${row}
		            isChosen=${row.name === chosen} />`)}
		      </tbody>
		    </table>
		  </section>`;
	}
}
