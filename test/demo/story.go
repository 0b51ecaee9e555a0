package main

import (
	"slices"
	"time"
)

// soon is how long Kubernetes' own controllers and tealgate's may take to follow.
const soon = 20 * time.Second

// The people of the story; each types at a prompt of their own, with their own rights.
const (
	ann = "ann" // of the platform team: may everything
	lee = "lee" // develops the shop
	tom = "tom" // tests it
	mia = "mia" // decides
)

const (
	toGreen = `kubectl patch service shop -p '{"spec":{"selector":{"tealgate.dev/color":"green"}}}'`

	showSelector = `kubectl get service shop -o jsonpath='{.spec.selector}'`
	showServing  = `kubectl get endpointslices -l kubernetes.io/service-name=shop -o jsonpath='{..targetRef.name}'`

	greenPods = `set -- $(kubectl get pods -l tealgate.dev/color=green -o name); test $# -eq 3 && `
)

// story is what the demo tells: from the first manifest to a release that goes wrong.
var story = slices.Concat(guarded, released)
