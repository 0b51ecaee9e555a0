package audit

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func named(name string, paired, deployments, denied int, mode string) Namespace {
	return Namespace{Name: name, Mode: &mode, Paired: paired, Deployments: Tally{Objects: deployments, Denied: denied}}
}

func TestRank(t *testing.T) {
	enforced := named("enforced", 1, 1, 0, "enforce")
	for name, test := range map[string]struct {
		reason     string
		namespaces []Namespace
		want       []string
		pilot      string
	}{
		"NothingToSwitch": {
			reason:     "clean, and of no use as a pilot",
			namespaces: []Namespace{named("batch", 0, 1, 0, ""), named("shop", 1, 2, 1, "")}, want: []string{"shop", "batch"}, pilot: "shop",
		},
		"Share": {
			reason:     "2 of 10 is less to do than 1 of 2",
			namespaces: []Namespace{named("a", 1, 2, 1, ""), named("b", 3, 10, 2, "")}, want: []string{"b", "a"}, pilot: "b",
		},
		"Small": {
			reason:     "a pilot is small",
			namespaces: []Namespace{named("a", 5, 10, 0, ""), named("b", 1, 2, 0, "warn")}, want: []string{"b", "a"}, pilot: "b",
		},
		"Name":     {reason: "else by name", namespaces: []Namespace{named("b", 1, 1, 0, ""), named("a", 1, 1, 0, "")}, want: []string{"a", "b"}, pilot: "a"},
		"Enforced": {reason: "that one is done", namespaces: []Namespace{enforced, named("shop", 1, 1, 1, "audit")}, want: []string{"enforced", "shop"}, pilot: "shop"},
		"None":     {reason: "none is left", namespaces: []Namespace{enforced, named("batch", 0, 1, 0, "")}, want: []string{"enforced", "batch"}},
		"Unknown": {
			reason:     "who may not read modes gets a proposal all the same",
			namespaces: []Namespace{{Name: "shop", Paired: 1, Deployments: Tally{Objects: 1}}}, want: []string{"shop"}, pilot: "shop",
		},
		"Services": {
			reason:     "Services count as well; a namespace of which nothing was judged is clean",
			namespaces: []Namespace{{Name: "a", Services: Tally{Objects: 2, Denied: 1}}, {Name: "b", Services: Tally{Unmanaged: 1}}}, want: []string{"b", "a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			result := &Result{Namespaces: test.namespaces}
			result.rank()
			var names []string
			for _, namespace := range result.Namespaces {
				names = append(names, namespace.Name)
			}
			assert.Equal(t, test.want, names, test.reason)
			pilot, ok := result.Pilot()
			assert.Equal(t, test.pilot, pilot.Name, test.reason)
			assert.Equal(t, test.pilot != "", ok)
		})
	}
}
