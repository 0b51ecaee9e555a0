package tealgate.lib.secrets_test

import data.tealgate.lib.secrets

# Samples of tokens are put together here, so that no scanner takes them for real.
long(length) := concat("", ["a" | some _ in numbers.range(1, length)])

capitals(length) := upper(long(length))

test_credentials_by_name[name] if {
	some name, want in {
		"DB_PASSWORD": "password",
		"dbPassword": "password",
		"DBPassword": "password",
		"spring.datasource.password": "password",
		"--db-password": "password",
		"PGPASSWORD": "password",
		"MYSQL_PWD": "password",
		"SMTP_PASS": "password",
		"REDIS_PASSWD": "password",
		"DB_PASSWORD_PROD": "password",
		"KEY_PASSPHRASE": "password",
		"CLIENT_SECRET": "secret",
		"clientSecret": "secret",
		"GOOGLE_CREDENTIALS": "secret",
		"GITHUB_TOKEN": "token",
		"AUTHTOKEN": "token",
		"API_KEY": "key",
		"APIKEY": "key",
		"AWS_SECRET_ACCESS_KEY": "key",
		"SECRET_KEY_BASE": "key",
		"JWT_PRIVATE_KEY": "private-key",
	}
	secrets.credential(name, "s3cr3t-value") == want
}

test_look_alikes[name] if {
	some name in [
		"DB_PASSWORD_FILE", "TOKEN_PATH", "ACCESS_TOKEN_TTL", "SECRET_NAME", "TOKEN_URL", "PASSWORD_LOGIN_ENABLED",
		"TOKEN_EXPIRY", "API_KEY_HEADER", "PASSWORD_MIN_LENGTH", "TOKEN_ISSUER", "JWT_PUBLIC_KEY", "NEXT_PUBLIC_API_KEY",
		"AWS_ACCESS_KEY_ID", "javax.net.ssl.trustStorePassword", "TOKENIZER", "COMPASS", "BYPASS", "MONKEY", "MAX_TOKENS",
		"PASSPORT_SERVER", "SECRETARY", "SORT_KEY", "PWD", "TLS_SECRET", "IMAGE_PULL_SECRET",
	]
	not secrets.credential(name, "s3cr3t-value")
}

test_harmless_values[value] if {
	some value in [
		"", " ", "true", "False", "yes", "none", "30s", "15 min", "1.5h", "10Mi", "/run/secrets/db", "./token", "file:///etc/db",
		"$(OTHER)", "$(USER):$(PASSWORD)", "Bearer $(TOKEN)", "${DB_PASSWORD}", "${DB_PASSWORD:}", "$DB_PASSWORD", "$(cat /run/token)",
		"%s", "{{ .Values.password }}", "<password>", "****", "xxx", "https://idp.example.com/token", "vault:secret/data/db#password",
		"ref+vault://secret/db", "ENC(abc)", "{cipher}abc",
	]
	not secrets.credential("DB_PASSWORD", value)
}

test_numbers[name] if {
	some name, want in {"DB_PASSWORD": {"password"}, "API_TOKEN": set(), "ACCESS_KEY": set()}
	{kind | kind := secrets.credential(name, "123456")} == want
}

test_credentials_by_shape[note] if {
	some note, case in {
		"PEM": [sprintf("-----%s RSA PRIVATE %s-----\nabc", ["BEGIN", "KEY"]), "private-key"],
		"PKCS 8": [sprintf("-----%s PRIVATE %s-----", ["BEGIN", "KEY"]), "private-key"],
		"PEM in base64": [base64.encode(sprintf("-----%s EC PRIVATE %s-----", ["BEGIN", "KEY"])), "private-key"],
		"JWT": [sprintf("eyJ%s.eyJ%s.%s", [long(20), long(20), long(20)]), "token"],
		"GitHub": [sprintf("ghp_%s", [long(36)]), "token"],
		"GitLab": [sprintf("glpat-%s", [long(20)]), "token"],
		"Slack": [sprintf("xoxb-%s", [long(20)]), "token"],
		"Slack hook": [sprintf("https://hooks.slack.com/services/%s/%s/%s", [capitals(9), capitals(9), long(24)]), "token"],
		"Stripe": [sprintf("sk_live_%s", [long(24)]), "token"],
		"OpenAI": [sprintf("sk-%s", [long(40)]), "token"],
		"npm": [sprintf("npm_%s", [long(36)]), "token"],
		"AWS": [sprintf("AKIA%s", [capitals(16)]), "key"],
		"Alibaba Cloud": [sprintf("LTAI%s", [long(20)]), "key"],
		"Google": [sprintf("AIza%s", [long(35)]), "key"],
	}
	secrets.credential("VALUE", case[0]) == case[1]
}

test_no_credential_by_shape[value] if {
	some value in [
		sprintf("-----%s CERTIFICATE-----", ["BEGIN"]), sprintf("-----%s PUBLIC KEY-----", ["BEGIN"]),
		"ghp_short", "AKIA", "task-runner-of-the-shop-with-a-long-name", "eyJ.eyJ.x", "info", "shop@example.com",
	]
	not secrets.credential("VALUE", value)
}

test_passwords_in_addresses[value] if {
	some value in [
		"postgres://shop:s3cret@pg.prod:5432/shop", "redis://:s3cret@redis:6379/0", "amqp://a:b@rabbit//", "POSTGRES://shop:s@pg/shop",
		"mongodb+srv://a:b@c.mongodb.net/x", "https://user:token@git.example.com/x.git", "postgres://shop:p/w@pg/shop",
		"postgres://shop:p@w@pg/shop", "postgres://shop:123456@pg/shop", "shop:s3cret@tcp(pg:3306)/shop",
		"jdbc:oracle:thin:shop/s3cret@ora:1521:x", "jdbc:mysql://db:3306/shop?user=a&password=b", "Server=db;User Id=a;Password=b;",
		"host=pg user=a password=b", "redis:6380,password=x,ssl=True", `{"spring":{"datasource.password":"b"}}`,
		`required username="a" password="b";`, "-Xmx1g -Dspring.datasource.password=b", "api-key=abcdef",
		"DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc==",
	]
	secrets.credential("VALUE", value)
}

test_no_passwords_in_addresses[value] if {
	some value in [
		"postgres://shop:$(DB_PASSWORD)@pg.prod:5432/shop", "postgres://shop:${DB_PASSWORD}@pg/shop", "postgres://shop@pg/shop",
		"postgres://pg.prod:5432/shop", "http://host:8080/path?mail=a@b.example", "mongodb://a:27017,b:27017/x?y=a@b",
		"jdbc:mysql://db:3306/shop?user=a&password=$(DB_PASSWORD)", "-Xmx1g -Djavax.net.ssl.trustStorePassword=changeit",
		"token=$(TOKEN)", "tokens and keys", "https://a.example/b?token_ttl=30s",
	]
	not secrets.credential("VALUE", value)
}

test_stores_outside[value] if {
	some value in [
		"postgres://pg.prod.example.com:5432/shop", "jdbc:mysql://db.example.com/shop", "jdbc:oracle:thin:@ora.example.com:1521:x",
		"jdbc:oracle:thin:@//ora.example.com:1521/x", "jdbc:sqlserver://sql.example.com;databaseName=x", "mongodb://a.example.com,b/x",
		"mongodb+srv://c.mongodb.net/x", "redis://10.1.2.3:6379", "kafka://k.example.com:9092", "amqps://mq.example.com",
		"postgresql+psycopg2://u@pg.example.com/x", "u:$(P)@tcp(db.example.com:3306)/x", "Server=tcp:sql.example.com,1433;Database=x",
		"host=pg.example.com port=5432 dbname=x", "jdbc:oracle:thin:@(DESCRIPTION=(ADDRESS=(HOST=ora.example.com)(PORT=1521)))",
		"postgres://$(U):$(P)@pg.example.com/x", "redis://cache.io:6379",
	]
	secrets.store("VALUE", value)
}

test_stores_by_name[name] if {
	some name, value in {
		"DB_HOST": "pg.prod.example.com",
		"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092,k.example.com:9092",
		"spring.kafka.bootstrap-servers": "k1.example.com:9092, k2.example.com:9092",
		"ROCKETMQ_NAMESRV_ADDR": "10.0.0.1:9876;10.0.0.2:9876",
		"ELASTICSEARCH_URL": "https://es.example.com:9200/",
		"PGHOST": "pg.example.com",
	}
	secrets.store(name, value)
}

test_stores_inside[note] if {
	some note, case in {
		"a single label": ["DB_URL", "postgres://postgres:5432/shop"],
		"svc": ["DB_URL", "postgres://pg.db.svc:5432/shop"],
		"svc and a domain": ["DB_URL", "postgres://pg.db.svc.k8s.example.com/shop"],
		"cluster.local": ["DB_URL", "jdbc:mysql://db.shop.svc.cluster.local:3306/shop"],
		"a namespace": ["DB_URL", "postgres://pg.prod:5432/shop"],
		"a namespace called dev": ["DB_URL", "postgres://pg.dev/shop"],
		"a pod of a StatefulSet": ["KAFKA_BROKERS", "kafka-0.kafka-headless.kafka:9092"],
		"localhost": ["DB_URL", "redis://localhost:6379"],
		"127.0.0.1": ["REDIS_ADDR", "127.0.0.1:6379"],
		"a reference": ["DB_URL", "postgres://$(DB_HOST):5432/shop"],
		"embedded": ["DB_URL", "jdbc:h2:mem:shop"],
		"a file": ["DATABASE_URL", "file:./dev.db"],
		"a telemetry endpoint": ["OTEL_EXPORTER_KAFKA_BROKERS", "kafka://k.example.com:9092"],
		"a registration centre": ["NACOS_DB_HOST", "db.example.com"],
		"a name that says nothing": ["NAME", "pg.example.com"],
		"a connection string inside": ["X", "host=pg port=5432 dbname=x"],
	}
	not secrets.store(case[0], case[1])
}

test_addresses_outside[value] if {
	some value in [
		"https://pay.example.com/api", "grpc://pay.example.com:443", "dns:///pay.example.com:443",
		"http://pay:8080,http://pay.example.com:8080", "http://10.0.0.1:8080",
	]
	secrets.address("PAY_URL", value)
}

test_addresses_inside[note] if {
	some note, case in {
		"a Service": ["PAY_URL", "http://pay:8080"],
		"another namespace": ["PAY_URL", "http://pay.billing:8080/x"],
		"the metadata service": ["META", "http://169.254.169.254/latest"],
		"telemetry": ["OTEL_EXPORTER_OTLP_ENDPOINT", "https://otel.example.com"],
		"SkyWalking": ["SW_AGENT_COLLECTOR_BACKEND_SERVICES", "https://oap.example.com"],
		"a configuration centre": ["spring.cloud.config.uri", "https://config.example.com"],
		"Eureka": ["EUREKA_CLIENT_SERVICEURL_DEFAULTZONE", "http://eureka.example.com/eureka"],
		"a proxy": ["https_proxy", "http://proxy.example.com:3128"],
		"no address": ["NAME", "pay.example.com"],
	}
	not secrets.address(case[0], case[1])
}

test_masked[value] if {
	some value, want in {
		"postgres://shop:s3cret@pg.prod:5432/shop": "postgres://shop:***@pg.prod:5432/shop",
		"redis://:s3cret@redis:6379/0": "redis://***@redis:6379/0",
		"https://a-very-long-user-that-may-be-a-token:x@git.example.com": "https://***@git.example.com",
		"https://token@git.example.com/x": "https://***@git.example.com/x",
		"postgres://shop:p/w@pg/shop": "postgres://shop:***@pg/shop",
		"postgres://shop:p@w@pg/shop": "postgres://shop:***@pg/shop",
		"postgres://shop:s3cret@pg/shop?sslpassword=x": "postgres://shop:***@pg/shop",
		"jdbc:mysql://db:3306/shop?password=s3cret": "jdbc:mysql://db:3306/shop",
		"jdbc:oracle:thin:shop/s3cret@ora:1521:x": "",
		"Server=db;Password=s3cret": "",
		"s3cret": "",
		# A token is one wherever it stands in an address.
		sprintf("https://api.example.com/%s", [sprintf("ghp_%s", [long(36)])]): "",
		sprintf("https://%s:x@api.example.com", [sprintf("sk_live_%s", [long(10)])]): "",
		sprintf("https://%s.example.com/x", [sprintf("AKIA%s", [capitals(16)])]): "",
		"postgres://a:b@c postgres://d:s3cret@e": "",
	}
	secrets.masked(value) == want
}

# Whatever the password looks like, it is not in what is shown.
test_masked_never_shows_the_password[password] if {
	some password in ["s3cret", "s3/cret", "s3@cret", "s3:cret", "s3?cret", "s3#cret", "s3cret@", "@s3cret", "/s3cret", "?s3cret", "s3%cret", "123/s3cret"]
	not contains(secrets.masked(sprintf("postgres://shop:%s@pg/shop", [password])), "cret")
}

test_origin[value] if {
	some value, want in {
		"https://pay.example.com:8443/hook/s3cret?x=y": "https://pay.example.com:8443",
		"https://a:s3cret@pay.example.com": "https://pay.example.com",
		"s3cret": "",
	}
	secrets.origin(value) == want
}

test_options[note] if {
	some note, case in {
		"behind =": [["--db-password=x"], [["--db-password", "db-password", "x"]]],
		"the next word": [["--token", "x", "serve"], [["--token", "token", "x"], ["", "", "serve"]]],
		"a switch": [["--verbose", "--token", "x"], [["--token", "token", "x"]]],
		"a property": [["-Dspring.datasource.password=x"], [["-Dspring.datasource.password", "spring.datasource.password", "x"]]],
		"an assignment": [["sh", "-c", "PGPASSWORD='x' psql"], [["", "", "sh"], ["PGPASSWORD", "PGPASSWORD", "x"], ["", "", "psql"]]],
		"a value with spaces": [["--dsn=host=pg password=x"], [["--dsn", "dsn", "host=pg password=x"]]],
		"several options": [["--a=1 --b=2"], [["--a", "a", "1"], ["--b", "b", "2"]]],
		"a key": [[sprintf("-----%s PRIVATE %s-----\nabc", ["BEGIN", "KEY"])], [["", "", sprintf("-----%s PRIVATE %s-----\nabc", ["BEGIN", "KEY"])]]],
		"null": [[null, 1], [["", "", ""], ["", "", "1"]]],
		"nothing": [[], []],
	}
	[[option.flag, option.name, option.literal] | some option in secrets.options(case[0])] == case[1]
}

# Most of what a manifest holds is not worth a look.
test_hints[text] if {
	some text, want in {
		"LOG_LEVEL=info": [],
		"DB_PASSWORD=x": ["credential"],
		"CONFIG=/etc/shop/config.yaml": [],
		"PAY_URL=http://pay:8080": [],
		"PAY_URL=https://pay.example.com": ["host"],
		"PAY_URL=https://user:x@pay.example.com": ["credential", "host"],
		`["--listen=:8080", "--config=/etc/shop/config.yaml"]`: [],
		"X=ghp_a": ["credential"],
		"DB=dbname=x host=/run/pg.example.com": ["host"],
	}
	array.concat(
		["credential" | secrets.may_hold_credential(text)],
		["host" | secrets.may_name_host(text)],
	) == want
}

test_plainly_inside[value] if {
	some value, want in {
		"http://pay:8080": true,
		"http://pay.billing:8080/api/v1": true,
		"jdbc:mysql://db.shop.svc.cluster.local:3306/shop": true,
		"https://pay.example.com": false,
		"http://user:pass@pay": false,
		"http://pay/?token=x": false,
		"http://a,http://b.example.com": false,
		"pay": false,
	}
	[true | secrets.plainly_inside(value)] == [true | want]
}

# ---- what settings add and drop ------------------------------------------------

settings(add, drop) := {"settings": {"patterns": {"add": add, "drop": drop}}}

test_added[note] if {
	some note, case in {
		"by name": {"pattern": {"kind": "token", "name": "^ACME_LICENSE$", "value": ""}, "of": ["acme.license", "a1"], "want": ["token"]},
		"another name": {"pattern": {"kind": "token", "name": "^ACME_LICENSE$", "value": ""}, "of": ["LICENSE", "a1"], "want": []},
		"a harmless value": {"pattern": {"kind": "token", "name": "^ACME_LICENSE$", "value": ""}, "of": ["ACME_LICENSE", "$(LICENSE)"], "want": []},
		"by shape": {"pattern": {"kind": "key", "name": "", "value": "^acme-[0-9]+$"}, "of": ["X", "acme-1"], "want": ["key"]},
		"another shape": {"pattern": {"kind": "key", "name": "", "value": "^acme-[0-9]+$"}, "of": ["X", "acme"], "want": []},
		"what is known already": {"pattern": {"kind": "key", "name": "PASSWORD", "value": ""}, "of": ["DB_PASSWORD", "x"], "want": ["password"]},
	}
	kinds := [kind | kind := secrets.credential(case.of[0], case.of[1])] with input as settings([case.pattern], [])
	kinds == case.want
}

test_added_may_be_anywhere if {
	secrets.may_hold_credential("X=y") with input as settings([{"kind": "key", "name": "", "value": "^acme-"}], [])
}

test_dropped[note] if {
	some note, case in {
		"by name": {"pattern": {"kind": "", "name": "^SORTING_KEY$", "value": ""}, "of": ["sorting.secret.key", "x"], "want": ["key"]},
		"another name": {"pattern": {"kind": "", "name": "^DB_PASSWORD$", "value": ""}, "of": ["db.password", "x"], "want": []},
		"by value": {"pattern": {"kind": "", "name": "", "value": "^changeit$"}, "of": ["DB_PASSWORD", "changeit"], "want": []},
		"another value": {"pattern": {"kind": "", "name": "", "value": "^changeit$"}, "of": ["DB_PASSWORD", "x"], "want": ["password"]},
		"a parameter": {"pattern": {"kind": "", "name": "^KEYSTORE_PASSWORD$", "value": ""}, "of": ["OPTS", "-Dkeystore.password=x"], "want": []},
		"a shape": {"pattern": {"kind": "", "name": "^DEMO$", "value": ""}, "of": ["DEMO", sprintf("ghp_%s", [long(36)])], "want": []},
	}
	kinds := [kind | kind := secrets.credential(case.of[0], case.of[1])] with input as settings([], [case.pattern])
	kinds == case.want
}

# Drop goes before add.
test_added_and_dropped if {
	pattern := {"kind": "key", "name": "^ACME$", "value": ""}
	kinds := [kind | kind := secrets.credential("ACME", "x")] with input as settings([pattern], [pattern])
	kinds == []
}
