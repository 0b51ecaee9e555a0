// Package audit says of what is stored in a cluster what admission would say of it in
// enforce, before a namespace is. It reads and never writes.
//
// Memory is bounded by one page of each list and by one namespace, whose Deployments
// and Services are judged together; what is kept of a namespace is counted, unless
// the findings are asked for.
package audit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/go-logr/logr"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/policy"
)

// defaultPageSize is small enough for pages of large Deployments and large enough to
// read a big cluster in a few requests.
const defaultPageSize = 250

// Options says what to audit. Reader and Edition are required.
type Options struct {
	// Reader reads from the API server, without a cache. It is used concurrently.
	Reader  client.Reader
	Edition admission.Edition
	// Language of the sentences; English by default.
	Language policy.Language
	// Namespace is the only one to look at; empty for all.
	Namespace string
	// PageSize is how many objects one request returns; 250 by default.
	PageSize int64
	// Findings asks for the objects with what was found, not only for numbers.
	Findings bool
	// Each, if set, takes every namespace when it is done, in the order of the API
	// server. The result then has it without its objects. An error ends the audit.
	Each func(Namespace) error
	// Progress, if set, is told how many objects of how many are done. The total may
	// grow. Calls do not overlap.
	Progress func(done, total int)
}

// NeverAsked are the namespaces that no webhook entry matches, whatever their labels.
func NeverAsked() []string { return []string{"kube-system", v1alpha1.Namespace} }

// Run audits. Objects that cannot be judged are in the result; an error says that
// the audit itself could not go on, or was ended by ctx.
func Run(ctx context.Context, options Options) (*Result, error) {
	options.Language = cmp.Or(options.Language, policy.English)
	options.PageSize = cmp.Or(options.PageSize, defaultPageSize)
	a := &auditor{Options: options, result: &Result{one: options.Namespace != ""}}
	// What facts would log is in the result.
	err := a.run(logf.IntoContext(ctx, logr.Discard()))
	if err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	a.result.rank()
	return a.result, nil
}

type auditor struct {
	Options

	// modes are those of the namespaces that have one; nil when nobody may read them.
	modes map[string]string
	lists []*cursor
	// beside are the lists of what is not judged itself.
	beside []*cursor
	result *Result

	// mutex guards what follows.
	mutex sync.Mutex
	// taken counts the objects that were taken from the lists, done those that need
	// nothing more.
	taken, done int
}

func (a *auditor) run(ctx context.Context) error {
	if slices.Contains(NeverAsked(), a.Namespace) {
		return errors.New("tealgate is never asked in namespace " + a.Namespace)
	}
	if err := a.readModes(ctx); err != nil {
		return err
	}
	a.lists = []*cursor{
		a.list(appsv1.SchemeGroupVersion.WithKind(kindDeployment)),
		a.list(corev1.SchemeGroupVersion.WithKind(kindService)),
	}
	var err error
	if a.beside, err = a.sideLists(); err != nil {
		return err
	}
	for {
		name, ok, err := nextNamespace(ctx, slices.Concat(a.lists, a.beside)...)
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		if err := a.visit(ctx, name); err != nil {
			return err
		}
	}
	if a.Namespace == "" {
		return nil
	}
	return a.lookFromElsewhere(ctx)
}

func (a *auditor) list(kind schema.GroupVersionKind, where ...client.ListOption) *cursor {
	where = append(where, client.InNamespace(a.Namespace), client.Limit(a.PageSize))
	return &cursor{reader: a.Reader, kind: kind, where: where}
}

// visit takes a namespace from the lists, judges it and counts it.
func (a *auditor) visit(ctx context.Context, name string) error {
	visited := newVisit(a, name)
	if err := a.take(ctx, visited); err != nil {
		return err
	}
	if err := visited.look(ctx); err != nil {
		return err
	}
	if len(visited.subjects) == 0 {
		return nil
	}
	namespace, err := visited.run(ctx)
	if err != nil {
		return err
	}
	if a.Each != nil {
		if err := a.Each(namespace); err != nil {
			return err
		}
		namespace.Objects = nil
	}
	a.result.Namespaces = append(a.result.Namespaces, namespace)
	return nil
}

// take goes through all lists until the namespace ends.
func (a *auditor) take(ctx context.Context, visited *visit) error {
	asked := !slices.Contains(NeverAsked(), visited.name)
	for _, list := range a.beside {
		err := list.each(ctx, visited.name, func(object *unstructured.Unstructured) error {
			if !asked || object.GetDeletionTimestamp() != nil {
				return nil
			}
			return visited.notice(object)
		})
		if err != nil {
			return err
		}
	}
	for _, list := range a.lists {
		err := list.each(ctx, visited.name, func(object *unstructured.Unstructured) error {
			if !asked || object.GetDeletionTimestamp() != nil {
				a.progress(1, 1)
				return nil
			}
			return visited.add(object)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// progress counts objects that were taken from the lists and that are done.
func (a *auditor) progress(taken, done int) {
	a.mutex.Lock()
	defer a.mutex.Unlock()
	a.taken += taken
	a.done += done
	if a.Progress == nil {
		return
	}
	total := a.taken
	for _, list := range a.lists {
		total += list.left()
	}
	a.Progress(a.done, total)
}
