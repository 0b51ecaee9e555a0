package tealgate.rules.schema_on_start_test

import data.tealgate.rules.schema_on_start as rule

test_settings[note] if {
	some note, case in {
		"ddl-auto": {"env": {"SPRING_JPA_HIBERNATE_DDL_AUTO": "update"}, "want": 1},
		"as written in properties": {"env": {"spring.jpa.hibernate.ddl-auto": "create-drop"}, "want": 1},
		"ddl-auto as Spring writes it": {"env": {"SPRING_JPA_HIBERNATE_DDLAUTO": "update"}, "want": 1},
		"schema generation": {"env": {"SPRING_JPA_PROPERTIES_JAVAX_PERSISTENCE_SCHEMAGENERATION_DATABASE_ACTION": "create"}, "want": 1},
		"Liquibase as Spring writes it": {"env": {"SPRING_LIQUIBASE_CHANGELOG": "classpath:db.yaml"}, "want": 1},
		"hbm2ddl": {"env": {"SPRING_JPA_PROPERTIES_HIBERNATE_HBM2DDL_AUTO": "update"}, "want": 1},
		"Quarkus": {"env": {"QUARKUS_HIBERNATE_ORM_DATABASE_GENERATION": "drop-and-create"}, "want": 1},
		"TypeORM": {"env": {"TYPEORM_SYNCHRONIZE": "true"}, "want": 1},
		"a switch of the app": {"env": {"RUN_MIGRATIONS": "true"}, "want": 1},
		"a switch of the app as a number": {"env": {"RUN_MIGRATIONS": "1"}, "want": 1},
		"a switch of the app that is off": {"env": {"RUN_MIGRATIONS": "0"}, "want": 0},
		"Flyway is on": {"env": {"SPRING_FLYWAY_ENABLED": "true"}, "want": 1},
		"Flyway is configured": {"env": {"SPRING_FLYWAY_URL": "jdbc:mysql://db/shop"}, "want": 1},
		"Liquibase": {"env": {"SPRING_LIQUIBASE_CHANGE_LOG": "classpath:db.yaml"}, "want": 1},
		"Quarkus Flyway": {"env": {"QUARKUS_FLYWAY_MIGRATE_AT_START": "true"}, "want": 1},
		"validate": {"env": {"SPRING_JPA_HIBERNATE_DDL_AUTO": "validate"}, "want": 0},
		"none": {"env": {"SPRING_JPA_HIBERNATE_DDL_AUTO": "none"}, "want": 0},
		"Flyway is off": {"env": {"SPRING_FLYWAY_ENABLED": "false"}, "want": 0},
		"configured and off": {"env": {"SPRING_FLYWAY_URL": "jdbc:mysql://db/shop", "SPRING_FLYWAY_ENABLED": "false"}, "want": 0},
		"the other tool is off": {"env": {"SPRING_FLYWAY_URL": "jdbc:mysql://db/shop", "SPRING_LIQUIBASE_ENABLED": "false"}, "want": 1},
		"a null value": {"env": {"SPRING_FLYWAY_ENABLED": null}, "want": 0},
		"something else": {"env": {"SPRING_FLYWAY_TABLE": "x", "MIGRATION_DIR": "/x"}, "want": 0},
	}
	found := [violation | some violation in violations({"containers": [{
		"name": "web",
		"env": [{"name": name, "value": value} | some name, value in case.env],
	}]})]
	count(found) == case.want
}

# Only a plain word is repeated: an address may hold a password.
test_what_is_said_of_a_setting[name] if {
	some name, case in {
		"SPRING_JPA_HIBERNATE_DDL_AUTO": {"value": "update", "want": "SPRING_JPA_HIBERNATE_DDL_AUTO=update"},
		"SPRING_FLYWAY_ENABLED": {"value": "true", "want": "SPRING_FLYWAY_ENABLED=true"},
		"SPRING_FLYWAY_URL": {"value": "jdbc:mysql://db/shop?user=a&password=s3cret", "want": "SPRING_FLYWAY_URL"},
		"SPRING_LIQUIBASE_URL": {"value": "s3cret", "want": "SPRING_LIQUIBASE_URL"},
	}
	found := violations({"containers": [{"name": "web", "env": [{"name": name, "value": case.value}]}]})
	{violation.with.setting | some violation in found} == {case.want}
}

test_from_elsewhere_cannot_be_seen[name] if {
	some name in ["SPRING_FLYWAY_ENABLED", "SPRING_JPA_HIBERNATE_DDL_AUTO"]
	env := [{"name": name, "valueFrom": {"configMapKeyRef": {"name": "c", "key": "a"}}}]
	count(violations({"containers": [{"name": "web", "env": env}]})) == 0
}

test_commands[text] if {
	some text, want in {
		"python manage.py migrate && gunicorn shop": {"manage.py migrate"},
		"bundle exec rails db:migrate && rails s": {"rails db:migrate"},
		"php artisan migrate --force": {"artisan migrate"},
		"npx prisma migrate  deploy; node server.js": {"prisma migrate deploy"},
		"alembic upgrade head": {"alembic upgrade"},
		"flyway -user=sa -password=s3cret migrate": {"flyway migrate"},
		"dbmate up": {"dbmate up"},
		"liquibase --password=s3cret update": {"liquibase update"},
		"goose  postgres s3cret up": {"goose up"},
		"migrate -path /m -database postgres://shop:s3cret@pg/shop up": {"migrate up"},
		"npx knex migrate:latest": {"knex migrate:latest"},
		"node server.js": set(),
		"python manage.py runserver": set(),
		"rails server": set(),
		"flyway info": set(),
		"backup up": set(),
	}
	{violation.with.command | some violation in violations({"containers": [{"name": "web", "command": ["sh", "-c", text]}]})} == want
}

test_images[image] if {
	some image, want in {
		"flyway/flyway:11": {"image"},
		"liquibase:4": {"image"},
		"registry:5000/tools/dbmate@sha256:0": {"image"},
		"shop/web:1": set(),
		"shop/flywayish:1": set(),
	}
	{violation.message | some violation in violations({"initContainers": [{"name": "migrate", "image": image}]})} == want
}

test_images_that_only_look if {
	count(violations({"initContainers": [{"name": "check", "image": "flyway/flyway:11", "args": ["validate"]}]})) == 0
}

test_properties_count if {
	count(violations({"containers": [{"name": "web", "args": ["--spring.jpa.hibernate.ddl-auto=update"]}]})) == 1
}

test_identity if {
	found := violations({"initContainers": [{"name": "migrate", "command": ["rake", "db:migrate"]}]})
	{[violation.subject, violation.field] | some violation in found} == {[
		"init container migrate",
		"spec.template.spec.initContainers[0]",
	]}
}

test_nothing[note] if {
	some note, pod in {"null": null, "absent": {}, "null lists": {"containers": null, "initContainers": null}}
	count(violations(pod)) == 0
}

test_examples[message] if {
	some message, pod in {
		"image": {"initContainers": [{"name": "migrate", "image": "flyway/flyway:11.1", "args": ["migrate"]}]},
		"setting": {"containers": [{"name": "web", "env": [{"name": "SPRING_JPA_HIBERNATE_DDL_AUTO", "value": "update"}]}]},
		"command": {"initContainers": [{"name": "migrate", "image": "shop:1.5.0", "command": ["bundle", "exec", "rails", "db:migrate"]}]},
	}
	found := rule.violation with input as {"kind": "Deployment", "example": true, "object": {"spec": {"template": {"spec": pod}}}}
	{violation.message | some violation in found} == {message}
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": {"kind": "Service", "object": {"spec": {"template": {"spec": {"containers": [{"image": "flyway"}]}}}}},
	}
	count(rule.violation) == 0 with input as given
}

violations(pod) := found if {
	# regal ignore:with-outside-test-context
	found := rule.violation with input as {"kind": "Deployment", "object": {"spec": {"template": {"spec": pod}}}}
}
