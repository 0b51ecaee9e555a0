package rulebook

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/settings"
)

// ReadCluster reads what a cluster wants to be in force, live, for somebody who asks
// from outside. A folder that tealgate loads beside it is not seen.
func ReadCluster(ctx context.Context, live client.Reader) (Wanted, error) {
	var configMaps corev1.ConfigMapList
	err := live.List(ctx, &configMaps, client.InNamespace(v1alpha1.Namespace),
		client.MatchingLabels{v1alpha1.LabelPolicy: v1alpha1.PolicyTrue})
	if err != nil {
		return Wanted{}, err
	}
	wanted := wantedOf(configMaps.Items)
	var configMap corev1.ConfigMap
	err = live.Get(ctx, client.ObjectKey{Namespace: v1alpha1.Namespace, Name: settings.ConfigMapName}, &configMap)
	switch {
	case apierrors.IsNotFound(err):
		return wanted, nil
	case err != nil:
		return Wanted{}, err
	}
	source := FromSettings(&configMap)
	wanted.Settings = &source
	return wanted, nil
}
