package tealgate.rules.config_source_test

import data.tealgate.rules.config_source as rule

test_sources[note] if {
	some note, pod in {
		"envFrom ConfigMap": web({"envFrom": [{"configMapRef": {"name": "shop-config"}}]}),
		"envFrom Secret": web({"envFrom": [{"prefix": "X_"}, {"secretRef": {"name": "shop"}}]}),
		"env from a ConfigMap": web({"env": [{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "shop", "key": "a"}}}]}),
		"env from a Secret": web({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "a"}}}]}),
		"an init container": {"initContainers": [{"name": "init", "envFrom": [{"configMapRef": {"name": "shop"}}]}]},
		"a ConfigMap volume": {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "b", "configMap": {"name": "shop"}}]},
		"a Secret volume": {"volumes": [{"name": "tls", "secret": {"secretName": "shop-tls"}}]},
		"a CSI volume": {"volumes": [{"name": "a", "csi": {"driver": "secrets-store.csi.k8s.io"}}]},
		"a projected ConfigMap": {"volumes": [{"name": "a", "projected": {"sources": [
			{"serviceAccountToken": {}},
			{"configMap": {"name": "shop"}},
		]}}]},
		"a projected Secret": {"volumes": [{"name": "a", "projected": {"sources": [{"secret": {"name": "shop"}}]}}]},
		"Apollo": web({"env": [{"name": "APOLLO_META", "value": "http://apollo:8080"}]}),
		"Nacos": web({"env": [{"name": "NACOS_SERVER_ADDR", "value": "nacos:8848"}]}),
		"Spring Cloud Nacos": web({"env": [{"name": "SPRING_CLOUD_NACOS_CONFIG_SERVER_ADDR", "value": "nacos:8848"}]}),
		"Spring Cloud Config": web({"env": [{"name": "SPRING_CLOUD_CONFIG_URI", "value": "http://config"}]}),
		"spring.config.import": web({"env": [{"name": "SPRING_CONFIG_IMPORT", "value": "optional:configserver:http://config"}]}),
		"Consul": web({"env": [{"name": "CONSUL_HTTP_ADDR", "value": "consul:8500"}]}),
		"etcd": web({"env": [{"name": "ETCD_ENDPOINTS", "value": "http://etcd:2379"}]}),
		"Dubbo as Spring writes it": web({"env": [{"name": "DUBBO_CONFIGCENTER_ADDRESS", "value": "nacos://nacos:8848"}]}),
		"Dubbo": web({"env": [{"name": "DUBBO_CONFIG_CENTER_ADDRESS", "value": "nacos://nacos:8848"}]}),
		"a centre named by the node": web({"env": [{"name": "NACOS_HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}}]}),
		"an argument": web({"args": ["--spring.cloud.nacos.config.server-addr=nacos:8848"]}),
		"a command": web({"command": ["sh", "-c", "java -Dapollo.meta=http://apollo -jar app.jar"]}),
		"JAVA_TOOL_OPTIONS": web({"env": [{"name": "JAVA_TOOL_OPTIONS", "value": "-Xmx1g -Dapollo.meta=http://apollo:8080"}]}),
	}
	count(found(pod, {}, {})) == 0
}

test_no_source[note] if {
	some note, pod in {
		"nothing": web({}),
		"null everywhere": {"containers": null, "initContainers": null, "volumes": null},
		"null lists": web({"env": null, "envFrom": null, "args": null, "command": null}),
		"null references": web({"env": [{"name": "A", "valueFrom": null}], "envFrom": [{"configMapRef": null}]}),
		"a null pod": null,
		"literals": web({"env": [{"name": "LOG_LEVEL", "value": "info"}]}),
		"the downward API": web({"env": [{"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}]}),
		"image pull secrets": {"imagePullSecrets": [{"name": "registry"}]},
		"an emptyDir": {"volumes": [{"name": "a", "emptyDir": {}}]},
		"a projected token": {"volumes": [{"name": "a", "projected": {"sources": [{"serviceAccountToken": {"path": "x"}}]}}]},
		"a null projected volume": {"volumes": [{"name": "a", "projected": null}]},
		"registration only": web({"env": [{"name": "SPRING_CLOUD_NACOS_DISCOVERY_SERVER_ADDR", "value": "nacos:8848"}]}),
		"a centre that is switched off": web({"env": [{"name": "SPRING_CLOUD_CONFIG_ENABLED", "value": "false"}]}),
		"an empty setting": web({"env": [{"name": "NACOS_SERVER_ADDR", "value": ""}]}),
		"an import of a file": web({"env": [{"name": "SPRING_CONFIG_IMPORT", "value": "file:/app/x.yaml"}]}),
	}
	found(pod, {}, {}) == {"missing"}
}

test_declarations[note] if {
	some note, case in {
		"none": {"own": {"tealgate.dev/config": "none"}, "pod": {}, "want": set()},
		"nacos, on the pods": {"own": {}, "pod": {"tealgate.dev/config": "nacos"}, "want": set()},
		"Vault's agent": {"own": {}, "pod": {"vault.hashicorp.com/agent-inject": "true"}, "want": set()},
		"empty": {"own": {"tealgate.dev/config": " "}, "pod": {}, "want": {"missing"}},
		"null": {"own": {"tealgate.dev/config": null}, "pod": {}, "want": {"missing"}},
		"null annotations": {"own": null, "pod": null, "want": {"missing"}},
		"no traffic is no excuse": {"own": {}, "pod": {"tealgate.dev/traffic": "none"}, "want": {"missing"}},
	}
	found(web({}), case.own, case.pod) == case.want
}

test_proposal if {
	some violation in rule.violation with input as deployment(web({}), {}, {})
	violation.with == {
		"container": "web",
		"object": "shop-config",
		"create": "kubectl -n shop create configmap shop-config --from-literal=LOG_LEVEL=info",
	}
}

test_others_are_not_asked[note] if {
	some note, given in {
		"a deleted Deployment": {"kind": "Deployment", "object": null},
		"a Service": object.union(deployment({}, {}, {}), {"kind": "Service"}),
	}
	count(rule.violation) == 0 with input as given
}

found(pod, own, annotations) := {violation.message | some violation in violations} if {
	# regal ignore:with-outside-test-context
	violations := rule.violation with input as deployment(pod, own, annotations)
}

deployment(pod, own, annotations) := {"kind": "Deployment", "name": "shop-green", "namespace": "shop", "object": {
	"metadata": {"annotations": own},
	"spec": {"template": {"metadata": {"annotations": annotations}, "spec": pod}},
}}

web(more) := {"containers": [object.union({"name": "web"}, more)]}
