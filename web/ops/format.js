/* format.js - numbers as operators read them.  "–" is what there is none of. */

const NONE = "–";

const number = (value, digits) => value.toLocaleString("en",
	{ maximumFractionDigits: digits });

export function rate(value) {
	if (value === null)
		return NONE;
	return number(value, value < 10 ? 1 : 0);
}

export function ms(value) {
	if (value === null)
		return NONE;
	return value < 1000 ? `${number(value, value < 10 ? 1 : 0)} ms` :
		`${number(value / 1000, 1)} s`;
}

export const count = (value) => number(value, 0);

export const megabytes = (bytes) => bytes === null ? NONE :
	`${number(bytes / 1048576, 0)} MB`;

export const range = ({ min, max }) => min === max ? `${min}` :
	`${min}..${max}`;

export const none = NONE;
