package facts

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// attachments has one claim, files, and one ConfigMap, config. It counts what is read.
type attachments struct {
	client.Reader

	reads []string
	// before is how many pages of other claims come first.
	before int
}

func (a *attachments) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	switch list := list.(type) {
	case *corev1.PersistentVolumeClaimList:
		a.reads = append(a.reads, "claims")
		if len(a.reads) <= a.before {
			list.Continue = "more"
			return nil
		}
		list.Items = []corev1.PersistentVolumeClaim{{ObjectMeta: metav1.ObjectMeta{Name: "files"}}}
	case *metav1.PartialObjectMetadataList:
		a.reads = append(a.reads, "configmaps")
		list.Items = []metav1.PartialObjectMetadata{{ObjectMeta: metav1.ObjectMeta{Name: "config"}}}
	}
	return nil
}

// TestAttachedLeavesOutWhatOnlyWarns: the claims are read whatever was before, the ConfigMaps
// only within bounds, which leave an update one read for whether it goes back.
func TestAttachedLeavesOutWhatOnlyWarns(t *testing.T) {
	deployment := mounting("shop-green", "green")
	deployment.Spec.Template.Spec.Containers = []corev1.Container{{EnvFrom: []corev1.EnvFromSource{
		{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "config"}}},
	}}}
	sharing := []Deployment{{Name: "shop-blue", Claims: []string{"files"}}}
	for name, test := range map[string]struct {
		reason string
		old    *appsv1.Deployment
		before int
		pair   []Deployment
		want   []string
		spare  bool
	}{
		"NewAndAlone":    {"all that there is", nil, 2, nil, []string{"configmaps"}, false},
		"NewAndMuch":     {"nothing is left for a warning", nil, 3, nil, nil, false},
		"New":            {"both", nil, 0, sharing, []string{"claims", "configmaps"}, true},
		"NewAndShared":   {"the claims decide", nil, 2, sharing, []string{"claims"}, false},
		"Updated":        {"one is left", side("shop-green", nil), 1, nil, []string{"configmaps"}, true},
		"UpdatedAndMuch": {"it is for the ReplicaSets", side("shop-green", nil), 2, nil, nil, true},
		"UpdatedShared":  {"the same", side("shop-green", nil), 1, sharing, []string{"claims"}, true},
		"TheException":   {"the claims decide", side("shop-green", nil), 3, sharing, []string{"claims"}, false},
		"Unchanged":      {"nothing is asked", deployment.DeepCopy(), 0, sharing, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			gathered, live := None(), &attachments{}
			gathered.Pair, gathered.Reads = test.pair, test.before
			got, err := New(Options{Live: live}).Attached(t.Context(), deployment, test.old, gathered)
			require.NoError(t, err)
			assert.Equal(t, test.want, live.reads, test.reason)
			assert.Equal(t, test.before+len(test.want), got.Reads)
			assert.Equal(t, test.spare, got.Spare())
		})
	}
}

// TestClaimsBehindThePage holds that a shared claim is seen wherever it stands in the list.
func TestClaimsBehindThePage(t *testing.T) {
	gathered := None()
	gathered.Pair = []Deployment{{Name: "shop-blue", Claims: []string{"files"}}}
	deployment := mounting("shop-green", "green")

	live := &attachments{before: 1}
	got, err := New(Options{Live: live}).Attached(t.Context(), deployment, nil, gathered)
	require.NoError(t, err)
	assert.Equal(t, []Claim{{Name: "files", AccessModes: []string{}}}, got.Claims)
	assert.Equal(t, 2, got.Reads)

	once := &attachments{before: 1}
	all := []*appsv1.Deployment{mounting("shop-blue", "blue"), deployment}
	inventory := NewInventory(once, all, all, nil)
	for range 2 {
		got, err = inventory.Attached(t.Context(), deployment, nil, gathered)
		require.NoError(t, err)
		assert.Len(t, got.Claims, 1)
	}
	assert.Equal(t, []string{"claims", "claims"}, once.reads, "both pages, once")

	_, err = New(Options{Live: &attachments{before: maxPages}}).Attached(t.Context(), deployment, nil, gathered)
	assert.EqualError(t, err, "namespace shop has more than 5000 PersistentVolumeClaims")
}
