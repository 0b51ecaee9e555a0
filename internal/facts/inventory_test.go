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

// claimReads counts how often claims are read.
type claimReads struct {
	client.Reader

	count int
}

func (r *claimReads) List(_ context.Context, list client.ObjectList, _ ...client.ListOption) error {
	r.count++
	list.(*corev1.PersistentVolumeClaimList).Items = []corev1.PersistentVolumeClaim{{
		ObjectMeta: metav1.ObjectMeta{Name: "files"},
		Spec:       corev1.PersistentVolumeClaimSpec{AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}},
	}}
	return nil
}

// mounting is a Deployment of the application shop that mounts the claim files.
func mounting(name, c string) *appsv1.Deployment {
	deployment := side(name, map[string]string{"app": "shop", "tealgate.dev/color": c})
	deployment.Spec.Template.Spec.Volumes = []corev1.Volume{{VolumeSource: corev1.VolumeSource{
		PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "files"},
	}}}
	return deployment
}

func TestInventory(t *testing.T) {
	ending := mounting("shop-old", "blue")
	ending.DeletionTimestamp = &metav1.Time{}
	reads := &claimReads{}
	all := []*appsv1.Deployment{mounting("shop-green", "green"), mounting("shop-blue", "blue"), ending, side("cart", map[string]string{"app": "cart"})}
	inventory := NewInventory(reads, all, all,
		[]*corev1.Service{live("shop", map[string]string{"app": "shop"})})

	var names []string
	claims := map[string][]Claim{}
	for _, deployment := range inventory.Deployments {
		names = append(names, deployment.Kind+" "+deployment.Name)
		around, err := inventory.ForDeployment(t.Context(), deployment)
		require.NoError(t, err)
		around, err = inventory.Attached(t.Context(), deployment, nil, around)
		require.NoError(t, err)
		claims[deployment.Name] = around.Claims
	}
	assert.Equal(t, []string{"Deployment cart", "Deployment shop-blue", "Deployment shop-green"}, names)
	shared := []Claim{{Name: "files", AccessModes: []string{"ReadWriteOnce"}}}
	assert.Equal(t, map[string][]Claim{"cart": {}, "shop-blue": shared, "shop-green": shared}, claims)
	assert.Equal(t, 1, reads.count, "for all of them together")

	_, err := inventory.ForService(t.Context(), live("shop", map[string]string{"app": "shop"}), nil)
	assert.ErrorContains(t, err, "*v1.PodList is not read for an inventory")
}
