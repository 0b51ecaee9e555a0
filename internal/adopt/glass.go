package adopt

import (
	"context"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
)

// glassFor is how long broken glass is asked for. It is taken away when all is done.
const glassFor = 10 * time.Minute

func glass(now *state, options Options) map[string]string {
	if !now.guarded() {
		return nil
	}
	until := options.now().Add(glassFor + options.Drain).UTC().Format(time.RFC3339)
	return map[string]string{v1alpha1.AnnotationBreakGlass: options.BreakGlass + " until " + until}
}

func (o Options) now() time.Time {
	if o.Now != nil {
		return o.Now()
	}
	return time.Now()
}

// breakStep lets the Deployment that served go, where tealgate would hold it: while its
// pods stand behind a Service without a color, they count as live.
func (a App) breakStep(live color.Color, options Options) step {
	return step{
		title: "tealgate lets it go",
		done: func(now *state) bool {
			return !now.guarded() || now.sides[live] == nil || broken(now.sides[live], options)
		},
		do: func(ctx context.Context, now *state) error {
			side := now.sides[live]
			for key, value := range glass(now, options) {
				metav1.SetMetaDataAnnotation(&side.ObjectMeta, key, value)
			}
			return a.Client.Update(ctx, side, client.FieldOwner(manager))
		},
	}
}

// broken says that what was written by an earlier run is good for a while still.
func broken(side *appsv1.Deployment, options Options) bool {
	_, until, _ := strings.Cut(side.Annotations[v1alpha1.AnnotationBreakGlass], " until ")
	end, err := time.Parse(time.RFC3339, until)
	return err == nil && end.After(options.now().Add(options.Drain+time.Minute))
}

// mendStep takes the broken glass away.
func (a App) mendStep() step {
	return step{
		title: "no Service carries broken glass",
		done: func(now *state) bool {
			for _, service := range now.services {
				if service.Annotations[v1alpha1.AnnotationBreakGlass] != "" {
					return false
				}
			}
			return true
		},
		do: func(ctx context.Context, now *state) error {
			for _, service := range now.services {
				before := client.MergeFrom(service.DeepCopy())
				delete(service.Annotations, v1alpha1.AnnotationBreakGlass)
				if err := a.Client.Patch(ctx, service, before, client.FieldOwner(manager)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}
