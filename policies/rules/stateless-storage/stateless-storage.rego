# METADATA
# title: Files live outside the pods and their nodes
# description: |
#   No container writes to a hostPath, and both colors do not share a claim that only one
#   node can mount: one that is ReadWriteOnce or ReadWriteOncePod, or whose storage class
#   keeps it on one node. Uploads belong in object storage or on a shared file system
#   (ReadWriteMany). Logs on a hostPath only warn.
#
#   Host files that are mounted with readOnly: true pass, and so do sockets, devices, /dev,
#   /proc, /sys, /etc/localtime and the like, which keep nothing of the app. Claims are looked
#   up when both colors name the same one and the pod template changes. One that a single color
#   mounts is not: that its storage class keeps it on one node is not seen. Who takes no part
#   in blue-green is not asked.
#
#   The pods of the other color run on other nodes: they do not see what was written on this
#   one. A claim that is attached to blue's node keeps green's pods from starting at all.
# custom:
#   id: stateless-storage
#   action: deny
#   zh:
#     title: 文件不放在 Pod 和节点上
#     description: |
#       容器不写 hostPath；两个颜色不共用只能挂载到一个节点的 PVC（ReadWriteOnce、ReadWriteOncePod，或者存储类把数据放在某个节点上）。
#       上传的文件应放到对象存储或共享文件系统（ReadWriteMany）。hostPath 上的日志只给出警告。
#
#       以 readOnly: true 挂载的宿主机文件放行；套接字、设备、/dev、/proc、/sys、/etc/localtime 等不保存应用数据的路径也放行。
#       只有两个颜色引用同一个 PVC 并且 Pod 模板有变化时才会查询；只有一个颜色挂载的 PVC 不查询，因此看不到它的存储类是否把数据放在某个节点上。不参与蓝绿发布的不检查。
#
#       另一个颜色的 Pod 运行在别的节点上，看不到写在这个节点上的内容；挂在 blue 节点上的 PVC 会让 green 的 Pod 根本无法启动。
#   messages:
#     host-path:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           {{.list}}:
#           - name: {{.name}}
#             volumeMounts:
#             {{.mounts}}
#       en: |-
#         {{.place}} writes to {{.path}} of its node (hostPath, volume {{.volume}}). Pods of the
#         other color run on other nodes and do not see it. Put uploads into object storage or
#         onto a ReadWriteMany claim.
#
#         Fix in {{.at}}, if the app only reads it, then apply again:
#
#           {{.fix}}
#       zh: |-
#         {{.place_zh}} 会写入节点上的 {{.path}}（hostPath，卷 {{.volume}}）。另一个颜色的 Pod 运行在别的节点上，看不到这些内容。上传的文件请放到对象存储或 ReadWriteMany 的 PVC。
#
#         如果应用只读取，请在 {{.at}} 中改为以下内容，然后重新 apply：
#
#           {{.fix}}
#     logs:
#       action: warn
#       en: |-
#         {{.place}} writes logs to {{.path}} of its node (hostPath), as both colors do. Log to
#         stdout, or to an emptyDir.
#       zh: |-
#         {{.place_zh}} 把日志写到节点上的 {{.path}}（hostPath），两个颜色写的是同一个目录。请输出到 stdout，或写到 emptyDir。
#     shared-claim:
#       more: true
#       fix:
#         at: spec.template.spec
#         yaml: |-
#           volumes:
#           - name: {{.volume_yaml}}
#             persistentVolumeClaim: {claimName: {{.proposed}}}
#       en: |-
#         claim {{.claim}} (volume {{.volume}}) is mounted by Deployment {{.other}} as well, and
#         {{.why_en}}: pods on another node would not start. What both colors need belongs in
#         object storage or onto a ReadWriteMany claim.
#
#         Fix in {{.at}}, if this color can do with files of its own (the name is a guess:
#         create that claim, it starts empty), then apply again:
#
#           {{.fix}}
#       zh: |-
#         PVC {{.claim}}（卷 {{.volume}}）也被 Deployment {{.other}} 挂载，而{{.why_zh}}：别的节点上的 Pod 无法启动。两个颜色都需要的内容应放到对象存储或 ReadWriteMany 的 PVC。
#
#         如果这个颜色可以使用自己的文件，请在 {{.at}} 中改为以下内容（名字是猜测：请先创建这个 PVC，它一开始是空的），然后重新 apply：
#
#           {{.fix}}
package tealgate.rules.stateless_storage

import data.tealgate.lib.workload
import data.tealgate.lib.yaml

violation contains {
	"message": message,
	"field": sprintf("%s.volumeMounts", [entry.path]),
	"subject": sprintf("volume %s of %s", [workload.shown(name), place(entry).en]),
	"with": {
		"list": entry.list,
		"name": yaml.scalar(entry.name),
		"place": place(entry).en,
		"place_zh": place(entry).zh,
		"path": [text | some text in [workload.shown(path), "/"]; text != ""][0],
		"volume": workload.shown(name),
		"mounts": concat("\n", [written(mount) | some mount in mounts]),
	},
} if {
	input.kind == "Deployment"
	some volume in input.object.spec.template.spec.volumes
	is_object(volume.hostPath)
	not workload.without_colors
	name := workload.as_text(object.get(volume, "name", ""))
	path := workload.as_text(object.get(volume.hostPath, "path", ""))
	not keeps_nothing(volume.hostPath, path)
	some entry in workload.listed
	some message in {"logs", "host-path"}
	mounts := [mount |
		some mount in entry.container.volumeMounts
		mount.name == name
		object.get(mount, "readOnly", false) != true
		message_for(path, mount) == message
	]
	count(mounts) > 0
}

violation contains {
	"message": "shared-claim",
	"field": sprintf("spec.template.spec.volumes[%d]", [i]),
	"subject": sprintf("claim %s", [claim.name]),
	"with": {
		"claim": claim.name,
		"volume": workload.shown(workload.as_text(object.get(volume, "name", ""))),
		"volume_yaml": yaml.scalar(workload.as_text(object.get(volume, "name", ""))),
		"other": others[0],
		"proposed": yaml.scalar(own_name(claim.name)),
		"why_en": why.en,
		"why_zh": why.zh,
	},
} if {
	input.kind == "Deployment"
	some claim in input.facts.claims
	not workload.without_colors
	some i, volume in input.object.spec.template.spec.volumes
	volume.persistentVolumeClaim.claimName == claim.name
	others := [other.name |
		some other in input.facts.pair
		other.color != color
		claim.name in other.claims
	]
	count(others) > 0
	why := on_one_node(claim)
}

color := workload.as_text(object.get(workload.pod_labels, "tealgate.dev/color", ""))

# keeps_nothing are interfaces of the host, and files of it that nobody writes.
keeps_nothing(host, _) if object.get(host, "type", "") in {"Socket", "CharDevice", "BlockDevice"}

keeps_nothing(_, path) if {
	regex.match(`^/(dev|proc|sys|lib/modules|usr/share/zoneinfo)(/|$)|^/etc/(localtime|timezone)$|\.sock$`, path)
}

# A folder for logs is known by its name: that of the volume on the node, of the folder in
# it, or of the folder in the container. It excuses no other mount of the volume.
message_for(path, mount) := "logs" if {
	some text in array.concat([path], [workload.as_text(object.get(mount, key, "")) | some key in ["subPath", "subPathExpr", "mountPath"]])
	regex.match(`(?i)(^|[/_-])logs?([/_-]|$)`, text)
} else := "host-path"

written(mount) := sprintf("- {name: %s, mountPath: %s, %sreadOnly: true}", [
	yaml.scalar(workload.as_text(mount.name)),
	yaml.scalar(workload.as_text(object.get(mount, "mountPath", ""))),
	concat("", [sprintf("%s: %s, ", [key, yaml.scalar(mount[key])]) |
		some key in ["subPath", "subPathExpr"]
		is_string(mount[key])
	]),
])

# on_one_node says why a claim cannot be mounted on several; undefined if it can.
on_one_node(claim) := {
	"en": sprintf("it is %s", [concat(", ", claim.accessModes)]),
	"zh": sprintf("它是 %s", [concat("、", claim.accessModes)]),
} if {
	count(claim.accessModes) > 0
	every mode in claim.accessModes {
		mode in {"ReadWriteOnce", "ReadWriteOncePod"}
	}
} else := {
	"en": sprintf("it is kept on one node (storage class %s)", [claim.storageClass]),
	"zh": sprintf("它只在一个节点上（存储类 %s）", [claim.storageClass]),
} if {
	regex.match(`(?i)(^|-)(local|local-path|local-storage|hostpath|hostpath-provisioner)(-|$)`, claim.storageClass)
}

own_name(claim) := sprintf("%s-%s", [claim, color]) if {
	color != ""
} else := sprintf("%s-2", [claim])

place(entry) := {
	"en": sprintf("%s %s", [kinds[entry.list].en, entry.name]),
	"zh": sprintf("%s %s", [kinds[entry.list].zh, entry.name]),
}

kinds := {
	"containers": {"en": "container", "zh": "容器"},
	"initContainers": {"en": "init container", "zh": "init 容器"},
}
