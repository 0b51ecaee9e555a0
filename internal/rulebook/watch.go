package rulebook

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/settings"
)

const (
	// debounce lets all files of one change arrive.
	debounce = 200 * time.Millisecond
	// resync is how often a folder is read without a word that it changed, and how soon
	// what took too long is tried again.
	resync = time.Minute
)

// everything is the one thing that is reconciled: all sources together.
var everything = reconcile.Request{NamespacedName: types.NamespacedName{Namespace: v1alpha1.Namespace, Name: "policies"}}

// watch loads the sources into a Book when they change, on every replica.
type watch struct {
	book   *Book
	cached client.Reader
	dir    string
}

// SetupWatch loads what a manager's cluster has, and a folder unless dir is empty, and
// goes on doing so. The manager's cache must be restricted to the ConfigMaps of
// tealgate's namespace.
func SetupWatch(mgr ctrl.Manager, book *Book, dir string) error {
	w := &watch{book: book, cached: mgr.GetClient(), dir: dir}
	allReplicas := false
	err := ctrl.NewControllerManagedBy(mgr).Named("policies").
		Watches(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(func(context.Context, client.Object) []reconcile.Request {
			return []reconcile.Request{everything}
		}), builder.WithPredicates(ours())).
		WatchesRawSource(source.Func(w.start)).
		WithOptions(controller.Options{NeedLeaderElection: &allReplicas}).
		Complete(w)
	if err != nil {
		return fmt.Errorf("policies: %w", err)
	}
	return mgr.Add(&reporter{book: book, events: mgr.GetEventRecorder("tealgate")})
}

// IsPolicy says whether a ConfigMap of tealgate's namespace holds policy.
func IsPolicy(configMap client.Object) bool {
	return configMap.GetLabels()[v1alpha1.LabelPolicy] == v1alpha1.PolicyTrue && !IsSettings(configMap)
}

// IsSettings says whether a ConfigMap of tealgate's namespace holds the settings.
func IsSettings(configMap client.Object) bool { return configMap.GetName() == settings.ConfigMapName }

// ours lets pass what concerns a ConfigMap that is a source, or was one.
func ours() predicate.Predicate {
	is := func(object client.Object) bool { return IsPolicy(object) || IsSettings(object) }
	only := predicate.NewPredicateFuncs(is)
	return predicate.Funcs{
		CreateFunc: only.Create, DeleteFunc: only.Delete, GenericFunc: only.Generic,
		UpdateFunc: func(e event.UpdateEvent) bool { return is(e.ObjectOld) || is(e.ObjectNew) },
	}
}

// start asks for the first load, which comes also where there is no source, and
// follows the folder.
func (w *watch) start(ctx context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	queue.Add(everything)
	if w.dir == "" {
		return nil
	}
	log := logf.FromContext(ctx)
	go follow(ctx, w.dir, func(err error) {
		if err != nil {
			log.Error(err, "watching policies; the folder is read every so often all the same", "folder", w.dir, "every", resync.String())
		}
		queue.AddAfter(everything, debounce)
	})
	return nil
}

// Reconcile loads everything.
func (w *watch) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	wanted, err := w.read(ctx)
	if err != nil {
		return reconcile.Result{}, err
	}
	again, err := w.book.Load(ctx, wanted)
	if err != nil {
		return reconcile.Result{}, err
	}
	if again || w.dir != "" {
		return reconcile.Result{RequeueAfter: resync}, nil
	}
	return reconcile.Result{}, nil
}

func (w *watch) read(ctx context.Context) (Wanted, error) {
	var configMaps corev1.ConfigMapList
	if err := w.cached.List(ctx, &configMaps, client.InNamespace(v1alpha1.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return Wanted{}, err
	}
	wanted := wantedOf(configMaps.Items)
	if w.dir != "" {
		folder, err := ReadDir(w.dir)
		if err != nil {
			folder = Unreadable(FolderName(w.dir), err)
		}
		wanted.Sources = append(wanted.Sources, folder)
	}
	return wanted, nil
}

func wantedOf(configMaps []corev1.ConfigMap) Wanted {
	var wanted Wanted
	for i := range configMaps {
		switch configMap := &configMaps[i]; {
		case IsSettings(configMap):
			source := FromSettings(configMap)
			wanted.Settings = &source
		case IsPolicy(configMap):
			wanted.Sources = append(wanted.Sources, FromConfigMap(configMap))
		}
	}
	return wanted
}
