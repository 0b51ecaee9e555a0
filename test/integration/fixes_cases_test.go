package integration

import (
	"maps"
	"strings"
)

// Parts of a container that nothing is wrong with.
const (
	goodPorts  = "ports: [{name: http, containerPort: 8080}], "
	goodProbe  = "readinessProbe: {httpGet: {path: /readyz, port: http}}, "
	goodConfig = "envFrom: [{configMapRef: {name: shop-config}}], "
	goodStop   = "lifecycle: {preStop: {sleep: {seconds: 5}}}, "
	goodSize   = "resources: {requests: {cpu: 100m, memory: 128Mi}}, "
	goodWeb    = goodPorts + goodProbe + goodConfig + goodStop + goodSize
)

// shop is a Deployment in parts. The zero value has no problem.
type shop struct {
	// name is APP-green by default.
	name string
	// meta, labels, spec, pod and web are more fields: of metadata, of the pods'
	// labels, of spec, of the pods' spec and of container web.
	meta, labels, spec, pod, web string
	// bare are parts of container web to leave out.
	bare []string
	// image is shop/web:1.5.0 and version the label with its tag by default.
	image, version string
}

func (s shop) manifest() string {
	web := goodWeb
	for _, part := range s.bare {
		web = strings.Replace(web, part, "", 1)
	}
	for field, otherwise := range map[*string]string{
		&s.name: "APP-green", &s.image: "shop/web:1.5.0", &s.version: "app.kubernetes.io/version: '1.5.0'", &s.spec: "replicas: 2, ",
	} {
		if *field == "" {
			*field = otherwise
		}
	}
	return "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: " + s.name + ", " + s.meta + "}\n" +
		"spec: {" + s.spec + "selector: {matchLabels: {app: APP" + s.labels + "}}, " +
		"template: {metadata: {labels: {" + s.version + ", app: APP" + s.labels + "}}, " +
		"spec: {" + s.pod + "containers: [{name: web, image: '" + s.image + "', " + s.web + web + "}]}}}\n"
}

// service is one of the application's, with more fields of spec and of its selector.
func service(selector, spec string) string {
	return "apiVersion: v1\nkind: Service\nmetadata: {name: APP}\n" +
		"spec: {" + spec + "selector: {app: APP" + selector + "}, ports: [{port: 80, targetPort: http}]}\n"
}

const (
	blueOnly = ", tealgate.dev/color: blue"
	claim    = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: APP}\n" +
		"spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
	mountsClaim = "volumes: [{name: data, persistentVolumeClaim: {claimName: APP}}], "
)

// live is a blue that serves, with more fields of its container and its pods.
func live(web, pod string) []string {
	return []string{shop{name: "APP-blue", image: "shop/web:1.4.0", version: "version: '1.4.0'", web: web, pod: pod}.manifest(), service(blueOnly, "")}
}

// fixCases are all cases by RULE/MESSAGE.
func fixCases() map[string]fixCase {
	cases := map[string]fixCase{}
	for _, some := range []map[string]fixCase{trafficFixes(), configFixes(), podFixes(), adviceFixes()} {
		maps.Copy(cases, some)
	}
	return cases
}

func trafficFixes() map[string]fixCase {
	blue, green := shop{name: "APP-blue"}.manifest(), shop{}.manifest()
	return map[string]fixCase{
		"color-selector/unpinned": {
			unmutated: true, says: "its selector and its pods must carry one and the same",
			object: shop{meta: "annotations: {tealgate.dev/deployed-by: ada}"}.manifest(),
		},
		"deployed-by/unrecorded": {
			unmutated: true, says: "tealgate did not get to record who deploys",
			object: shop{meta: "labels: {tealgate.dev/color: green}", labels: ", tealgate.dev/color: green"}.manifest(),
		},
		"selector-pins-color/unpinned": {
			before: []string{blue, green}, until: []string{"APP-blue", "APP-green"},
			says: "and the selector names no color", object: service("", ""),
		},
		"selector-pins-color/lost": {
			unmutated: true, before: []string{service(blueOnly, "")},
			says: "pods of any color, or of none, could answer", object: service("", ""),
		},
		"side-door/beside-live": {
			before: live("", ""), until: []string{"APP-blue"},
			says:   "A new version of that application is",
			object: shop{name: "APP-second", meta: "labels: {tealgate.dev/color: blue}"}.manifest(),
		},
		"selector-ready/publishes-not-ready": {
			before: []string{blue}, until: []string{"APP-blue"},
			says: "publishNotReadyAddresses is true", object: service(blueOnly, "publishNotReadyAddresses: true, "),
		},
	}
}

func configFixes() map[string]fixCase {
	const url, store = "postgres://shop:hunter2@pg.prod.example.com:5432/shop", "redis://redis.prod.example.com:6379/0"
	fromSecret := "env: [{name: DB_URL, valueFrom: {secretKeyRef: {name: shop-secrets, key: DB_URL}}}], "
	fromConfig := "env: [{name: DB_URL, valueFrom: {configMapKeyRef: {name: shop-config, key: DB_URL}}}], "
	return map[string]fixCase{
		"config-parity/secret": {
			before: live(fromSecret, ""), says: "which is live, reads it from Secret",
			object: shop{web: strings.Replace(fromSecret, "shop-secrets", "shop-staging", 1)}.manifest(),
		},
		"config-parity/setting": {
			before: live("env: [{name: NACOS_NAMESPACE, value: prod}], ", ""), says: "and what was verified before the switch",
			object: shop{web: "env: [{name: NACOS_NAMESPACE, value: staging}], "}.manifest(),
		},
		"config-source/missing": {says: "the pods take no configuration from outside", object: shop{bare: []string{goodConfig}}.manifest()},
		"external-config/shared-credential": {
			before: live(fromSecret, ""), says: "must read the same one",
			object: shop{web: "env: [{name: DB_URL, value: '" + url + "'}], "}.manifest(),
		},
		"external-config/credential": {
			says:   "blue and green may come to differ in it",
			object: shop{web: "env: [{name: LOG_LEVEL, value: info}, {name: DB_PASSWORD, value: hunter2}], "}.manifest(),
		},
		"external-config/shared-store": {
			before: live(fromConfig, ""), says: "must not talk to another store. Replace",
			object: shop{web: "env: [{name: DB_URL, value: '" + store + "'}], "}.manifest(),
		},
		"external-config/store": {says: "so both read it from one ConfigMap", object: shop{web: "env: [{name: DB_URL, value: '" + store + "'}], "}.manifest()},
		"external-config/argument": {
			says:   "Everyone who may read the Deployment or list processes",
			object: shop{web: "args: [serve, --db-password=hunter2, --verbose], "}.manifest(),
		},
		"external-config/argument-store": {
			says:   "than blue. Put each value",
			object: shop{web: "command: [/app/web], args: [--db, '" + store + "'], "}.manifest(),
		},
		"stateless-storage/host-path": {
			says:   "Put uploads into object storage",
			object: shop{pod: "volumes: [{name: data, hostPath: {path: /data/shop}}], ", web: "volumeMounts: [{name: data, mountPath: /data}], "}.manifest(),
		},
		"stateless-storage/shared-claim": {
			before: append([]string{claim}, live("", mountsClaim)...), says: "is mounted by Deployment",
			object: shop{pod: mountsClaim}.manifest(),
		},
	}
}

func podFixes() map[string]fixCase {
	probing := func(probe string) string {
		return shop{bare: []string{goodProbe}, web: "readinessProbe: " + probe + ", "}.manifest()
	}
	return map[string]fixCase{
		"readiness-probe/missing":      {says: "has no readinessProbe", object: shop{bare: []string{goodProbe}}.manifest()},
		"readiness-probe/no-handler":   {object: probing("{exec: {command: []}, periodSeconds: 5}")},
		"readiness-probe/unknown-port": {says: "declares no port of that name, only", object: probing("{httpGet: {path: /health, port: web}}")},
		"readiness-probe/undeclared-port": {
			says:   "declares no port of that name. The probe",
			object: shop{bare: []string{goodPorts}}.manifest(),
		},
		"readiness-probe/nowhere": {says: "no container declares a port or has a readinessProbe", object: shop{bare: []string{goodPorts, goodProbe}}.manifest()},
		"version-label/missing":   {says: "the pods carry no version label", object: shop{version: "tier: web"}.manifest()},
		"version-label/latest":    {says: "stays the same from release to release", object: shop{version: "app.kubernetes.io/version: latest"}.manifest()},
		"version-label/malformed": {says: "Nobody could tell what a color runs. Fix", object: shop{version: "app.kubernetes.io/version: ''"}.manifest()},
	}
}

func adviceFixes() map[string]fixCase {
	return map[string]fixCase{
		"distinct-probes/same":      {object: shop{web: "livenessProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 3}, "}.manifest()},
		"graceful-shutdown/missing": {object: shop{bare: []string{goodStop}}.manifest()},
		"graceful-shutdown/grace":   {object: shop{pod: "terminationGracePeriodSeconds: 0, "}.manifest()},
		"replicas/single":           {object: shop{spec: "replicas: 1, "}.manifest()},
		"resources/missing":         {object: shop{bare: []string{goodSize}}.manifest()},
		"rollout-deadline/long":     {object: shop{spec: "replicas: 2, progressDeadlineSeconds: 2147483647, "}.manifest()},
		"rollout-deadline/short": {
			object: shop{spec: "replicas: 2, progressDeadlineSeconds: 100, ", web: "startupProbe: {httpGet: {path: /readyz, port: http}, periodSeconds: 10, failureThreshold: 12}, "}.manifest(),
		},
	}
}
