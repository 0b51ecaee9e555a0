package offline

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
)

// cluster answers what the webhooks ask a cluster, from the given objects. Nothing
// runs in it: there are no pods, no endpoints and nobody who asks. The BlueGreens are those
// of the files.
type cluster struct {
	*facts.Snapshot

	claims map[types.NamespacedName]facts.Claim
}

func newCluster() *cluster {
	return &cluster{facts.NewSnapshot(), map[types.NamespacedName]facts.Claim{}}
}

func (c *cluster) addClaim(claim *corev1.PersistentVolumeClaim) {
	c.claims[types.NamespacedName{Namespace: claim.Namespace, Name: claim.Name}] = facts.NewClaim(claim)
}

// ForDeployment implements admission.Facts.
func (c *cluster) ForDeployment(_ context.Context, deployment *appsv1.Deployment) (facts.Facts, error) {
	return c.Around(deployment), nil
}

// ForService implements admission.Facts: no pods.
func (c *cluster) ForService(context.Context, *corev1.Service, *corev1.Service) (facts.Facts, error) {
	return facts.None(), nil
}

// Behind implements admission.Facts: a Deployment of the files is judged itself, and
// nothing is said twice.
func (c *cluster) Behind(context.Context, *corev1.Service) ([]facts.Behind, error) { return nil, nil }

// OnlyColor implements admission.Facts: a Service without pods stays as it is.
func (c *cluster) OnlyColor(context.Context, *corev1.Service) (color.Color, bool, error) {
	return "", false, nil
}

// Attached implements admission.Facts with the claims that the files hold. Whether
// another one exists, or any ConfigMap that they do not hold, is not known offline, and
// rules pass where they cannot know. A ConfigMap that they do hold is no finding.
func (c *cluster) Attached(_ context.Context, deployment, _ *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error) {
	for _, name := range facts.SharedClaims(deployment, gathered.Pair) {
		if claim, ok := c.claims[types.NamespacedName{Namespace: deployment.Namespace, Name: name}]; ok {
			gathered.Claims = append(gathered.Claims, claim)
		}
	}
	return gathered, nil
}

// Traffic implements admission.Facts: nothing runs, so nothing carries traffic.
func (c *cluster) Traffic(_ context.Context, _ string, _ facts.Touched, gathered facts.Facts) (facts.Facts, error) {
	return gathered, nil
}

// CarriersNow implements admission.Facts, like Traffic.
func (c *cluster) CarriersNow(context.Context, string, map[string]string) ([]facts.Carrier, error) {
	return []facts.Carrier{}, nil
}

// Abreast implements admission.Facts: the files are all there at once.
func (c *cluster) Abreast(_ context.Context, _ *appsv1.Deployment, gathered facts.Facts) (facts.Facts, error) {
	return gathered, nil
}

// Scaled implements admission.Facts: nothing is scaled offline.
func (c *cluster) Scaled(context.Context, string, string) (*facts.Scaled, error) {
	return nil, nil //nolint:nilnil // as the interface says: there is none
}

// StillThere implements admission.Facts: nothing is deleted offline.
func (c *cluster) StillThere(context.Context, string, string) (bool, error) { return true, nil }

// SideBySide implements admission.Facts: nothing runs.
func (c *cluster) SideBySide(context.Context, string) ([]facts.Versions, error) {
	return []facts.Versions{}, nil
}

// Terminating implements admission.Facts: nothing is deleted offline.
func (c *cluster) Terminating(context.Context, string) (bool, error) { return false, nil }

// RanBefore implements admission.Facts: what is created never ran.
func (c *cluster) RanBefore(context.Context, *appsv1.Deployment) (facts.Past, error) {
	return facts.Past{}, nil
}

// MayExempt implements admission.Facts: nobody asks.
func (c *cluster) MayExempt(context.Context, string, string, []string) (bool, error) {
	return false, nil
}

// Switched implements admission.Facts: nothing is switched.
func (c *cluster) Switched(context.Context, *corev1.Service, *corev1.Service) (string, error) {
	return "", nil
}

// MayBreakGlass implements admission.Facts: nobody asks.
func (c *cluster) MayBreakGlass(context.Context, string, string, []string) (bool, error) {
	return false, nil
}
