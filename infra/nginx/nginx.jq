# nginx.jq - nginx.conf from nginx.conf.in and the functions' descriptions.
#
#	jq -rn --slurpfile functions FILE --rawfile template nginx.conf.in \
#		--arg run DIR --arg public ADDRESS --arg internal ADDRESS \
#		--arg tls "ssl http2"|"" [--arg hosts "ADDRESS:PORT ..."] \
#		[--arg edge "ADDRESS|NETWORK ..."] -f nginx.jq
#
# FILE holds what each function prints with --describe.  A path that two
# functions claim is an error.  With hosts it is the configuration of an edge:
# requests go to the nginx of one of them.  Else the functions are here, and
# edge is whose word is taken for a client's address and a request's id.

def words($name): $ARGS.named[$name] // "" | [splits(" +") | select(. != "")];

def is_edge: words("hosts") != [];

def limit_zone($name; $rate):
	"\tlimit_req_zone $binary_remote_addr zone=\($name):1m rate=\($rate)r/s;";

# Connections are renewed so often that, under load, a new release gets some
# while it bakes beside the old one.
def upstream:
	if is_edge then empty else
	"unix:\($run)/\(.name).sock" as $socket |
	"\tupstream \(.name) {",
	"\t\tserver \"\($socket)\" max_fails=0;",
	"\t\tserver \"\($socket)\" max_fails=0 backup;",
	"\t\tkeepalive 64;",
	"\t\tkeepalive_time 100ms;",
	"\t\tkeepalive_timeout 3s;",
	"\t}"
	end,
	if .rate > 0 then
		limit_zone(.name; .rate),
		if any(.routes[]; .cached) then
			limit_zone("\(.name)_cached"; 10 * .rate)
		else empty end
	else empty end,
	"";

# One that can't be reached is left out at once, and tried again every 3 s; all
# are when none is left.  Each request has a connection of its own: on one that
# was kept, a request to a host that has gone would be lost, and one that could
# not connect goes to the next.  What was sent is sent again only if its method
# is idempotent.  Of the headers of a client only those that functions know go
# on, as from nginx to a function.
def edge_upstream:
	"\tupstream hosts {",
	"\t\tzone hosts 64k;",
	(words("hosts")[]
		| "\t\tserver \(.) max_fails=1 fail_timeout=3s;",
		  "\t\tserver \(.) max_fails=0 backup;"),
	"\t}",
	"\tproxy_http_version 1.1;",
	"\tproxy_connect_timeout 500ms;",
	"\tproxy_send_timeout 5s;",
	"\tproxy_next_upstream error timeout;",
	"\tproxy_next_upstream_tries 3;",
	"\tproxy_ignore_client_abort on;",
	"\tproxy_buffer_size 16k;",
	"\tproxy_buffers 16 8k;",
	"\tproxy_pass_request_headers off;",
	"\tproxy_set_header X-Forwarded-For $remote_addr;",
	"\tproxy_set_header X-Request-Id $id;",
	(("Content-Type", "Authorization", "Idempotency-Key", "If-Match",
	  "If-None-Match", "If-Modified-Since", "User-Agent", "Traceparent",
	  "Last-Event-ID")
		| "\tproxy_set_header \(.)"
		  + " $http_\(ascii_downcase | gsub("-"; "_"));"),
	(("X-Request-Id", "X-Content-Type-Options", "Referrer-Policy",
	  "Cross-Origin-Resource-Policy", "Content-Security-Policy")
		| "\tproxy_hide_header \(.);"),
	"";

# "= /plain", or a pattern where {id} and {seq} stand for one segment.
def match:
	if contains("{") then
		"~ \"^\(gsub("\\."; "\\.") | gsub("{(id|seq)}"; "[^/]+"))$\""
	else "= \(.)" end;

def is_live: any(.routes[]; .live);

# What is cached comes cheap, and a page asks for much of it at once.
def limit($function; $cached):
	(if $cached then {name: "\($function.name)_cached", times: 10}
	 else {name: $function.name, times: 1} end) as {$name, $times} |
	"\t\t\tlimit_req zone=\($name)"
	+ " burst=\(2 * $times * $function.rate) nodelay;";

# To the function here, or to a host, which gives up first.  A stream says
# something every 20 s.
def pass($function; $live):
	if is_edge | not then
		"\t\t\tfastcgi_read_timeout \($function.timeout_ms + 2000)ms;",
		"\t\t\tfastcgi_pass \($function.name);"
	else
		if $live then
			"\t\t\tproxy_buffering off;",
			"\t\t\tproxy_ignore_client_abort off;",
			"\t\t\tproxy_read_timeout 25s;"
		else
			"\t\t\tproxy_read_timeout \($function.timeout_ms
				+ 3000)ms;"
		end,
		"\t\t\tproxy_pass http://hosts;"
	end;

def location($function; $cached; $live; $limited):
	"\t\tlocation \(match) {",
	"\t\t\tif ($http_content_encoding != \"\") { return 415; }",
	if $limited and $function.rate > 0 then
		limit($function; $cached)
	else empty end,
	"\t\t\tclient_max_body_size \([$function.body_bytes, 1] | max);",
	"\t\t\tclient_body_buffer_size \([$function.body_bytes, 8192] | max
		| [., 1048576] | min);",
	if $cached and (is_edge | not) then
		"\t\t\tfastcgi_cache answers;",
		"\t\t\topen_file_cache max=1024 inactive=10s;"
	else empty end,
	# X-Accel-Redirect may name a whole group.
	if ($function | is_live) and (is_edge | not) then
		"\t\t\tfastcgi_buffer_size 16k;"
	else empty end,
	pass($function; $live),
	"\t\t}",
	"";

def routes($is_internal):
	[$functions[] as $f | $f.routes[] | select(.internal == $is_internal)
		| {path, cached, live: (.live and .method == "GET"), $f}]
	| unique_by(.path, .f.name)
	| (group_by(.path)[] | select(length > 1)
		| error("\(.[0].path) belongs to \(map(.f.name) | join(", "))")),
	  .[] as {$path, $cached, $live, $f} | $path
	  | location($f; $cached; $live; $is_internal | not);

# Where a live function hands over to its worker.  No header of the client
# goes there but the one that a stream is resumed by.
def live:
	"\t\tlocation /live/\(.name)/ {",
	"\t\t\tinternal;",
	"\t\t\tproxy_pass http://unix:\($run)/\(.name)-worker.sock:/;",
	"\t\t\tproxy_pass_request_headers off;",
	"\t\t\tproxy_pass_request_body off;",
	"\t\t\tproxy_set_header Last-Event-ID $http_last_event_id;",
	"\t\t\tproxy_buffering off;",
	"\t\t\tproxy_connect_timeout 1s;",
	"\t\t\tproxy_read_timeout 60s;",
	"\t\t\tproxy_next_upstream off;",
	"\t\t\tproxy_intercept_errors on;",
	"\t\t}",
	"";

def lines(f): [f] | join("\n");

{
	TRUSTED: lines(words("edge")[] | "\tset_real_ip_from \(.);"),
	EDGE: lines(words("edge")[] | "\t\t\(.) 1;"),
	UPSTREAMS: lines(if is_edge then edge_upstream else empty end,
		($functions[] | upstream)),
	PUBLIC: "\($public) \($tls) backlog=4096",
	TLS: (if $tls == "" then "" else
		"\t\tssl_certificate tls.crt;\n"
		+ "\t\tssl_certificate_key tls.key;" end),
	INTERNAL: $internal,
	KEYS: (if is_edge then "\t\t\tproxy_pass http://hosts;" else
		"\t\t\terror_page 404 405 412 /problem;\n"
		+ "\t\t\talias ../keys/jwks.json;" end),
	PUBLIC_ROUTES: lines(routes(false),
		($functions[] | select(is_live and (is_edge | not)) | live)),
	INTERNAL_ROUTES: lines(if is_edge then empty else routes(true) end),
} as $values
| reduce ($values | to_entries[]) as $v ($template;
	split("@\($v.key)@") | join($v.value))
