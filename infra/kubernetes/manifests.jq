# manifests.jq - the Kubernetes objects of one function, worker or relay.
#
#	jq -n --argjson unit UNIT --arg image IMAGE -f manifests.jq
#
# UNIT is what manifests has read of it:
#
#	name, conf	function.conf and the like, strings by name
#	functions	of them, what the containers in front of nginx say of
#			themselves with --describe; [] for a worker
#	programs	[{name, conf}]: containers; stream has its worker's too
#	keys, connect	names of Secrets with keys; ports of the world
#
# Names of Secrets, ports and paths are those of pod, its other half.

def number($conf; $name; $default): ($conf[$name] // $default) | tonumber;

$unit.name as $name
| {"app.kubernetes.io/name": $name} as $selector
| ($selector + {"app.kubernetes.io/part-of": "kith"}) as $labels
| ($unit.functions | length > 0) as $is_function
| any($unit.programs[]; .name | test("^relay$|-worker$")) as $has_kafka
| {name: $name, labels: $labels} as $metadata
| 5 as $drain_s
| 10 as $nginx_s		# worker_shutdown_timeout

# A worker of two threads a core is one that computes.
| def threads($conf):
	if $conf.THREADS == "0" then 2 else number($conf; "THREADS"; 4) end;

# What a function may have in memory it says itself; for two workers, twice.
def memory($conf):
	number($conf; "MEMORY_MB"; 256) * number($conf; "PROCESSES"; 1);

# A probe that a container must pass, and for how long it may not.
def probes($action):
	{
		startupProbe: ($action + {periodSeconds: 1,
			timeoutSeconds: 5, failureThreshold: 60}),
		readinessProbe: ($action + {periodSeconds: 5,
			timeoutSeconds: 5, failureThreshold: 2}),
		livenessProbe: ($action + {periodSeconds: 10,
			timeoutSeconds: 5, failureThreshold: 6}),
	};

def container($kind; $of; $memory; $cpu):
	{
		name: (if $kind == "nginx" then "nginx" else $of end),
		image: $image,
		args: [$kind, $of],
		envFrom: [{configMapRef: {name: "settings"}}],
		env: [{name: "DRAIN_S", value: "\($drain_s)"}],
		securityContext: {
			readOnlyRootFilesystem: true,
			allowPrivilegeEscalation: false,
			capabilities: {drop: ["ALL"]},
		},
		resources: {
			requests: {cpu: "50m", memory: "32Mi"},
			limits: {cpu: $cpu, memory: "\($memory)Mi"},
		},
		volumeMounts: [{name: "run", mountPath: "/run/kith"}],
	};

def mount($volume; $path; $extra):
	.volumeMounts += [{name: $volume, mountPath: $path} + $extra];

def mount($volume; $path): mount($volume; $path; {readOnly: true});

def program($p):
	container("program"; $p.name; memory($p.conf); "1")
	+ probes({exec: {command: ["/usr/lib/kith/bin/pool", "--status",
				   "/run/kith/functions/\($p.name)"]}})
	| mount("\($p.name)-tmp"; "/tmp"; {})
	| mount("\($p.name)-database"; "/etc/kith/database")
	| mount("\($p.name)-settings"; "/etc/kith/settings")
	| mount("keys"; "/etc/kith/keys")
	| if $p.conf.THREADS == "0" then
		.env += [{name: "THREADS", value: "\(threads($p.conf))"}]
	  else . end
	| if $p.name | test("^relay$|-worker$") then
		.env += [{name: "KAFKA_BROKERS", valueFrom:
			{configMapKeyRef: {name: "kafka",
					   key: "KAFKA_BROKERS"}}}]
	  else . end;

# Makes the metrics of the pod; asks no database, so that it needs no role.
def ops:
	container("program"; "ops"; 128; "500m")
	+ probes({exec: {command: ["/usr/lib/kith/bin/pool", "--status",
				   "/run/kith/functions/ops"]}})
	| mount("public-keys"; "/etc/kith/keys")
	| mount("ops-tmp"; "/tmp"; {});

def nginx:
	container("nginx"; $name; 256; "1")
	+ probes({httpGet: {path: "/healthz", port: "metrics"}})
	+ {ports: ([{name: "metrics", containerPort: 9090}]
		   + if $is_function then
			[{name: "http", containerPort: 8080}]
		     else [] end)}
	| mount("public-keys"; "/etc/kith/keys")
	| mount("nginx-tmp"; "/tmp"; {});

def temporary($name; $size):
	{name: "\($name)-tmp", emptyDir: {sizeLimit: $size}};

def secret($volume; $secret; $items):
	{name: $volume, secret: ({secretName: $secret, defaultMode: 288}
		+ if $items then {items: ($items | map({key: ., path: .}))}
		  else {} end)};

def public_keys: ["secret", "jwks.json", "vapid.pub"];

def volumes:
	[{name: "run", emptyDir: {medium: "Memory", sizeLimit: "16Mi"}},
	 temporary("nginx"; "1Gi"),
	 secret("public-keys"; "keys"; public_keys),
	 {name: "keys", projected: {defaultMode: 288,
		sources: (["keys"] + $unit.keys | map({secret: {name: .}}))}}],
	([$unit.programs[].name, "ops"] | unique
		| map(temporary(.; "16Mi"))),
	($unit.programs | map(
		if .conf.DATABASE_ROLE then
			secret("\(.name)-database"; "database";
				[.conf.DATABASE_ROLE])
		else empty end,
		(secret("\(.name)-settings"; "\(.name)-settings"; null)
			| .secret.optional = true)));

# How long an end may take: as pod does it, and a little more.
def grace_s:
	$drain_s + $nginx_s + 5
	+ ([$unit.programs[].conf | number(.; "DRAIN_MS"; 15000)] | max
		/ 1000 | ceil);

def pod:
	{
		metadata: {labels: $labels, annotations: {
			"prometheus.io/scrape": "true",
			"prometheus.io/port": "9090",
		}},
		spec: {
			automountServiceAccountToken: false,
			enableServiceLinks: false,
			terminationGracePeriodSeconds: grace_s,
			securityContext: {
				runAsNonRoot: true,
				runAsUser: 64077,
				runAsGroup: 64077,
				fsGroup: 64077,
				seccompProfile: {type: "RuntimeDefault"},
			},
			topologySpreadConstraints: [{
				maxSkew: 1,
				topologyKey: "kubernetes.io/hostname",
				whenUnsatisfiable: "ScheduleAnyway",
				labelSelector: {matchLabels: $selector},
			}],
			containers: ([$unit.programs[] | program(.)]
				+ if $name == "ops" then [] else [ops] end
				+ [nginx]),
			volumes: [volumes] | add,
		},
	};

# Whose number nothing else decides have two: one on another node goes on.
def deployment:
	{
		apiVersion: "apps/v1",
		kind: "Deployment",
		metadata: $metadata,
		spec: ({
			selector: {matchLabels: $selector},
			strategy: {rollingUpdate: {maxUnavailable: 0,
						   maxSurge: 1}},
			template: pod,
		} + if $name == "relay" then {replicas: 2} else {} end),
	};

def service:
	{
		apiVersion: "v1",
		kind: "Service",
		metadata: $metadata,
		spec: {
			selector: $selector,
			ports: [{name: "http", port: 80, targetPort: "http"}],
		},
	};

def disruption_budget:
	{
		apiVersion: "policy/v1",
		kind: "PodDisruptionBudget",
		metadata: $metadata,
		spec: {
			maxUnavailable: 1,
			selector: {matchLabels: $selector},
		},
	};

# The metric comes from Prometheus by prometheus-adapter: the busy threads of
# the function, from /metrics of its pods.
def autoscaler:
	$unit.programs[0].conf as $conf
	| {
		apiVersion: "autoscaling/v2",
		kind: "HorizontalPodAutoscaler",
		metadata: $metadata,
		spec: {
			scaleTargetRef: {apiVersion: "apps/v1",
					 kind: "Deployment", name: $name},
			minReplicas: 2,
			maxReplicas: 10,
			metrics: [{type: "Pods", pods: {
				metric: {name: "kith_threads_busy", selector:
					{matchLabels: {function: $name}}},
				target: {type: "AverageValue", averageValue:
					"\(threads($conf)
					   * number($conf; "PROCESSES"; 1)
					   * 750)m"},
			}}],
			behavior: {
				scaleUp: {
					stabilizationWindowSeconds: 0,
					policies: [{type: "Percent", value: 100,
						    periodSeconds: 15}],
				},
				scaleDown: {
					stabilizationWindowSeconds: 300,
					policies: [{type: "Pods", value: 1,
						    periodSeconds: 60}],
				},
			},
		},
	};

# By how much of all its topics waits for a worker's group.  KEDA reads the
# brokers from the container.
def scaled_object:
	{
		apiVersion: "keda.sh/v1alpha1",
		kind: "ScaledObject",
		metadata: $metadata,
		spec: {
			scaleTargetRef: {name: $name,
					 envSourceContainerName: $name},
			minReplicaCount: 1,
			maxReplicaCount: 6,	# KAFKA_PARTITIONS
			pollingInterval: 10,
			cooldownPeriod: 300,
			triggers: [{type: "kafka", metadata: {
				bootstrapServersFromEnv: "KAFKA_BROKERS",
				consumerGroup: $name,
				lagThreshold: "1000",
				offsetResetPolicy: "earliest",
			}}],
		},
	};

def port($n): {protocol: "TCP", port: $n};

def network_policy:
	{
		apiVersion: "networking.k8s.io/v1",
		kind: "NetworkPolicy",
		metadata: $metadata,
		spec: {
			podSelector: {matchLabels: $selector},
			policyTypes: ["Ingress", "Egress"],
			ingress: (if $is_function then [{
				from: [{namespaceSelector: {matchLabels: {
					"kubernetes.io/metadata.name":
						"ingress-nginx"}}}],
				ports: [port(8080)],
			}] else [] end),
			egress: ([
				if any($unit.programs[]; .conf.DATABASE_ROLE)
				then {ports: [port(5432)]} else empty end,
				if $has_kafka then {ports: [port(9092)]}
				else empty end,
				if $unit.connect != [] then
					{ports: ($unit.connect | map(port(.)))}
				else empty end
			]),
		},
	};

# "/plain" exactly; where {id} stands, all that begins with what is before it.
def ingress_path:
	if contains("{") then {pathType: "Prefix",
			       path: (sub("/{.*"; ""))}
	else {pathType: "Exact", path: .} end
	| . + {backend: {service: {name: $name, port: {name: "http"}}}};

# The nginx of ops has no function's routes: it serves the page.
def ingress:
	([$unit.functions[] | select(.name == $name) | .routes[]
		| select(.internal | not) | .path | ingress_path] | unique)
	as $paths
	| {
		apiVersion: "networking.k8s.io/v1",
		kind: "Ingress",
		metadata: $metadata,
		spec: {rules: [{http: {paths: (
			if $name == "ops" then
				["/" | ingress_path | .pathType = "Prefix"]
			else $paths end)}}]},
	};

deployment, disruption_budget, network_policy,
if $is_function then service, autoscaler, ingress
elif $name != "relay" then scaled_object
else empty end
