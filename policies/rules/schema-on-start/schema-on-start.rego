# METADATA
# title: The schema does not change when a pod starts
# description: |
#   No setting and no command lets the app change the database schema when it boots, init
#   containers included: ddl-auto=update and its kin, Flyway and Liquibase inside the app,
#   rails db:migrate, prisma migrate, alembic upgrade and others.
#
#   With two colors the idle one would change the schema under the live one as soon as its
#   first pod starts, long before anybody decided to switch, and every pod at the same time.
#   A Job before the release changes it once, and only adds; what is gone is taken away when
#   one version is left.
# custom:
#   id: schema-on-start
#   action: warn
#   zh:
#     title: Pod 启动时不改数据库结构
#     description: |
#       没有任何设置或命令会让应用（包括 init 容器）在启动时修改数据库结构：ddl-auto=update 一类的设置、应用内的
#       Flyway 和 Liquibase、rails db:migrate、prisma migrate、alembic upgrade 等。
#
#       两个颜色并存时，空闲颜色的第一个 Pod 一启动就会改掉线上颜色正在使用的结构，远早于切换的决定，而且每个 Pod 都会执行。
#       请在发布前用 Job 执行一次，只做增加；要删除的内容等到只剩一个版本时再删。
#   messages:
#     setting:
#       en: |-
#         {{.setting}} changes the schema under the live color when a pod starts. Do
#         it in a Job before the release.
#       zh: |-
#         {{.setting}} 会在 Pod 启动时修改线上颜色正在使用的数据库结构。请改为发布前用 Job 执行。
#     command:
#       en: |-
#         {{.place}} runs {{.command}} when a pod starts and changes the schema under the live
#         color. Do it in a Job before the release.
#       zh: |-
#         {{.place_zh}} 在 Pod 启动时执行 {{.command}}，会改掉线上颜色正在使用的数据库结构。请改为发布前用 Job 执行。
#     image:
#       en: |-
#         {{.place}} runs image {{.command}} when a pod starts and changes the schema under the
#         live color. Do it in a Job before the release.
#       zh: |-
#         {{.place_zh}} 在 Pod 启动时运行镜像 {{.command}}，会改掉线上颜色正在使用的数据库结构。请改为发布前用 Job 执行。
package tealgate.rules.schema_on_start

import data.tealgate.lib.settings
import data.tealgate.lib.workload

violation contains {
	"message": "setting",
	"field": "spec.template.spec",
	"subject": sprintf("setting %s", [setting.name]),
	"with": {"setting": named(setting)},
} if {
	input.kind == "Deployment"
	mentioned
	some setting in settings.on
	regex.match(`DDL|HIBERNATE|SCHEMA|SYNCHRONIZE|MIGRAT|FLYWAY|LIQUIBASE`, setting.name)
	changes(setting)
}

violation contains at("command", line.entry, tool_and_verb(found)) if {
	input.kind == "Deployment"
	mentioned
	some line in settings.command_lines
	found := regex.find_n(commands, line.text, 1)[0]
}

violation contains at("image", entry, workload.shown(image)) if {
	input.kind == "Deployment"
	glob.match("{*flyway*,*liquibase*,*dbmate*,*atlas*}", null, images)
	some entry in workload.listed
	image := workload.as_text(object.get(entry.container, "image", ""))
	regex.match(`(^|/)(flyway|liquibase|dbmate|atlas)([-:@/]|$)`, image)
	not regex.match(`\b(info|validate|status|history)\b`, line_of(entry))
}

# named is a setting as a sentence may hold it: a value that is no plain word may be an
# address with a password in it, and is not repeated.
named(setting) := sprintf("%s=%s", [setting.name, setting.value]) if {
	regex.match(plain, setting.value)
} else := setting.name

# tool_and_verb leaves out the options between the two: they hold passwords and addresses.
tool_and_verb(command) := regex.replace(
	regex.replace(command, `(?s)^(flyway|dbmate|liquibase|goose|migrate)\s.*\s`, "$1 "),
	`\s+`, " ",
)

# mentioned: a setting or a command below can only be there if one of these words is.
mentioned if glob.match(
	"{*DDL*,*HIBERNATE*,*SCHEMA*,*SYNCHRONIZE*,*MIGRAT*,*FLYWAY*,*LIQUIBASE*,*DB:*,*PRISMA*,*UPGRADE*,*TYPEORM*,*DBMATE*,*GOOSE*,*DOTNET*}",
	null, settings.text,
)

images := sprintf("%v", [[image |
	some entry in workload.listed
	image := entry.container.image
]])

# changes: generators by their value, tools by their switch. A tool that is only
# configured runs as well where its framework runs it by default; its own switch
# decides.
changes(setting) if {
	regex.match(generators, setting.name)
	regex.match(plain, setting.value)
}

changes(setting) if {
	regex.match(tools, setting.name)
	not setting.from
	not switched_off(setting.name)
}

switched_off(name) if {
	some tool in ["FLYWAY", "LIQUIBASE"]
	contains(name, tool)
	some other in settings.off
	contains(other, tool)
	regex.match(`_(ENABLED|MIGRATE_?AT_?START)$`, other)
}

# plain are the values by which a setting of these changes the schema.
plain := `(?i)^(create|create-drop|create-only|drop|update|drop-and-create|true|1|yes|on)$`

# generators are settings by which a framework makes the schema from the code. Here and
# below an underscore may be missing where a property has a dash: Spring writes
# spring.jpa.hibernate.ddl-auto as SPRING_JPA_HIBERNATE_DDLAUTO.
generators := concat("|", [
	`(^|_)DDL_?AUTO$`,
	`(^|_)HBM2DDL_AUTO$`,
	`(^|_)HIBERNATE_ORM_(SCHEMA_?MANAGEMENT_STRATEGY|DATABASE_GENERATION)$`,
	`(^|_)SCHEMA_?GENERATION_DATABASE_ACTION$`,
	`(^|_)(TYPEORM|DB|DATABASE)_SYNCHRONIZE$`,
	`^(DB|DATABASE|PRISMA|RUN|AUTO|APP|TYPEORM)_(AUTO_)?(RUN_)?(MIGRATE|MIGRATIONS?)(_RUN|_ON_START|_ON_STARTUP|_ON_BOOT)?$`,
])

# tools are settings that make a migration tool run inside the app.
tools := concat("|", [
	`^SPRING_FLYWAY_(ENABLED|URL|LOCATIONS)$`,
	`^SPRING_LIQUIBASE_(ENABLED|URL|CHANGE_?LOG)$`,
	`^QUARKUS_(FLYWAY|LIQUIBASE)_(\w+_)?MIGRATE_?AT_?START$`,
])

# commands are command lines that change a schema.
commands := concat("|", [
	`\b(rails|rake)\s+db:(migrate|prepare|setup|schema:load)\b`,
	`\bmanage\.py\s+migrate\b`,
	`\bartisan\s+migrate\b`,
	`\bprisma\s+(migrate\s+deploy|db\s+push)\b`,
	`\b(alembic|flask\s+db)\s+upgrade\b`,
	`\b(sequelize|sequelize-cli)\s+db:migrate\b`,
	`\bknex\s+migrate:(latest|up)\b`,
	`\btypeorm\s+(migration:run|schema:sync)\b`,
	`\b(flyway|dbmate)\s+(-\S+\s+)*(migrate|up)\b`,
	`\bliquibase\s+(-\S+\s+)*update\b`,
	`\bgoose\s+([\w-]+\s+)*up\b`,
	`\bmigrate\s+(-\S+\s+\S+\s+)*up\b`,
	`\bdotnet\s+ef\s+database\s+update\b`,
	`\bdoctrine:migrations:migrate\b`,
])

line_of(entry) := concat(" ", [line.text |
	some line in settings.command_lines
	line.entry == entry
])

at(message, entry, command) := {
	"message": message,
	"field": entry.path,
	"subject": sprintf("%s %s", [kinds[entry.list].en, entry.name]),
	"with": {
		"place": sprintf("%s %s", [kinds[entry.list].en, entry.name]),
		"place_zh": sprintf("%s %s", [kinds[entry.list].zh, entry.name]),
		"command": command,
	},
}

kinds := {
	"containers": {"en": "container", "zh": "容器"},
	"initContainers": {"en": "init container", "zh": "init 容器"},
}
