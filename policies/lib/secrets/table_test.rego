# The list of patterns against what manifests hold: literals that must come from
# elsewhere, and look-alikes that must not be touched. Samples of tokens are put
# together here, so that no scanner takes them for real.
package tealgate.lib.secrets_table_test

import data.tealgate.lib.secrets

many(letter, length) := concat("", [letter | some _ in numbers.range(1, length)])

found(name, value) := secrets.credential(name, value)

found(name, value) := "store" if {
	not secrets.credential(name, value)
	secrets.store(name, value)
}

found(name, value) := "address" if {
	not secrets.credential(name, value)
	not secrets.store(name, value)
	secrets.address(name, value)
}

# Each is [name, value, what it is].
test_positives[sprintf("%s=%s", [case[0], case[1]])] if {
	some case in array.concat(literals, tokens)
	found(case[0], case[1]) == case[2]
}

# No hint is missing: what none of them sees is never asked about.
test_positives_are_seen[sprintf("%s=%s", [case[0], case[1]])] if {
	some case in array.concat(literals, tokens)
	every text in [
		sprintf("%v", [{"name": case[0], "value": case[1]}]),
		sprintf("%v", [["serve", case[0], case[1]]]),
	] {
		seen(case[2], text)
	}
}

seen(kind, text) := secrets.may_name_host(text) if {
	kind in {"store", "address"}
} else := secrets.may_hold_credential(text)

literals := [
	# By name: databases, caches, brokers.
	["DB_PASSWORD", "hunter2", "password"],
	["DB_PASS", "hunter2", "password"],
	["DB_PWD", "hunter2", "password"],
	["DATABASE_PASSWORD", "hunter2", "password"],
	["MYSQL_ROOT_PASSWORD", "root", "password"],
	["MYSQL_PWD", "root", "password"],
	["MARIADB_PASSWORD", "maria", "password"],
	["POSTGRES_PASSWORD", "postgres", "password"],
	["PGPASSWORD", "postgres", "password"],
	["MONGO_INITDB_ROOT_PASSWORD", "example", "password"],
	["MONGODB_PASSWORD", "example", "password"],
	["REDIS_PASSWORD", "123456", "password"],
	["REDISCLI_AUTH_PASSWORD", "x1", "password"],
	["requirepass", "foobared", "password"],
	["RABBITMQ_DEFAULT_PASS", "guest", "password"],
	["KAFKA_SASL_PASSWORD", "broker-1", "password"],
	["ELASTIC_PASSWORD", "changeme", "password"],
	["SPRING_DATASOURCE_PASSWORD", "Ord3rs-2024", "password"],
	["spring.datasource.password", "Ord3rs-2024", "password"],
	["SPRING_REDIS_PASSWORD", "r3dis", "password"],
	["spring.mail.password", "m4il", "password"],
	["SMTP_PASSWORD", "mailer", "password"],
	["MAIL_PASSWORD", "mailer", "password"],
	["LDAP_BIND_PASSWORD", "ldap", "password"],
	["GF_SECURITY_ADMIN_PASSWORD", "admin", "password"],
	["ADMIN_PASSWORD", "admin", "password"],
	["KEYSTORE_PASSWORD", "changeit", "password"],
	["SSH_KEY_PASSPHRASE", "open sesame", "password"],
	["NACOS_PASSWORD", "nacos", "password"],
	["NACOS_AUTH_IDENTITY_PASSWORD", "nacos", "password"],
	["dbPassword", "hunter2", "password"],
	["--db-password", "hunter2", "password"],
	# By name: keys, tokens, secrets.
	["JWT_SECRET", "keyboard cat", "secret"],
	["SESSION_SECRET", "keyboard cat", "secret"],
	["APP_SECRET", "a1b2c3", "secret"],
	["CLIENT_SECRET", "a1b2c3", "secret"],
	["OAUTH_CLIENT_SECRET", "a1b2c3", "secret"],
	["WECHAT_APP_SECRET", "0a1b2c3d", "secret"],
	["APOLLO_ACCESSKEY_SECRET", "0a1b2c3d", "key"],
	["GOOGLE_CREDENTIALS", "eyJ0eXBlIjoi", "secret"],
	["SECRET_KEY", "django-insecure-x", "key"],
	["SECRET_KEY_BASE", "0a1b2c3d4e5f", "key"],
	["API_KEY", "a1b2c3d4", "key"],
	["X_API_KEY", "a1b2c3d4", "key"],
	["ENCRYPTION_KEY", "base64:abcdef", "key"],
	["AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI", "key"],
	["ALIYUN_ACCESS_KEY", "a1b2c3d4", "key"],
	["DD_API_KEY", "a1b2c3d4", "key"],
	["MEILI_MASTER_KEY", "a1b2c3d4", "key"],
	["GITHUB_TOKEN", "a1b2c3d4", "token"],
	["CONSUL_HTTP_TOKEN", "a1b2c3d4", "token"],
	["VAULT_TOKEN", "s.a1b2c3d4", "token"],
	["TELEGRAM_BOT_TOKEN", "1234:a1b2c3d4", "token"],
	["SLACK_TOKEN", "a1b2c3d4", "token"],
	["RSA_PRIVATE_KEY", "MIIEvQIBADANBg", "private-key"],
	# Inside values.
	["DATABASE_URL", "postgres://shop:hunter2@pg:5432/shop", "password"],
	["DATABASE_URL", "mysql://root:root@mysql/shop", "password"],
	["MONGO_URI", "mongodb+srv://shop:hunter2@cluster0.abc.mongodb.net/shop", "password"],
	["REDIS_URL", "redis://:hunter2@redis:6379/0", "password"],
	["REDIS_URL", "rediss://default:hunter2@redis:6380", "password"],
	["CELERY_BROKER_URL", "amqp://guest:guest@rabbitmq:5672//", "password"],
	["DSN", "shop:hunter2@tcp(mysql:3306)/shop?parseTime=true", "password"],
	["ConnectionStrings__Default", "Server=db;Database=shop;User Id=sa;Password=hunter2;", "password"],
	["DB", "host=pg user=shop password=hunter2 dbname=shop", "password"],
	["JDBC_URL", "jdbc:mysql://mysql:3306/shop?user=shop&password=hunter2", "password"],
	["JDBC_URL", "jdbc:oracle:thin:shop/hunter2@ora:1521:x", "password"],
	["JAVA_OPTS", "-Xmx1g -Dspring.datasource.password=hunter2", "password"],
	["JAVA_TOOL_OPTIONS", "-Dspring.flyway.url=jdbc:mysql://db/shop?password=hunter2", "password"],
	["GIT_REPO", "https://ci:hunter2@git.example.com/shop.git", "password"],
	["SPRING_APPLICATION_JSON", `{"spring.datasource.password": "hunter2"}`, "password"],
	["AZURE_STORAGE", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=abc==;EndpointSuffix=core.windows.net", "key"],
	["KAFKA_JAAS", `org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b";`, "password"],
	["SENTRY_DSN", "https://abc:def@sentry.example.com/1", "password"],
	["BUS", "Endpoint=sb://bus;SharedAccessKey=hunter2;Password=hunter2", "key"],
	# Stores and addresses outside the cluster.
	["DATABASE_URL", "postgres://pg.prod.example.com:5432/shop", "store"],
	["SPRING_DATASOURCE_URL", "jdbc:mysql://rm-abc.mysql.rds.aliyuncs.com:3306/shop", "store"],
	["SPRING_DATA_MONGODB_URI", "mongodb://m1.example.com:27017,m2.example.com:27017/shop", "store"],
	["DB_HOST", "10.20.30.40", "store"],
	["DB_SERVICE_HOST", "pg.example.com", "store"],
	["DB_HOST", "shop.abc123.eu-west-1.rds.amazonaws.com", "store"],
	["REDIS_HOST", "r-abc.redis.rds.aliyuncs.com", "store"],
	["SPRING_REDIS_HOST", "192.168.1.10", "store"],
	["KAFKA_BROKERS", "b-1.kafka.example.com:9092,b-2.kafka.example.com:9092", "store"],
	["ROCKETMQ_NAMESRV_ADDR", "192.168.1.10:9876", "store"],
	["ELASTICSEARCH_HOSTS", "https://es.example.com:9200", "store"],
	["PAY_URL", "https://pay.example.com/api", "address"],
	["AUTH_ISSUER", "https://login.example.com/realms/shop", "address"],
	["INVENTORY", "grpc://inventory.example.com:443", "address"],
	["CALLBACK", "http://192.168.1.10:8080/cb", "address"],
	["DB_HOSTNAME", "shop.abc123.eu-west-1.rds.amazonaws.com", "store"],
	["DATABASE_URL", "mysql2://shop@db.example.com/shop", "store"],
	["DATABASE_URL", "trilogy://db.example.com/shop", "store"],
	["DATABASE_URL", "postgis://db.example.com/shop", "store"],
	["DATABASE_URL", "psql://db.example.com/shop", "store"],
	["PDO_DSN", "mysql:host=db.example.com;dbname=shop", "store"],
	["KAFKA_BROKER_LIST", "k1.example.com:9092,k2.example.com:9092", "store"],
	["SPRING_ELASTICSEARCH_URIS", "https://es.example.com:9200", "store"],
	["SPRING_CASSANDRA_CONTACT_POINTS", "c1.example.com,c2.example.com", "store"],
	["SPRING_CASSANDRA_CONTACTPOINTS", "c1.example.com,c2.example.com", "store"],
	["SPRING_KAFKA_BOOTSTRAP_SERVERS", "b1.kafka.example.com:9092", "store"],
	["SPRING_KAFKA_BOOTSTRAPSERVERS", "b1.kafka.example.com:9092", "store"],
	["ROCKETMQ_NAME_SERVER", "mq.example.com:9876", "store"],
	["ROCKETMQ_NAMESERVER", "mq.example.com:9876", "store"],
	["PROXY_PASS", "hunter2", "password"],
	["VAULT_SECRET_ID", "a1b2c3d4", "secret"],
	["DB_PASSWORD", "${DB_PASSWORD:-hunter2}", "password"],
]

tokens := [
	["CONFIG", sprintf("-----%s PRIVATE %s-----\nMIIE", ["BEGIN", "KEY"]), "private-key"],
	["CONFIG", base64.encode(sprintf("-----%s PRIVATE %s-----", ["BEGIN", "KEY"])), "private-key"],
	["GH", sprintf("ghp_%s", [many("a", 36)]), "token"],
	["GH", sprintf("github_pat_%s", [many("a", 40)]), "token"],
	["GL", sprintf("glpat-%s", [many("a", 20)]), "token"],
	["SLACK", sprintf("xoxb-%s", [many("1", 20)]), "token"],
	["PAY", sprintf("sk_live_%s", [many("a", 24)]), "token"],
	["AI", sprintf("sk-%s", [many("a", 40)]), "token"],
	["HF", sprintf("hf_%s", [many("a", 34)]), "token"],
	["SESSION", sprintf("eyJ%s.eyJ%s.%s", [many("a", 20), many("b", 20), many("c", 20)]), "token"],
	["AWS", sprintf("AKIA%s", [many("A", 16)]), "key"],
	["OSS", sprintf("LTAI%s", [many("a", 20)]), "key"],
	["MAPS", sprintf("AIza%s", [many("a", 35)]), "key"],
	["APP_KEY", sprintf("base64:%s=", [many("a", 43)]), "key"],
	["APP_KEY", sprintf("base64:%s==", [many("a", 22)]), "key"],
]

# Each is [name, value].
test_look_alikes_pass[sprintf("%s=%s", [case[0], case[1]])] if {
	some case in array.concat(names, values)
	not found(case[0], case[1])
}

# Names that say something about a credential, or only sound like one.
names := [
	["PASSWORD_FILE", "/run/secrets/x"],
	["POSTGRES_PASSWORD_FILE", "/run/secrets/pg"],
	["DB_PASSWORD_PATH", "/vault/secrets/db"],
	["VAULT_TOKEN_PATH", "/var/run/secrets/vault/token"],
	["AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/eks.amazonaws.com/serviceaccount/token"],
	["GOOGLE_APPLICATION_CREDENTIALS", "/var/secrets/google/key.json"],
	["SSL_KEY_FILE", "/tls/tls.key"],
	["TOKEN_TTL", "3600"],
	["ACCESS_TOKEN_EXPIRES_IN", "15m"],
	["REFRESH_TOKEN_LIFETIME", "30d"],
	["JWT_TOKEN_VALIDITY_SECONDS", "3600"],
	["PASSWORD_RESET_TIMEOUT", "86400"],
	["PASSWORD_MIN_LENGTH", "12"],
	["PASSWORD_POLICY", "strong"],
	["PASSWORD_HASH_ROUNDS", "10"],
	["PASSWORD_HISTORY", "5"],
	["PASSWORD_MAX_ATTEMPTS", "3"],
	["GITHUB_TOKEN_PERMISSIONS", "read"],
	["APP_KEY", "shop"],
	["LOGO", "base64:aGVsbG8="],
	["PASSWORD_LOGIN_ENABLED", "true"],
	["PASSWORD_ENCODER", "bcrypt"],
	["TOKEN_ISSUER", "shop"],
	["TOKEN_AUDIENCE", "shop-api"],
	["TOKEN_URL", "http://idp/token"],
	["TOKEN_HEADER", "X-Auth"],
	["API_KEY_HEADER", "X-Api-Key"],
	["API_KEY_NAME", "shop"],
	["SECRET_NAME", "shop-secrets"],
	["SECRETS_NAMESPACE", "shop"],
	["SECRET_STORE", "vault"],
	["SECRETS_PROVIDER", "aws"],
	["TLS_SECRET", "shop-tls"],
	["IMAGE_PULL_SECRET", "registry"],
	["KEY_ID", "2024-01"],
	["AWS_ACCESS_KEY_ID", "from-the-role"],
	["SIGNING_KEY_ID", "kid-1"],
	["PUBLIC_KEY", "MIIBIjANBg"],
	["JWT_PUBLIC_KEY", "MIIBIjANBg"],
	["NEXT_PUBLIC_API_KEY", "pk-browser"],
	["STRIPE_PUBLISHABLE_KEY", "pk_live_abc"],
	["PARTITION_KEY", "customer"],
	["SORT_KEY", "created_at"],
	["CACHE_KEY_PREFIX", "shop:"],
	["MAX_TOKENS", "4096"],
	["TOKENIZER", "cl100k"],
	["TOKENIZERS_PARALLELISM", "false"],
	["COMPASS_MODE", "dark"],
	["BYPASS_CACHE", "yes"],
	["PWD", "/app"],
	["OLDPWD", "/"],
	["KEYCLOAK_REALM", "shop"],
	["KEYBOARD_LAYOUT", "us"],
	["SECRETARY_EMAIL", "office@example.com"],
	["AUTHOR", "ada"],
	["JAVAX_NET_SSL_TRUSTSTOREPASSWORD", "changeit"],
	["FEATURE_PASSWORD_LOGIN", "true"],
	["FEATURE_NEW_TOKEN", "on"],
	["ENABLE_API_KEY", "false"],
	["PROXY_PASS", "backend:8080"],
	["DB_SECRET_ID", "prod/shop/db"],
	["VAULT_SECRET_ENGINE", "kv-v2"],
	["OIDC_TOKEN_ENDPOINT_AUTH_METHOD", "client_secret_post"],
]

# Values that are none whatever the name, and addresses that nobody configures.
values := [
	["LOG_LEVEL", "info"],
	["DB_PASSWORD", "$(DB_PASSWORD_FROM_SECRET)"],
	["DB_PASSWORD", "${DB_PASSWORD}"],
	["DB_PASSWORD", "vault:secret/data/db#password"],
	["DB_PASSWORD", "ENC(abc=)"],
	["DB_PASSWORD", ""],
	["DB_PASSWORD", "$(cat /vault/secrets/db)"],
	["DB_PASSWORD", "$(cat"],
	["DB_PASSWORD", "`cat"],
	["DB_PASSWORD", "`cat /vault/secrets/db`"],
	["DB_PASSWORD", "${DB_PASSWORD:?missing}"],
	["DB_HOSTNAME", "postgres"],
	["PDO_DSN", "mysql:host=db;dbname=shop"],
	["DATABASE_URL", "mysql2://db/shop"],
	["SPRING_KAFKA_BOOTSTRAPSERVERS", "kafka:9092"],
	["DATABASE_URL", "postgres://$(DB_USER):$(DB_PASSWORD)@pg:5432/shop"],
	["DATABASE_URL", "postgres://pg.db.svc.cluster.local:5432/shop"],
	["DATABASE_URL", "file:./dev.db"],
	["SPRING_DATASOURCE_URL", "jdbc:mysql://mysql:3306/shop?useSSL=false"],
	["SPRING_DATASOURCE_URL", "jdbc:h2:mem:shop"],
	["DB_HOST", "postgres"],
	["DB_HOST", "localhost"],
	["REDIS_HOST", "redis.middleware"],
	["REDIS_URL", "redis://redis-master.redis.svc:6379/0"],
	["KAFKA_BROKERS", "kafka-0.kafka-headless.kafka:9092,kafka-1.kafka-headless.kafka:9092"],
	["BASE_URL", "http://localhost"],
	["HEALTH_URL", "http://127.0.0.1:8080/healthz"],
	["ORDERS_URL", "http://orders"],
	["ORDERS_URL", "http://orders.shop:8080/api"],
	["ORDERS_URL", "http://orders.shop.svc.cluster.local:8080"],
	["ORDERS_URL", "grpc://orders:9090"],
	["OTEL_EXPORTER_OTLP_ENDPOINT", "https://otlp.example.com:4317"],
	["OTEL_RESOURCE_ATTRIBUTES", "service.name=shop,deployment.environment=prod"],
	["SW_AGENT_COLLECTOR_BACKEND_SERVICES", "oap.skywalking.example.com:11800"],
	["JAEGER_ENDPOINT", "http://jaeger.example.com:14268/api/traces"],
	["SENTRY_ENVIRONMENT", "prod"],
	["NACOS_SERVER_ADDR", "nacos.example.com:8848"],
	["SPRING_CLOUD_NACOS_CONFIG_SERVER_ADDR", "https://nacos.example.com:8848"],
	["APOLLO_META", "http://apollo.example.com:8080"],
	["EUREKA_CLIENT_SERVICEURL_DEFAULTZONE", "http://eureka.example.com:8761/eureka"],
	["CONSUL_HTTP_ADDR", "http://consul.example.com:8500"],
	["SPRING_CLOUD_CONFIG_URI", "https://config.example.com"],
	["ETCD_ENDPOINTS", "https://etcd.example.com:2379"],
	["VAULT_ADDR", "https://vault.example.com:8200"],
	["DUBBO_REGISTRY_ADDRESS", "zookeeper://zk.example.com:2181"],
	["HTTPS_PROXY", "http://proxy.example.com:3128"],
	["NO_PROXY", "localhost,.svc,10.0.0.0/8"],
	["KUBERNETES_SERVICE_HOST", "10.96.0.1"],
	["KUBERNETES_PORT", "tcp://10.96.0.1:443"],
	["SHOP_PORT_8080_TCP", "tcp://10.96.12.34:8080"],
	["REDIS_PORT", "tcp://10.96.12.35:6379"],
	["REDIS_SERVICE_HOST", "10.96.12.35"],
	["REDIS_PORT_6379_TCP_ADDR", "10.96.12.35"],
	["FEATURE_FLAGS", "new-checkout=true,dark-mode=false"],
	["GIT_COMMIT", "3b18e512dba79e4c8300dd08aeb37f8e728b8dad"],
	["IMAGE_DIGEST", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
	["TRACE_ID", "0af7651916cd43dd8448eb211c80319c"],
	["TENANT_ID", "2c5ea4c0-4067-11e9-8bad-9b1deb4d3b7d"],
	["JAVA_OPTS", "-Xms512m -Xmx1g -XX:+UseG1GC"],
	["CRON", "0 3 * * *"],
	["ALLOWED_ORIGINS", "*"],
	["MAIL_FROM", "shop@example.com"],
	["TZ", "Asia/Shanghai"],
	["CERT", sprintf("-----%s CERTIFICATE-----", ["BEGIN"])],
]

test_the_table_is_large if {
	count(literals) + count(tokens) >= 80
	count(names) + count(values) >= 80
}
