package main

import "slices"

// guarded is the first act: what can no longer go wrong, whoever types it.
var guarded = slices.Concat(deployed, switched)

// deployed goes from an empty namespace to a blue that is fit to serve.
var deployed = []step{
	{
		act:   "Act one: what can no longer go wrong",
		title: "The platform team puts one namespace under tealgate",
		shown: "One label puts a namespace under tealgate",
		acts: []act{
			{
				as:   ann,
				run:  "kubectl apply -f test/demo/namespace.yaml -f test/demo/people.yaml",
				want: []string{"namespace/shop created"},
				mode: namespaceMode{"shop", "enforce"},
			},
			{
				// The control plane takes a moment to add up the roles.
				run:      "kubectl auth can-i create deployments && kubectl auth can-i list bluegreens",
				as:       lee,
				want:     []string{"yes yes"},
				offstage: true,
				within:   soon,
			},
		},
	},
	{
		title: "The Service comes before its pods, as Helm and Kustomize send it",
		shown: "A Service without pods passes silently, without a color yet",
		acts: []act{
			{
				as:   lee,
				run:  "kubectl apply -f test/demo/service.yaml",
				want: []string{"service/shop created"},
				not:  []string{"Warning"},
			},
			{
				as:   lee,
				run:  showSelector,
				want: []string{`{"app":"shop"}`},
			},
		},
	},
	{
		title: "Blue as many teams have it: no probe, no version, a password",
		shown: "An unfit Deployment is refused, each problem with its cure",
		acts: []act{
			{
				as:   lee,
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
		shown: "Every rule says what it decides, and why",
		acts: []act{
			{
				as:   lee,
				run:  "kubectl tealgate explain readiness-probe",
				want: []string{"readiness-probe", "deny"},
			},
		},
	},
	{
		title: "Another namespace is not that far yet: it only warns",
		shown: "In mode warn the same passes, and its team reads what is ahead",
		acts: []act{
			{
				as:       ann,
				run:      "kubectl create namespace shop-staging && kubectl create configmap shop -n shop-staging --from-literal=LOG_LEVEL=info",
				want:     []string{"created"},
				offstage: true,
			},
			{
				as:   ann,
				run:  "kubectl label namespace shop-staging tealgate.dev/mode=warn",
				want: []string{"labeled"},
				mode: namespaceMode{"shop-staging", "warn"},
			},
			{
				as:  lee,
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
	{
		title: "The same Deployment with the cures pasted in",
		shown: "The repaired one is admitted, gets its color, and serves",
		acts: []act{
			{
				as: lee,
				run: "printf 'a new, made-up one' | " +
					"kubectl -n shop create secret generic shop-secrets --from-file=DB_PASSWORD=/dev/stdin",
				want: []string{"secret/shop-secrets created"},
			},
			{
				as:  lee,
				run: "kubectl apply -f test/demo/blue.yaml",
				want: []string{
					"deployment.apps/shop-blue created",
					"Warning: Deployment shop/shop-blue is blue (its name ends so): tealgate put label tealgate.dev/color: blue",
				},
			},
			{
				as:     lee,
				run:    "kubectl get deployments -L tealgate.dev/color",
				want:   []string{"shop-blue 3/3", "blue"},
				within: soon,
			},
			{
				say:    "As soon as all pods that serve are blue, tealgate pins the Service. No endpoint changes by that.",
				as:     lee,
				run:    showSelector,
				want:   []string{`"tealgate.dev/color":"blue"`, `"app":"shop"`},
				within: soon,
			},
		},
	},
}

// switched brings green beside it, and moves the traffic by hand.
var switched = []step{
	{
		title: "Green, version 1.5.0, stands beside blue",
		shown: "Green stands beside blue, and all traffic stays on blue",
		acts: []act{
			{
				as:  lee,
				run: "kubectl apply -f test/demo/green.yaml",
				want: []string{
					"deployment.apps/shop-green created",
					"Warning: Deployment shop/shop-green is green (its name ends so): tealgate put label tealgate.dev/color: green",
				},
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
				as:   lee,
				run:  "kubectl get pods -L tealgate.dev/color",
				want: []string{"blue", "green", "ImagePullBackOff"},
			},
			{
				as:     lee,
				run:    showServing,
				want:   []string{"shop-blue-"},
				not:    []string{"shop-green-"},
				within: soon,
			},
		},
	},
	{
		title: "Someone moves the traffic too early",
		shown: "A switch onto pods that are not ready is refused: which, and why",
		acts: []act{
			{
				as:   lee,
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
		},
	},
	{
		title: "The same answer in Chinese, for a namespace that asks for it",
		shown: "A namespace chooses the language of its answers",
		acts: []act{
			{
				as:   ann,
				run:  "kubectl label namespace shop tealgate.dev/language=zh",
				want: []string{"namespace/shop labeled"},
			},
			{
				as:     lee,
				run:    toGreen,
				code:   1,
				want:   []string{"Service shop/shop 有 1 处问题：selector-ready", "green 有 1 个就绪的 Pod", "ImagePullBackOff", "流量仍在 blue"},
				within: soon,
			},
			{
				run:      "kubectl label namespace shop tealgate.dev/language-",
				offstage: true,
			},
		},
	},
	{
		title: "Green is ready, and the same command passes",
		shown: "With green ready the same switch passes: every endpoint is green",
		acts: []act{
			{
				say: "the image is there now, and all of green's pods get ready",
				run: greenPods + `kubectl annotate --overwrite "$@" kwok.tealgate.dev/ready=true kwok.tealgate.dev/waiting- && ` +
					`kubectl rollout status deployment/shop-green --timeout=15s`,
				offstage: true,
			},
			{
				as:   lee,
				run:  "kubectl -n shop rollout status deployment/shop-green",
				want: []string{"successfully rolled out"},
			},
			{
				as:   lee,
				run:  toGreen,
				want: []string{"service/shop patched"},
			},
			{
				as:     lee,
				run:    showServing,
				want:   []string{"shop-green-"},
				not:    []string{"shop-blue-"},
				within: soon,
			},
		},
	},
	{
		title: "The pipeline applies the Service again, by force, without a color",
		shown: "An apply from Git cannot take the color away",
		acts: []act{
			{
				as:   lee,
				run:  "kubectl apply --server-side --force-conflicts -f test/demo/service.yaml",
				want: []string{"service/shop serverside-applied"},
			},
			{
				as:   lee,
				run:  showSelector,
				want: []string{`"tealgate.dev/color":"green"`},
			},
		},
	},
}
