# METADATA
# description: |
#   What counts as a literal that has to come from a Secret or a ConfigMap. This
#   is the one list of patterns; the rule external-config says where it looks.
#
#   A value is a credential when its shape says so (private keys, well-known
#   tokens, a password inside an address or a connection string), or when its name
#   does and the value is more than a switch, a duration, a path or a reference.
#   A value is a store when it is the address of a database or broker outside the
#   cluster, and an address when it is any other http or gRPC address outside.
#
#   Not looked for: -p x and -u name:password (a port far more often), and text
#   that only a program could decode.
package tealgate.lib.secrets

# ---- what is worth a look ------------------------------------------------------

# Nothing below matches a text without one of these hints. They are plain words, which are
# found a hundred times as fast as by regular expressions of as many alternatives; a text
# may be all that a manifest says. A kind that is added needs its hint here: the table of
# positives is held against them.

# may_hold_credential: words in names of credentials and of the parameters that hold them,
# a user in front of a host, and what credentials begin with that are known by their shape.
may_hold_credential(text) if glob.match("{*@*,*pass*,*pwd*,*secret*,*token*,*key*,*credential*,*masterauth*}", null, lower(text))

may_hold_credential(text) if glob.match(
	"{*-----BEGIN*,*LS0tLS1CRUdJTi*,*eyJ*,*ghp_*,*gho_*,*ghu_*,*ghs_*,*ghr_*,*github_pat_*,*glpat-*,*xox*,*hooks.slack.com*,*k_live_*,*k_test_*,*sk-*,*hf_*,*npm_*,*SG.*,*hvs.*,*dop_v1_*,*AKIA*,*ASIA*,*LTAI*,*AKID*,*AIza*,*base64:*}",
	null, text,
)

may_hold_credential(_) if {
	some _ in input.settings.patterns.add
}

# may_name_host: a host outside the cluster has a dot, and what stands behind a single
# slash is a path, except in connection strings.
may_name_host(text) if {
	contains(text, ".")
	regex.match(`[^\w./-]/{0,2}[\w-]*\.`, text)
}

may_name_host(text) if {
	contains(text, ".")
	glob.match("{*database*,*catalog*,*dbname*,*user id*,*uid*,*description*}", null, lower(text))
}

# plainly_inside is an address of the cluster and nothing else, as many values are: a
# Service, its namespace, a port and a simple path.
plainly_inside(value) if {
	regex.match(`^[a-z][a-z:]*://[a-z0-9-]+(?:\.[a-z][a-z0-9-]*)?(?:\.svc)?(?:\.cluster\.local)?(?::[0-9]+)?(?:/[a-z0-9/]*)?$`, value)
	not regex.match(public_domain, value)
}

# ---- names -------------------------------------------------------------------

# canonical writes dbPassword, spring.datasource.password and --db-password as
# words in capitals: DB_PASSWORD.
canonical(name) := name if {
	regex.match(`^[A-Z]+[0-9]*(?:_(?:[A-Z]+[0-9]*|[0-9]+))*$`, name)
} else := trim(upper(regex.replace(spaced, `[^A-Za-z0-9]+`, "_")), "_") if {
	spaced := regex.replace(
		regex.replace(name, `([a-z0-9])([A-Z])`, "${1}_$2"),
		`([A-Z])([A-Z][a-z])`, "${1}_$2",
	)
}

# credential_names has one pattern for each kind of credential, matched against
# the canonical name. The first kind that matches wins.
credential_names := [
	{"kind": "private-key", "pattern": `(^|_)PRIVATE_?KEY(_|$)`},
	{
		"kind": "password",
		"pattern": `(^|_)([A-Z0-9]*PASSWORD|[A-Z0-9]*PASSWD|PASSPHRASE|REQUIREPASS|MASTERAUTH)(_|$)|_(PASS|PWD)$|^PASS$`,
	},
	{
		"kind": "key",
		"pattern": `(^|_)(API|ACCESS|SECRET|ENCRYPTION|SIGNING|ACCOUNT|AUTH|MASTER|LICENSE|SHARED|HMAC|AES)_?KEY(_|$)`,
	},
	{"kind": "token", "pattern": `(^|_)(AUTH|ACCESS|REFRESH|BOT|API)?TOKEN(_|$)`},
	{"kind": "secret", "pattern": `(^|_)((API|APP|CLIENT|SHARED)?SECRET|CREDENTIALS?)(_|$)`},
]

# may_name_credential is the cheap question before all of credential_names.
may_name_credential(text) if glob.match("{*pass*,*pwd*,*secret*,*token*,*key*,*credential*,*masterauth*}", null, lower(text))

# look_alikes say something about a credential and are none: TOKEN_TTL,
# PASSWORD_FILE, PUBLIC_API_KEY.
look_alikes := concat("|", [
	`_(FILES?|PATHS?|DIR|DIRECTORY|LOCATION|MOUNT|FOLDER)$`,
	`_(TTL|EXPIRY|EXPIRES?|EXPIRES_IN|EXPIRATION|DURATION|TIMEOUT|INTERVAL|LIFETIME|VALIDITY|AGE|SECONDS|MINUTES|HOURS|DAYS)$`,
	`_(NAMES?|URLS?|URI|ENDPOINT|HOST|PORT|NAMESPACE|REGION|PROVIDER|STORE|STORAGE|BACKEND|ENGINE|MANAGER)$`,
	`_(ENABLED?|DISABLED?|REQUIRED|ALLOWED|ROTATION|RESET)$`,
	`_(HEADERS?|PREFIX|SUFFIX|FIELD|COOKIE|CLAIMS?|PARAM|PARAMETER|LABEL|TEMPLATE|PAGE|ROUTE)$`,
	`_(LENGTH|SIZE|LIMIT|MIN|MAX|COUNT|POLICY|PATTERN|REGEX)$`,
	`_(ROUNDS|COST|ITERATIONS|STRENGTH|ATTEMPTS|RETRIES|HISTORY|PERMISSIONS?)$`,
	`_(ISSUER|AUDIENCE|SCOPES?|ALGORITHM|ALG|ENCODING|ENCODER|HASHER|FORMAT|TYPE|KIND|METHOD|MODE|CLASS|VERSION|REF)$`,
	`(KEY|TOKEN|SECRET)_ID$`,
	`(^|_)(PUBLIC|PUBLISHABLE)_`,
	`TRUST_?STORE_?PASSWORD$`,
	`(^|_)(TLS|PULL)_SECRET$`,
])

# harmless values are no credential whatever their name: switches, numbers with
# a unit, paths, references and placeholders.
harmless := concat("", [
	`(?i)^\s*(`, concat("|", [
		``,
		`true|false|yes|no|on|off|none|null|nil|default|enabled|disabled|required|optional`,
		`[0-9.]+ *(ns|us|ms|s|sec|m|min|h|d|w|b|k|kb|ki|kib|mb|mi|mib|g|gb|gi|gib|%)`,
		`(file:(//)?)?(\.{0,2}|~)(/[\w.@-]+)+/?`,
		`((bearer|basic|token)\s+)?(\$\([^()\s]+\)[:/@.,;-]?)+`,
		`\$\{[\w.-]+:?-?\}|\$\{\w+:?\?[^{}]*\}?|\$\w+`,
		`\$\([^()]*\)?|\x60[^\x60]*\x60?`, # what a shell runs, or its first word
		`%[a-z]|\{\{?[^{}]*\}?\}|<[^<>]*>|\*+|x{3,}`,
		`https?://\S+`,
		`(>>)?vault:\S+|ref\+[a-z]+:\S+|op://\S+|sm://\S+|enc\(.*\)|\{cipher\}.*|arn:aws:secretsmanager:\S+|projects/[^/]+/secrets/\S+|@microsoft\.keyvault\(.*\)`,
	]),
	`)\s*$`,
])

named(name, value) := kind if {
	may_name_credential(name)
	words := canonical(name)
	kind := [known.kind | some known in credential_names; regex.match(known.pattern, words)][0]
	not looks_alike(words, value)
	not regex.match(harmless, value)
	not is_count(kind, value)
	not dropped(name, value)
}

# looks_alike: the secret id of Vault's AppRole is a password, other ids only name a secret;
# and what nginx passes requests to has a host and a port.
looks_alike(words, _) if {
	regex.match(look_alikes, words)
	not regex.match(`(^|_)(VAULT|BAO|APPROLE|ROLE)_SECRET_ID$`, words)
}

looks_alike(words, value) if {
	regex.match(`(^|_)PROXY_PASS$`, words)
	regex.match(`^[\w.-]+:[0-9]+$`, value)
}

# is_count: a plain number is a password, 123456 above all, but no token or key.
is_count(kind, value) if {
	kind != "password"
	regex.match(`^\s*[0-9.]+\s*$`, value)
}

# ---- shapes ------------------------------------------------------------------

# credential_shapes are values that give themselves away, whatever their name. A
# PEM key also in base64, as Secrets are often copied.
credential_shapes := [
	{
		"kind": "private-key",
		"pattern": `-----BEGIN [A-Z0-9 ]*PRIVATE KEY|LS0tLS1CRUdJTiB(QUklWQVRFIE|SU0EgUFJJVkFUR|FQyBQUklWQVRF|PUEVOU1NIIFBSSVZB|FTkNSWVBURUQgUFJJ)`,
	},
	{"kind": "token", "pattern": concat("|", [
		`\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}`, # JWT
		`\bgh[pousr]_[A-Za-z0-9]{36}|\bgithub_pat_\w{22}|\bglpat-[\w-]{20}`, # GitHub, GitLab
		`\bxox[abeoprs]-[\w-]{10,}|hooks\.slack\.com/services/\w+/\w+/\w+`, # Slack
		`\b[sr]k_(live|test)_[A-Za-z0-9]{10,}`, # Stripe
		`\bsk-[\w-]{20,}|\bhf_[A-Za-z0-9]{30,}`, # OpenAI, Anthropic, Hugging Face
		`\bnpm_[A-Za-z0-9]{36}|\bSG\.[\w-]{22}\.[\w-]{43}|\bhvs\.[\w-]{24,}|\bdop_v1_[a-f0-9]{64}`, # npm, SendGrid, Vault, DigitalOcean
	])},
	{"kind": "key", "pattern": concat("|", [
		`\b(AKIA|ASIA)[0-9A-Z]{16}\b`, # AWS
		`\bLTAI[A-Za-z0-9]{12,24}\b|\bAKID[A-Za-z0-9]{32}\b`, # Alibaba Cloud, Tencent Cloud
		`\bAIza[\w-]{35}`, # Google
		`^base64:([A-Za-z0-9+/]{22}==|[A-Za-z0-9+/]{43}=)$`, # Laravel
	])},
]

# userinfo finds the password in an address: scheme://user:password@host, the Go
# form user:password@tcp(host) and Oracle's user/password@host.
userinfo := concat("|", [
	`://[^\s/?#:@]*:([^\s/?#]+)@`,
	`://[^\s/?#:@]*:([0-9]*[^0-9\s/?#@,][^\s@]*)@`,
	`^[^\s:@/]+:(\S+)@(?:tcp|unix)\(`,
	`^jdbc:oracle:[a-z]+:[^/\s]+/([^@\s]+)@`,
])

# parameter finds name=value inside connection strings, options and JSON.
parameter := concat("|", [
	`(?:^|[?&;,\s"'{])(?:-D|--?)?([A-Za-z_][\w.-]*)\s*=\s*["']?([^&;,\s"'][^&;,?\s"']*)`,
	`"([A-Za-z_][\w.-]*)"\s*:\s*"([^"]+)"`,
])

# credential says of which kind the credential in a value is; undefined when
# there is none. What the settings drop is none, whatever else says that it is.
credential(name, value) := kind if {
	kind := recognised(name, value)
	not dropped(name, value)
}

recognised(name, value) := kind if {
	kind := [known.kind | some known in credential_shapes; regex.match(known.pattern, value)][0]
} else := "password" if {
	contains(value, "@")
	some groups in regex.find_all_string_submatch_n(userinfo, value, -1)
	not regex.match(harmless, concat("", array.slice(groups, 1, count(groups))))
} else := kind if {
	kind := named(name, value)
} else := kind if {
	may_name_credential(value)
	kind := [found |
		some groups in regex.find_all_string_submatch_n(parameter, value, -1)
		found := named(concat("", [groups[1], groups[3]]), concat("", [groups[2], groups[4]]))
	][0]
} else := kind if {
	kind := [pattern.kind | some pattern in input.settings.patterns.add; added(pattern, name, value)][0]
}

# ---- what settings add and drop ------------------------------------------------

# added: a name says nothing about a value that is harmless, the shape of a value does.
added(pattern, name, value) if {
	matches(pattern.name, canonical(name))
	not regex.match(harmless, value)
}

added(pattern, _, value) if matches(pattern.value, value)

dropped(name, _) if {
	some pattern in input.settings.patterns.drop
	matches(pattern.name, canonical(name))
}

dropped(_, value) if {
	some pattern in input.settings.patterns.drop
	matches(pattern.value, value)
}

# matches: a pattern has a name or a value, and the other of them is empty.
matches(pattern, text) if {
	pattern != ""
	regex.match(pattern, text)
}

# ---- addresses ---------------------------------------------------------------

# stores are the schemes of databases, caches and brokers.
stores := concat("", [
	`(?i)(?:jdbc:[a-z0-9:]+?(?://|@//|@)|(?:`,
	`postgres(?:ql)?|postgis|psql|mysql[x2]?|trilogy|mariadb|mongodb|rediss?|valkeys?|amqps?|kafka|nats|mqtts?|stomp|pulsar|memcached?`,
	`|cassandra|couchbases?|cockroachdb|clickhouse|sqlserver|mssql|oracle|elasticsearch|opensearch|influxdb|neo4j|bolt`,
	`)(?:\+[a-z0-9]+)*://)`,
])

# store_names are variables that hold the address of a store without a scheme.
store_names := concat("", [
	`(^|_)(DB|DATABASE|DATASOURCE|MYSQL|MARIADB|POSTGRES|POSTGRESQL|PG|MONGO|MONGODB|REDIS|VALKEY|MEMCACHED`,
	`|KAFKA|RABBITMQ|AMQP|NATS|PULSAR|ROCKETMQ|ACTIVEMQ|ELASTICSEARCH|OPENSEARCH|CASSANDRA|CLICKHOUSE|ORACLE`,
	`|MSSQL|SQLSERVER|INFLUXDB)_([A-Z0-9_]+_)?`,
	`(HOST|HOSTS|HOSTNAMES?|(BOOTSTRAP|NAME)?SERVERS?|ADDR|ADDRS|ADDRESS|ADDRESSES|ENDPOINTS?|BROKERS?|BROKER_?LIST`,
	`|NODES|CONTACT_?POINTS|URLS?|URIS?|DSN)$`,
	`|^(PGHOST|BOOTSTRAP_?SERVERS)$`,
])

# bare is a list of hosts, or an http address, as store_names hold it.
bare := `^\s*(?:https?://)?([\w.-]+(?::[0-9]+)?(?:[,;]\s*[\w.-]+(?::[0-9]+)?)*)/?\s*$`

# parts that name the host in connection strings without a scheme; PDO writes mysql:host=.
host_parameter := `(?i)(?:^|[;:\s(])(?:server|data source|host|addr|address)\s*=\s*(?:tcp:)?([^;,)\s]+)`

# excused are names whose addresses are no configuration of the application:
# telemetry, the bootstrap of configuration and registration centres, and proxies.
excused := concat("|", [
	`^(OTEL|SW|SW_AGENT|SKYWALKING|JAEGER|ZIPKIN|SENTRY|DD|ELASTIC_APM|NEW_RELIC|PINPOINT|PYROSCOPE)_`,
	`_EXPORTER_`,
	`^(NACOS|APOLLO|EUREKA|CONSUL|VAULT|SPRING_CLOUD_(CONFIG|NACOS|CONSUL|VAULT|ZOOKEEPER)|ETCD|ETCDCTL|DUBBO|ZOOKEEPER|ZK)_`,
	`^(HTTP|HTTPS|ALL|NO|FTP)_PROXY$`,
])

store(name, value) if {
	outside := [host | some host in store_hosts(name, value); is_outside(host)]
	count(outside) > 0
	not regex.match(excused, canonical(name))
	not injected(name, value)
}

# injected is the address of a Service as Kubernetes itself hands it to each pod, in
# manifests that were exported from a running one. It is always an IP address.
injected(name, value) if {
	regex.match(`_SERVICE_HOST$|_PORT_[0-9]+_(TCP|UDP|SCTP)_ADDR$`, canonical(name))
	regex.match(`^[0-9.]+$|^[0-9a-f:]+$`, value)
}

store_hosts(name, value) := hosts if {
	contains(value, ":")
	groups := regex.find_all_string_submatch_n(concat("", [stores, `(?:[^\s/]*@)?([^\s/?;#()]+)`]), value, -1)
	count(groups) > 0
	hosts := [host | some group in groups; some host in split(group[1], ",")]
} else := hosts if {
	contains(value, "@tcp")
	groups := regex.find_all_string_submatch_n(`@tcp\(([^)\s]+)\)`, value, -1)
	count(groups) > 0
	hosts := [group[1] | some group in groups]
} else := hosts if {
	contains(value, "=")
	regex.match(`(?i)(database|initial catalog|dbname|user id|uid|description)\s*=`, value)
	hosts := [group[1] | some group in regex.find_all_string_submatch_n(host_parameter, value, -1)]
} else := hosts if {
	regex.match(store_names, canonical(name))
	groups := regex.find_all_string_submatch_n(bare, value, 1)[0]
	hosts := regex.split(`[,;]\s*`, groups[1])
} else := []

address(name, value) if {
	contains(value, "://")
	groups := regex.find_all_string_submatch_n(
		`(?i)\b(?:https?|grpcs?|wss?|dns)://(?:/)?(?:[^\s/@]*@)?([^\s/?#,;"']+)`,
		value, -1,
	)
	outside := [group | some group in groups; is_outside(group[1])]
	count(outside) > 0
	not regex.match(excused, canonical(name))
}

# is_outside doubts in favour of the cluster: a name that could be a Service of
# another namespace is taken for one.
is_outside(host) if {
	contains(host, ".")
	not is_inside(host)
}

is_inside(host) if regex.match(inside, host_name(host))

is_inside(host) if {
	regex.match(service_of_namespace, host_name(host))
	not regex.match(public_domain, host_name(host))
}

host_name(host) := trim_suffix(lower(regex.replace(trim_space(host), `:[0-9]*$`, "")), ".")

# inside: one label, a reference, this host, Kubernetes' own suffixes.
inside := concat("|", [
	`^[^.]*$`,
	`[$%{<]`,
	`^(127\.[0-9.]+|0\.0\.0\.0|\[::1\]|169\.254\.169\.254)$`,
	`\.(localhost|svc|cluster\.local)$`,
	`\.svc\.[a-z0-9.-]+$`,
])

# service_of_namespace is name.namespace, also with a pod of a StatefulSet in front.
service_of_namespace := `^([a-z0-9-]+-[0-9]+\.)?[a-z0-9_-]+\.[a-z][a-z0-9-]*$`

# public_domain leaves out domains that are customary names of namespaces, such
# as dev, app, shop and store. It ends a host, or stands in front of port and path.
public_domain := `\.(com|net|org|io|info|biz|edu|gov|mil|int|cloud|xyz|top|cn|co|cc|eu|us|uk|de|fr|nl|it|es|ch|jp|kr|tw|hk|sg|in|ru|br|au|ca)([:/]|$)`

# ---- what may be shown ---------------------------------------------------------

# masked is an address without what is secret in it, put together from the parts
# that are known to be none; empty for everything else, as for a token in its path.
masked(value) := shown if {
	groups := regex.find_all_string_submatch_n(
		`^\s*((?:jdbc:[A-Za-z0-9:]+?|[A-Za-z][A-Za-z0-9+.-]*):(?://|@))(\S*@)?([\w.,:-]+)(/[\w./-]{0,40})?(?:[?;#]\S*)?\s*$`,
		value, 1,
	)[0]
	shown := sprintf("%s%s%s%s", [groups[1], user_of(groups[2]), groups[3], groups[4]])
	not recognised("", shown)
} else := ""

# origin is the scheme and host of an http address: its path may hold what is
# secret, as in addresses of webhooks.
origin(value) := concat("", [groups[1], groups[2]]) if {
	groups := regex.find_all_string_submatch_n(`^\s*([A-Za-z]+://)(?:\S*@)?([\w.:-]+)`, value, 1)[0]
} else := ""

user_of(text) := "" if {
	text == ""
} else := sprintf("%s:***@", [user]) if {
	contains(text, ":")
	user := split(text, ":")[0]
	regex.match(`^[A-Za-z][\w.-]{0,19}$`, user)
} else := "***@"
