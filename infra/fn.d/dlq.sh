# fn dlq list|replay|drop ... - events that workers gave up
#
#	fn dlq list [--json] [TOPIC]
#	fn dlq replay TOPIC [COUNT]
#	fn dlq drop TOPIC [COUNT]
#
# A line each: topic, offset in TOPIC.dlq, consumer, reason, attempts, the
# event's id, type and key, and when it was given up.  Once the cause is mended,
# replay sends the oldest COUNT, or all, again: each has one effect however
# often it is sent.  drop lets them wait no longer.
fn_dlq() {
	find_stack
	run_tool dead "$@"
}
