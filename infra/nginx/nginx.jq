# nginx.jq - nginx.conf from nginx.conf.in and the functions' descriptions.
#
#	jq -rn --slurpfile functions FILE --rawfile template nginx.conf.in \
#		--arg run DIR --arg public ADDRESS --arg internal ADDRESS \
#		--arg tls "ssl http2"|"" -f nginx.jq
#
# FILE holds what each function prints with --describe.  A path that two
# functions claim is an error.

def limit_zone($name; $rate):
	"\tlimit_req_zone $binary_remote_addr zone=\($name):1m rate=\($rate)r/s;";

# Connections are renewed so often that, under load, a new release gets some
# while it bakes beside the old one.
def upstream:
	"unix:\($run)/\(.name).sock" as $socket |
	"\tupstream \(.name) {",
	"\t\tserver \"\($socket)\" max_fails=0;",
	"\t\tserver \"\($socket)\" max_fails=0 backup;",
	"\t\tkeepalive 64;",
	"\t\tkeepalive_time 100ms;",
	"\t\tkeepalive_timeout 3s;",
	"\t}",
	if .rate > 0 then
		limit_zone(.name; .rate),
		if any(.routes[]; .cached) then
			limit_zone("\(.name)_cached"; 10 * .rate)
		else empty end
	else empty end,
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

def location($function; $cached; $limited):
	"\t\tlocation \(match) {",
	"\t\t\tif ($http_content_encoding != \"\") { return 415; }",
	if $limited and $function.rate > 0 then
		limit($function; $cached)
	else empty end,
	"\t\t\tclient_max_body_size \([$function.body_bytes, 1] | max);",
	"\t\t\tclient_body_buffer_size \([$function.body_bytes, 8192] | max
		| [., 1048576] | min);",
	"\t\t\tfastcgi_read_timeout \($function.timeout_ms + 2000)ms;",
	if $cached then
		"\t\t\tfastcgi_cache answers;",
		"\t\t\topen_file_cache max=1024 inactive=10s;"
	else empty end,
	# X-Accel-Redirect may name a whole group.
	if $function | is_live then
		"\t\t\tfastcgi_buffer_size 16k;"
	else empty end,
	"\t\t\tfastcgi_pass \($function.name);",
	"\t\t}",
	"";

def routes($is_internal):
	[$functions[] as $f | $f.routes[] | select(.internal == $is_internal)
		| {path, cached, $f}] | unique_by(.path, .f.name)
	| (group_by(.path)[] | select(length > 1)
		| error("\(.[0].path) belongs to \(map(.f.name) | join(", "))")),
	  .[] as {$path, $cached, $f} | $path
	  | location($f; $cached; $is_internal | not);

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
	UPSTREAMS: lines($functions[] | upstream),
	PUBLIC: "\($public) \($tls) backlog=4096",
	TLS: (if $tls == "" then "" else
		"\t\tssl_certificate tls.crt;\n"
		+ "\t\tssl_certificate_key tls.key;" end),
	INTERNAL: $internal,
	PUBLIC_ROUTES: lines(routes(false), ($functions[] | select(is_live) | live)),
	INTERNAL_ROUTES: lines(routes(true)),
} as $values
| reduce ($values | to_entries[]) as $v ($template;
	split("@\($v.key)@") | join($v.value))
