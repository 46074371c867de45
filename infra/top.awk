# top.awk - what functions did between two answers of /metrics, OLD and NEW, that
# are `seconds` apart.  A line a function: name, workers, busy, threads, requests
# and errors a second, median and 99th percentile in ms, queue age in ms, lag;
# "-" is what there is none of.

function label(name) {
	if (!match($0, name "=\"[^\"]*\""))
		return ""
	return substr($0, RSTART + length(name) + 2, RLENGTH - length(name) - 3)
}

# What a counter has grown by, of which the old value was subtracted before; a
# pool that was started meanwhile counts anew.
function grown(old, new) {
	return new >= old ? new - old : new
}

# Below which part of the requests were answered, in ms; in a bucket they are
# taken to be spread evenly.
function quantile(f, part,    wanted, b, low, below, upto) {
	wanted = part * bucket[f, "+Inf"]
	if (!wanted)
		return "-"
	for (b = 1; b < buckets; b++) {
		upto = bucket[f, bound[b]]
		if (upto >= wanted) {
			low += (bound[b] - low) * (wanted - below) / (upto - below)
			break
		}
		low = bound[b]
		below = upto
	}
	return sprintf("%.1f", 1000 * low)
}

/^#/ {
	next
}

{
	key = $0
	sub(/ [^ ]*$/, "", key)
	family = key
	sub(/\{.*/, "", family)
}

FNR == NR {
	if (family ~ /_total$|_bucket$/)
		before[key] = $NF
	next
}

{
	f = label("function")
	names[f] = 1
}

family == "kith_workers" {
	workers[f] += $NF
}

family == "kith_threads" || family == "kith_threads_busy" ||
family == "kith_queue_age_seconds" || family == "kith_consumer_lag" {
	gauge[f, family] = $NF
}

family == "kith_requests_total" {
	n = grown(before[key], $NF)
	requests[f] += n
	if (label("status") == "5xx")
		errors[f] += n
}

family == "kith_request_duration_seconds_bucket" {
	le = label("le")
	if (!(le in seen)) {
		seen[le] = 1
		bound[++buckets] = le
	}
	bucket[f, le] += grown(before[key], $NF)
}

END {
	for (f in names)
		printf "%s\t%d\t%d\t%d\t%.0f\t%.0f\t%s\t%s\t%.0f\t%d\n", f,
			workers[f], gauge[f, "kith_threads_busy"],
			gauge[f, "kith_threads"], requests[f] / seconds,
			errors[f] / seconds, quantile(f, 0.5),
			quantile(f, 0.99),
			1000 * gauge[f, "kith_queue_age_seconds"],
			gauge[f, "kith_consumer_lag"]
}
