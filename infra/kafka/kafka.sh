# kafka.sh - a stack's own Apache Kafka; to be sourced after process.sh.

kafka_configure() {
	local port controller

	port=$(choose_port kafka kafka)
	controller=$(choose_port controller kafka)
	user_dir "$VAR/kafka" "$VAR/kafka/data"
	sed "s/@ADDRESS@/$(service_address)/; s/@PORT@/$port/
		s/@CONTROLLER@/$controller/" \
		"$root/infra/kafka/server.properties.in" \
		>"$VAR/kafka/server.properties"
	cp "$root/infra/kafka/log4j2.properties" "$VAR/kafka/"
	rm -rf "$VAR/kafka/lib"
	cp -rl "$root/build/kafka/lib" "$VAR/kafka/lib" 2>/dev/null ||
		cp -rT "$root/build/kafka/lib" "$VAR/kafka/lib"
}

# Returns at once; kafka_ready waits.
kafka_start() {
	kafka_configure
	kafka_seen=$(stat -c %s "$VAR/log/kafka.log" 2>/dev/null || echo 0)
	start kafka bash -c '
		cd "$1"
		id=$(head -c 16 /dev/urandom | basenc --base64url)
		java=(java -Xmx384m -XX:+UseSerialGC -XX:TieredStopAtLevel=1
			-XX:-UsePerfData -cp "lib/*"
			-Dlog4j2.configurationFile=log4j2.properties)
		[ -e data/meta.properties ] ||
			"${java[@]}" kafka.tools.StorageTool format \
			--cluster-id "K${id:1:21}" \
			--config server.properties || exit
		exec "${java[@]}" kafka.Kafka server.properties
	' kafka "$VAR/kafka"
}

kafka_brokers() {
	echo "$(service_address):$(<"$VAR/ports/kafka")"
}

kafka_has_started() {
	tail -c "+$((kafka_seen + 1))" "$VAR/log/kafka.log" |
		grep -q 'Kafka Server started'
}

kafka_ready() {
	ready kafka 60 kafka_has_started
}
