package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/rulebook"
)

// platformTimeout bounds asking a cluster for what its platform team has added.
const platformTimeout = 10 * time.Second

// platformRules are those in force in the cluster that the flags name, with what its platform
// team has added. It asks for ConfigMaps and nothing else, not even which kinds there are.
// doubt is told of sources that the cluster has set aside.
func platformRules(ctx context.Context, flags *genericclioptions.ConfigFlags, doubt func(string)) ([]*policy.Rule, error) {
	log.SetLogger(logr.Discard())
	ctx, cancel := context.WithTimeoutCause(logr.NewContext(ctx, logr.Discard()), platformTimeout, fmt.Errorf("no answer within %s", platformTimeout))
	defer cancel()
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	known := meta.NewDefaultRESTMapper([]schema.GroupVersion{corev1.SchemeGroupVersion})
	known.Add(corev1.SchemeGroupVersion.WithKind("ConfigMap"), meta.RESTScopeNamespace)
	reader, err := client.New(config, client.Options{Mapper: known})
	if err != nil {
		return nil, err
	}
	wanted, err := rulebook.ReadCluster(ctx, reader)
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	book, err := rulebook.Open(ctx, prometheus.NewRegistry())
	if err != nil {
		return nil, err
	}
	if _, err := book.Load(ctx, wanted); err != nil {
		return nil, err
	}
	inForce := book.Edition()
	for _, source := range inForce.Sources {
		if len(source.Problems) > 0 {
			doubt(fmt.Sprintf("note: %s is %s: %s", source.Source.Name, source.State, source.Problems[0]))
		}
	}
	return inForce.Rules.Rules(), nil
}

// lookUp finds the rules with these ids among those that are at hand and, where one is not
// and nothing there is called like it, among those that ask brings.
func lookUp(ids []string, here []*policy.Rule, ask func() ([]*policy.Rule, error)) ([]*policy.Rule, error) {
	unknown := slices.IndexFunc(ids, func(id string) bool { return !knows(here, id) })
	if unknown < 0 || ask == nil {
		return chooseRules(here, ids)
	}
	platform, err := ask()
	switch {
	case err == nil:
		for _, rule := range platform {
			if !knows(here, rule.ID) {
				here = append(here, rule)
			}
		}
		return chooseRules(here, ids)
	case len(near(here, ids[unknown])) > 0:
		return nil, unknownRule(here, ids[unknown])
	default:
		return nil, unasked(ids[unknown], err)
	}
}

func knows(rules []*policy.Rule, id string) bool {
	return slices.ContainsFunc(rules, func(r *policy.Rule) bool { return r.ID == id })
}

// unasked says why a rule that is not built in cannot be explained, and what would help.
func unasked(id string, err error) error {
	if apierrors.IsForbidden(err) {
		return fmt.Errorf("no rule built into this program is called %q, and you may not read those of the platform team (%w): "+
			"ask for Role tealgate-policy-reader in tealgate-system, or name their folder with --policy-dir", id, err)
	}
	return fmt.Errorf("no rule built into this program is called %q, and the cluster could not be asked for those of the platform team (%w): "+
		"name their folder with --policy-dir", id, err)
}
