package controller

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

// refusing is a cluster in which one Service cannot be written.
type refusing struct {
	client.Client
	refused string
	written []string
}

func (c *refusing) Patch(_ context.Context, object client.Object, _ client.Patch, _ ...client.PatchOption) error {
	if object.GetName() == c.refused {
		return errors.New("admission webhook refuses it")
	}
	c.written = append(c.written, object.GetName())
	return nil
}

// TestMove: on the way to the new color the first that cannot be written stops the others;
// on the way back each goes for itself.
func TestMove(t *testing.T) {
	for name, test := range map[string]struct {
		phase release.Phase
		want  []string
	}{
		"ThereStops": {release.Switching, nil},
		"BackGoesOn": {release.RollingBack, []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := &refusing{refused: "a"}
			s := &sight{bg: &v1alpha1.BlueGreen{}, services: map[string]*corev1.Service{}}
			s.observed.State.Phase = test.phase
			for _, name := range []string{"a", "b"} {
				s.services[name] = &corev1.Service{
					ObjectMeta: metav1.ObjectMeta{Name: name},
					Spec:       corev1.ServiceSpec{Selector: map[string]string{v1alpha1.LabelColor: "green"}},
				}
			}
			r := &Releaser{client: cluster}
			err := r.move(t.Context(), s, release.Move{Services: []string{"a", "b"}, To: color.Blue}, "")
			require.ErrorContains(t, err, "admission webhook refuses it")
			assert.Equal(t, test.want, cluster.written)
		})
	}
}
