/*
 * serve.cjs PEM - web-push-testing over TLS on a free port of 127.0.0.1.
 *
 * Prints the port.  The file has the key and its certificate.  It runs where
 * its packages are: in build/webpush.
 */
const fs = require("fs");
const https = require("https");
const packages = require("module").createRequire(process.cwd() + "/");

const { PushApiModel } = packages("web-push-testing/src/PushApiModel.js");
const Server = packages("web-push-testing/src/server.js");

const pem = fs.readFileSync(process.argv[2]);
const model = new PushApiModel();
const server = new Server(model, 0);
const listener = https.createServer({ key: pem, cert: pem }, server._app);

server.setRequestHandlers();
listener.listen(0, "127.0.0.1", () => {
	const { port } = listener.address();

	model.notifyUrl = `https://localhost:${port}/notify/`;
	console.log(port);
});
