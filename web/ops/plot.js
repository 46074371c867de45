/* plot.js - lines over the last five minutes, drawn by uPlot. */
import { Component, createRef, html } from "../html.js";
import uPlot from "../lib/uPlot.esm.js";
import { KEPT_S } from "./history.js";

const HEIGHT = 160;

const dark = matchMedia("(prefers-color-scheme: dark)");

/* A colour of base.css or ops.css as it is now. */
const colour = (name) =>
	getComputedStyle(document.documentElement).getPropertyValue(name);

function axis(more = {}) {
	return { stroke: colour("--soft"), font: "12px system-ui", size: 44,
		 grid: { stroke: colour("--line"), width: 1 },
		 ticks: { stroke: colour("--line"), width: 1 }, ...more };
}

/* lines: [{label, colour, of: row => number or null}]. */
function options(lines, width, show) {
	return {
		width,
		height: HEIGHT,
		cursor: { drag: { x: false, y: false } },
		scales: {
			x: { range: (_, __, last) => [last - KEPT_S, last] },
			y: { range: (_, __, most) =>
				[0, Math.max(1, most * 1.1)] },
		},
		axes: [axis({ size: 30, space: 60, values: "{HH}:{mm}" }),
		       axis()],
		series: [{ value: "{HH}:{mm}:{ss}" }, ...lines.map((line) => ({
			label: line.label,
			stroke: colour(line.colour),
			width: 2,
			points: { show: false },
			value: (_, value) => value === null ||
				value === undefined ? "–" : show(value),
		}))],
	};
}

const columns = (lines, samples) => [
	samples.map((row) => row.at_s),
	...lines.map((line) => samples.map(line.of)),
];

/* show(number) is its text. */
export class Plot extends Component {
	place = createRef();

	componentDidMount() {
		this.draw();
		this.resized = new ResizeObserver(([{ contentRect }]) =>
			this.plot.setSize({ width: contentRect.width,
					    height: HEIGHT }));
		this.resized.observe(this.place.current);
		dark.addEventListener("change", this.redraw);
	}

	componentDidUpdate() {
		const { lines, samples } = this.props;

		this.plot.setData(columns(lines, samples));
		this.tell();
	}

	componentWillUnmount() {
		dark.removeEventListener("change", this.redraw);
		this.resized.disconnect();
		this.plot.destroy();
	}

	draw() {
		const { lines, samples, show } = this.props;
		const place = this.place.current;

		this.plot = new uPlot(
			options(lines, place.clientWidth, show),
			columns(lines, samples), place);
		this.tell();
	}

	/* The newest values, unless others are pointed at. */
	tell() {
		const idx = this.props.samples.length - 1;

		if (this.plot.cursor.left < 0)
			this.plot.setLegend({ idx });
	}

	redraw = () => {
		this.plot.destroy();
		this.draw();
	};

	/* What the last of the lines' points say, for who does not see them. */
	text() {
		const { title, lines, samples, show } = this.props;
		const last = samples.at(-1);

		return `${title}: ` + lines.map((line) => {
			const value = line.of(last);

			return `${line.label} ${value === null ? "none" :
				show(value)}`;
		}).join(", ");
	}

	render({ title }) {
		return html`
		  <figure>
		    <figcaption>${title}</figcaption>
		    <div class="plot" ref=${this.place} role="img"
		      aria-label=${this.text()}></div>
		  </figure>`;
	}
}
