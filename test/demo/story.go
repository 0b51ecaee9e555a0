package main

import "time"

// soon is how long Kubernetes' own controllers and tealgate's may take to follow.
const soon = 20 * time.Second

const (
	toGreen = `kubectl patch service shop -p '{"spec":{"selector":{"tealgate.dev/color":"green"}}}'`
	toBlue  = `kubectl patch service shop -p '{"spec":{"selector":{"tealgate.dev/color":"blue"}}}'`

	showSelector = `kubectl get service shop -o jsonpath='{.spec.selector}'`
	showServing  = `kubectl get endpointslices -l kubernetes.io/service-name=shop -o jsonpath='{..targetRef.name}'`

	greenPods = `set -- $(kubectl get pods -l tealgate.dev/color=green -o name); test $# -eq 3 && `
)

// story is what the demo tells: from the first manifest to a release and the way back.
var story = []step{
	{
		title: "The platform team puts one namespace under tealgate",
		shown: "A namespace comes under tealgate by one label",
		acts: []act{
			{
				run:  "kubectl apply -f test/demo/namespace.yaml",
				want: []string{"namespace/shop created"},
				mode: namespaceMode{"shop", "enforce"},
			},
			{
				run:  "kubectl config set-context --current --namespace=shop",
				want: []string{`Context "demo" modified`},
			},
		},
	},
	{
		title: "The Service comes before its pods, as Helm and Kustomize send it",
		shown: "A Service without pods passes silently and is pinned to no color yet",
		acts: []act{
			{
				run:  "kubectl apply -f test/demo/service.yaml",
				want: []string{"service/shop created"},
				not:  []string{"Warning"},
			},
			{
				run:  showSelector,
				want: []string{`{"app":"shop"}`},
			},
		},
	},
	{
		title: "Blue as many teams have it: no probe, no version, a password in the manifest",
		shown: "A Deployment unfit for blue-green is refused, each problem with its cure",
		acts: []act{
			{
				run:  "kubectl apply -f test/demo/blue-unfit.yaml",
				code: 1,
				want: []string{
					"3 problems in Deployment shop/shop-blue: external-config, readiness-probe, version-label",
					"DB_PASSWORD of container web holds a password",
					"secretKeyRef: {name: shop-secrets, key: DB_PASSWORD}", // as in blue.yaml
					"readinessProbe: {httpGet: {path: /readyz, port: http}}",
					"app.kubernetes.io/version: '1.4.0'",
					"More: kubectl tealgate explain",
				},
				not: []string{"open-sesame-42"},
			},
		},
	},
	{
		title: "The last line of that answer leads on",
		shown: "Every rule says what it decides and why: kubectl tealgate explain",
		acts: []act{
			{
				run:  "kubectl tealgate explain readiness-probe",
				want: []string{"readiness-probe", "deny"},
			},
		},
	},
	{
		title: "The same Deployment with the cures pasted in",
		shown: "The repaired one is admitted and gets its color; the Service is pinned to it",
		acts: []act{
			{
				run: "printf 'a new, made-up one' | " +
					"kubectl -n shop create secret generic shop-secrets --from-file=DB_PASSWORD=/dev/stdin",
				want: []string{"secret/shop-secrets created"},
			},
			{
				run:  "kubectl apply -f test/demo/blue.yaml",
				want: []string{"deployment.apps/shop-blue created", "Warning: Deployment shop/shop-blue is blue (its name ends so): tealgate put label tealgate.dev/color: blue"},
			},
			{
				run:    "kubectl get deployments -L tealgate.dev/color",
				want:   []string{"shop-blue 3/3", "blue"},
				within: soon,
			},
			{
				say:    "As soon as all pods that serve are blue, tealgate pins the Service. No endpoint changes by that.",
				run:    showSelector,
				want:   []string{`"tealgate.dev/color":"blue"`, `"app":"shop"`},
				within: soon,
			},
		},
	},
	{
		title: "Green, version 1.5.0, stands beside blue",
		shown: "Green stands beside blue, and all traffic stays on blue",
		acts: []act{
			{
				run:  "kubectl apply -f test/demo/green.yaml",
				want: []string{"deployment.apps/shop-green created", "Warning: Deployment shop/shop-green is green (its name ends so): tealgate put label tealgate.dev/color: green"},
			},
			{
				say: "of green's pods one gets ready, one cannot pull its image, one runs and does not answer",
				run: greenPods + `kubectl annotate --overwrite $1 kwok.tealgate.dev/ready=true && ` +
					`kubectl annotate --overwrite $2 kwok.tealgate.dev/waiting=ImagePullBackOff`,
				offstage: true,
				within:   soon,
			},
			{
				run:      "kubectl get pods -l tealgate.dev/color=green",
				want:     []string{"1/1 Running", "0/1 Running", "0/1 ImagePullBackOff"},
				offstage: true,
				within:   soon,
			},
			{
				run:  "kubectl get pods -L tealgate.dev/color -L app.kubernetes.io/version",
				want: []string{"1.4.0", "1.5.0", "ImagePullBackOff"},
			},
			{
				run:    showServing,
				want:   []string{"shop-blue-"},
				not:    []string{"shop-green-"},
				within: soon,
			},
		},
	},
	{
		title: "Someone moves the traffic too early",
		shown: "A switch onto pods that are not ready is refused: it says which, and why",
		acts: []act{
			{
				run:  toGreen,
				code: 1,
				want: []string{
					"1 problem in Service shop/shop: selector-ready",
					"green has 1 ready pod", "blue serves with 3",
					"web: ImagePullBackOff", "web: running, not ready",
					"Traffic stays on blue.",
					"kubectl -n shop rollout status deployment/shop-green",
				},
			},
			{
				run:  showSelector,
				want: []string{`"tealgate.dev/color":"blue"`},
			},
		},
	},
	{
		title: "Green is ready, and the same command passes",
		shown: "With green ready the same switch passes: all endpoints are green",
		acts: []act{
			{
				say: "the image is there now and all of green's pods get ready",
				run: greenPods + `kubectl annotate --overwrite "$@" kwok.tealgate.dev/ready=true kwok.tealgate.dev/waiting- && ` +
					`kubectl rollout status deployment/shop-green --timeout=15s`,
				offstage: true,
			},
			{
				run:  "kubectl -n shop rollout status deployment/shop-green",
				want: []string{"successfully rolled out"},
			},
			{
				run:  toGreen,
				want: []string{"service/shop patched"},
			},
			{
				run:    showServing,
				want:   []string{"shop-green-"},
				not:    []string{"shop-blue-"},
				within: soon,
			},
		},
	},
	{
		title: "The pipeline applies the Service again, by force, and Git names no color",
		shown: "An apply from Git cannot take the color away",
		acts: []act{
			{
				run:  "kubectl apply --server-side --force-conflicts -f test/demo/service.yaml",
				want: []string{"service/shop serverside-applied"},
			},
			{
				run:  showSelector,
				want: []string{`"tealgate.dev/color":"green"`},
			},
		},
	},
	{
		title: "1.5.0 turns out to be bad: back to blue, in one step",
		shown: "The way back is one command, because blue still stands",
		acts: []act{
			{
				run:  toBlue,
				want: []string{"service/shop patched"},
			},
			{
				run:    showServing,
				want:   []string{"shop-blue-"},
				not:    []string{"shop-green-"},
				within: soon,
			},
		},
	},
	{
		title: "The same answers in Chinese, for a namespace that asks for it",
		shown: "A namespace chooses the language of its answers",
		acts: []act{
			{
				run:  "kubectl label namespace shop tealgate.dev/language=zh",
				want: []string{"namespace/shop labeled"},
			},
			{
				say:      "all of green's pods crash",
				run:      greenPods + `kubectl annotate --overwrite $* kwok.tealgate.dev/crash=true`,
				offstage: true,
			},
			{
				run:      "kubectl get pods -l tealgate.dev/color=green",
				want:     []string{"CrashLoopBackOff"},
				offstage: true,
				within:   soon,
			},
			{
				run:    toGreen,
				code:   1,
				want:   []string{"Service shop/shop 有 1 处问题：selector-ready", "green 有 0 个就绪的 Pod", "CrashLoopBackOff", "流量仍在 blue"},
				within: soon,
			},
			{
				run:      "kubectl label namespace shop tealgate.dev/language-",
				offstage: true,
			},
		},
	},
	{
		title: "Another namespace is not that far yet: it only warns",
		shown: "In mode warn the same Deployment passes, and its team reads what will be refused",
		acts: []act{
			{
				run:  "kubectl create namespace shop-staging",
				want: []string{"created"},
			},
			{
				run:  "kubectl label namespace shop-staging tealgate.dev/mode=warn",
				want: []string{"labeled"},
				mode: namespaceMode{"shop-staging", "warn"},
			},
			{
				run:      "kubectl create configmap shop -n shop-staging --from-literal=LOG_LEVEL=info",
				want:     []string{"created"},
				offstage: true,
			},
			{
				run: "kubectl apply -n shop-staging -f test/demo/blue-unfit.yaml",
				want: []string{
					"deployment.apps/shop-blue created",
					"Warning: Deployment shop-staging/shop-blue is blue (its name ends so)",
					"Warning: Deployment shop-staging/shop-blue: external-config: env DB_PASSWORD of container web holds a password",
					"2 more in Deployment shop-staging/shop-blue: readiness-probe, version-label",
				},
				not: []string{"open-sesame-42"},
			},
		},
	},
}
