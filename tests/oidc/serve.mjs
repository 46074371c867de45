// An OpenID provider on a port of its own, which it prints.  Anybody signs in
// by a name, whose address is NAME@example.org; what is in it is not verified
// if the name begins with "un".
import http from "node:http";
import { pathToFileURL } from "node:url";

const { default: Provider } = await import(pathToFileURL(
	"node_modules/oidc-provider/lib/index.js"));

const client = (id, more) => ({
	client_id: id, client_secret: `${id}'s secret: + and %`,
	redirect_uris: ["https://kith.example/one", "https://kith.example/two",
			`${process.env.KITH_URL}/`],
	...more,
});

const findAccount = (_, id) => ({
	accountId: id,
	claims: () => ({
		sub: id, email: `${id}@example.org`,
		email_verified: !id.startsWith("un"),
	}),
});

const server = http.createServer();
server.listen(0, "127.0.0.1", () => {
	const issuer = `http://127.0.0.1:${server.address().port}`;
	const provider = new Provider(issuer, {
		clients: [
			client("kith"), client("other"),
			client("elliptic", { id_token_signed_response_alg: "ES256",
				token_endpoint_auth_method: "client_secret_post" }),
		],
		jwks: { keys: JSON.parse(process.argv[2]) },
		claims: { openid: ["sub"], email: ["email", "email_verified"] },
		enabledJWA: { idTokenSigningAlgValues: ["RS256", "ES256"] },
		pkce: { required: () => true },
		cookies: { keys: ["of the tests"] },
		features: { devInteractions: { enabled: true } },
		findAccount,
	});

	server.on("request", provider.callback());
	console.log(issuer);
});
