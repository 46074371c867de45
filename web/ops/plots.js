/* plots.js - which lines tell how a function fares. */
import { html } from "../html.js";
import { count, ms, rate } from "./format.js";
import { Plot } from "./plot.js";

const line = (label, member, colour) =>
	({ label, colour, of: (row) => row[member] });

const WORKERS = {
	title: "Threads and workers", show: count,
	lines: [line("busy", "busy", "--accent"),
		line("threads", "threads", "--soft"),
		line("workers", "ready", "--blue")],
};

const OF_REQUESTS = [{
	title: "Requests a second", show: rate,
	lines: [line("answered", "good_s", "--accent"),
		line("refused (4xx)", "refused_s", "--amber"),
		line("failed (5xx)", "errors_s", "--danger")],
}, {
	title: "Latency", show: ms,
	lines: [line("p50", "p50_ms", "--accent"),
		line("p99", "p99_ms", "--amber")],
}, WORKERS, {
	title: "Trouble a second", show: rate,
	lines: [line("failed (5xx)", "errors_s", "--danger"),
		line("shed", "shed_s", "--amber"),
		line("slow", "slow_s", "--blue"),
		line("restarts", "restarts_s", "--soft")],
}];

const OF_EVENTS = [{
	title: "Events a second", show: rate,
	lines: [line("consumed", "consumed_s", "--accent"),
		line("published", "published_s", "--blue"),
		line("given up", "dead_s", "--danger")],
}, {
	title: "Lag", show: count,
	lines: [line("events that wait", "lag", "--amber")],
}, WORKERS];

/* Workers and relay have no threads that answer requests. */
export const Plots = ({ row, samples }) => html`
  <div class="plots">
    ${(/(^relay|-worker)$/.test(row.name) ? OF_EVENTS : OF_REQUESTS)
      .map((plot) => html`
        <${Plot} key=${plot.title} samples=${samples} ...${plot} />`)}
  </div>`;
