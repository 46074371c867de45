// asyncapi.mjs FILE - lint an AsyncAPI document.  The parser does not look at
// examples in version 3, so each message's are held against its schemas here.
import Ajv from "ajv";
import formats from "ajv-formats";
import { DiagnosticSeverity, Parser, fromFile } from "@asyncapi/parser";

const file = process.argv[2];
const { document, diagnostics } = await fromFile(new Parser(), file).parse();
const problems = diagnostics
	.filter((d) => d.severity <= DiagnosticSeverity.Warning)
	.map((d) => `${d.range.start.line + 1}: ${d.path.join("/")}: ${d.message}`);

const ajv = formats(new Ajv.default({ allErrors: true, strict: false }));

function hold(where, schema, value) {
	if (!ajv.validate(schema.json(), value))
		problems.push(`${where}: ${ajv.errorsText()}`);
}

for (const message of document?.allMessages() ?? []) {
	const examples = message.examples().all();

	if (examples.length === 0)
		problems.push(`${message.id()}: no example`);
	for (const example of examples) {
		const where = `${message.id()}, example ${example.name()}`;

		hold(`${where}, headers`, message.headers(), example.headers());
		hold(`${where}, payload`, message.payload(), example.payload());
	}
}

for (const problem of problems)
	console.error(`${file}: ${problem}`);
process.exit(problems.length === 0 ? 0 : 1);
