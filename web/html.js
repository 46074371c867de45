/* html.js - Preact with templates instead of JSX, so nothing is compiled. */
import { h } from "./lib/preact.mjs";
import htm from "./lib/htm.module.js";

export { Component, createRef, render } from "./lib/preact.mjs";

/* A template's values become text or attributes, never markup. */
export const html = htm.bind(h);
