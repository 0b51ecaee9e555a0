package adopt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/traffic"
)

// PlanEject prints the steps of the way out and changes nothing.
func (a App) PlanEject(ctx context.Context, options Options) error {
	now, live, err := a.ejectable(ctx, options)
	if err != nil {
		return err
	}
	a.announceEject(now, live, options)
	list(options.Out, a.ejection(now, live, options), now)
	return nil
}

// Eject performs the steps, and prints what Git needs afterwards.
func (a App) Eject(ctx context.Context, options Options) error {
	now, live, err := a.ejectable(ctx, options)
	if err != nil {
		return err
	}
	a.announceEject(now, live, options)
	if err := a.run(ctx, a.ejection(now, live, options), options); err != nil {
		return err
	}
	if now, err = a.read(ctx); err != nil {
		return err
	}
	return a.forGit(now, options)
}

// ejectable reads the application, and which color serves. The zero value says that no
// colored Deployment is left.
func (a App) ejectable(ctx context.Context, options Options) (*state, color.Color, error) {
	now, err := a.read(ctx)
	if err != nil {
		return nil, "", err
	}
	live := color.Color("")
	for _, service := range now.services {
		c, _ := color.Parse(service.Spec.Selector[v1alpha1.LabelColor])
		if live != "" && c != "" && c != live {
			return nil, "", fmt.Errorf("the Services %s do not send traffic to one color", names(now.services))
		}
		if c != "" {
			live = c
		}
	}
	for c := range now.sides {
		if live == "" && len(now.sides) == 1 {
			live = c
		}
	}
	phase := v1alpha1.Phase("")
	if now.blueGreen != nil {
		phase = now.blueGreen.Status.Phase
	}
	switch {
	case now.hidden:
		return nil, "", fmt.Errorf("you may not list the BlueGreens of namespace %s, and one of them could move the traffic meanwhile", a.Namespace)
	case len(now.services) == 0:
		return nil, "", fmt.Errorf("no Service sends traffic to %s", a.Name)
	case len(now.others) > 0:
		return nil, "", fmt.Errorf("without its color Service %s would send traffic to Deployment %s too: delete that, or narrow the selector first",
			names(now.services), strings.Join(now.others, ", "))
	case phase != "" && phase != v1alpha1.PhaseIdle:
		return nil, "", fmt.Errorf("BlueGreen %s is in phase %s: let the release end, or roll it back", now.blueGreen.Name, phase)
	case len(now.sides) > 0 && (live == "" || now.sides[live] == nil):
		return nil, "", fmt.Errorf("nobody can say which color of %s serves: Service %s names none that is there", a.Name, names(now.services))
	case live != "" && now.sides[live].Name == a.Name:
		return nil, "", fmt.Errorf("the Deployment that serves is called %s itself, and its selector cannot lose the color: "+
			"release the other color and run this again", a.Name)
	case now.guarded() && options.BreakGlass == "":
		return nil, "", fmt.Errorf("tealgate guards namespace %s (mode %s) and would give Service %s its color back. Nothing was changed. "+
			"Take the mode away first (kubectl label namespace %s %s-, which takes the verb loosen-mode), "+
			"or say why with --break-glass REASON, which takes the verb break-glass",
			a.Namespace, now.mode, names(now.services), a.Namespace, v1alpha1.LabelMode)
	}
	return now, live, nil
}

func (a App) announceEject(now *state, live color.Color, options Options) {
	if live == "" {
		return
	}
	fmt.Fprintf(options.Out, "The pods of Deployment %s are replaced once: a copy without a color, %s, starts its pods beside,\n"+
		"and the old ones end afterwards. The cluster needs room for %d more pods. The other color is\n"+
		"deleted first: there is no way back to it.\n\n", now.sides[live].Name, a.Name, replicas(now.sides[live]))
}

// ejection is every step, done or not.
func (a App) ejection(first *state, live color.Color, options Options) []step {
	steps := []step{a.unreleaseStep(), a.unpreviewStep()}
	if live != "" {
		steps = append(steps, a.leaveSteps(first, live, options)...)
	} else {
		steps = append(steps, a.goneStep())
	}
	return append(steps, a.widenStep(options), a.mendStep())
}

func (a App) unreleaseStep() step {
	return step{
		title: "no BlueGreen switches it any more",
		done:  func(now *state) bool { return now.blueGreen == nil },
		do: func(ctx context.Context, now *state) error {
			return client.IgnoreNotFound(a.Client.Delete(ctx, now.blueGreen))
		},
		waiting: func(now *state) string { return fmt.Sprintf("BlueGreen %s is still there", now.blueGreen.Name) },
	}
}

func (a App) unpreviewStep() step {
	return step{
		title: "no preview Service is left",
		done:  func(now *state) bool { return len(now.previews) == 0 },
		do: func(ctx context.Context, now *state) error {
			for _, preview := range now.previews {
				if err := client.IgnoreNotFound(a.Client.Delete(ctx, preview)); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// leaveSteps move the traffic from the color that serves to a Deployment without one.
func (a App) leaveSteps(first *state, live color.Color, options Options) []step {
	at := first.sides[live].Name
	return []step{
		a.retireStep(a.unserved(live.Other()), options),
		{
			title: fmt.Sprintf("Deployment %s stands beside %s, without a color, complete", a.Name, at),
			done: func(now *state) bool {
				if now.plain == nil || now.sides[live] == nil || now.unpinned() {
					return now.plain != nil
				}
				return complete(now.plain) && a.like(now, live) && now.strangers(a.Name) == ""
			},
			do: func(ctx context.Context, now *state) error { return a.uncolored(ctx, now, live) },
			waiting: func(now *state) string {
				if now.plain != nil && complete(now.plain) && now.strangers(a.Name) != "" {
					return now.strangers(a.Name)
				}
				return unready(now.plain, a.Name)
			},
		},
		a.scalerStep(first, at, a.Name),
		{
			title:   fmt.Sprintf("Service %s selects no color; the pods of %s serve too", names(first.services), a.Name),
			done:    func(now *state) bool { return now.unpinned() && now.served() },
			do:      func(ctx context.Context, now *state) error { return a.unpin(ctx, now, options) },
			waiting: a.unserving,
		},
		a.holdStep(live),
		a.narrowStep(first, live, options),
		a.breakStep(live, options),
		a.retireStep(retired{
			name: at,
			find: func(now *state) *appsv1.Deployment { return now.sides[live] },
			may: func(now *state) error {
				switch {
				case !now.narrowed() || !now.alone():
					return errors.New("the Services send it traffic still")
				case !now.served():
					return errors.New(a.unserving(now))
				}
				return nil
			},
			left: func(now *state) int { return now.pods(live) },
		}, options),
	}
}

// unserved is the color that does not serve. It goes first, with its pods: a Service that
// asks for no color would reach them.
func (a App) unserved(c color.Color) retired {
	return retired{
		name: a.side(c), why: ", the color that does not serve",
		find: func(now *state) *appsv1.Deployment { return now.sides[c] },
		may: func(now *state) error {
			if now.serves(now.sides[c]) || now.ready(c) > 0 {
				return errors.New("a Service sends it traffic")
			}
			return nil
		},
		left: func(now *state) int { return now.pods(c) },
	}
}

func (s *state) unpinned() bool {
	for _, service := range s.services {
		if service.Spec.Selector[v1alpha1.LabelColor] != "" {
			return false
		}
	}
	return true
}

// unserving says why the pods without a color could not serve alone.
func (a App) unserving(now *state) string {
	for _, service := range now.services {
		b := now.behind[service.Name]
		if colored := max(b.ready[color.Blue], b.ready[color.Green]); now.plain != nil && colored > b.ready[""] {
			return fmt.Sprintf("the EndpointSlices of Service %s name %d ready pods of Deployment %s and %d with a color", service.Name, b.ready[""], a.Name, colored)
		}
	}
	return fmt.Sprintf("the EndpointSlices do not name the pods of %s yet", a.Name)
}

// plainOf is the copy without a color. Where tealgate would color it, it declines.
func (a App) plainOf(now *state, live color.Color) *appsv1.Deployment {
	made := bare(now.sides[live], a.Name)
	for _, labels := range []map[string]string{made.Labels, made.Spec.Selector.MatchLabels, made.Spec.Template.Labels} {
		delete(labels, v1alpha1.LabelColor)
	}
	if now.guarded() {
		metav1.SetMetaDataAnnotation(&made.ObjectMeta, v1alpha1.AnnotationBlueGreen, v1alpha1.BlueGreenDisabled)
	}
	return made
}

// like says that the copy is as it was made to be, and as large as what serves is by now.
func (a App) like(now *state, live color.Color) bool {
	return replicas(now.plain) >= replicas(now.sides[live]) &&
		apiequality.Semantic.DeepEqual(a.plainOf(now, live).Spec.Template, now.plain.Spec.Template)
}

// uncolored makes the copy, or brings it up to what is deployed by now.
func (a App) uncolored(ctx context.Context, now *state, live color.Color) error {
	switch {
	case now.plain == nil:
		return exists(a.Client.Create(ctx, a.plainOf(now, live), client.FieldOwner(manager)))
	case now.unpinned() || now.sides[live] == nil || a.like(now, live):
		return nil
	}
	now.plain.Spec.Template = a.plainOf(now, live).Spec.Template
	now.plain.Spec.Replicas = new(max(replicas(now.plain), replicas(now.sides[live])))
	return a.Client.Update(ctx, now.plain, client.FieldOwner(manager))
}

// unpin takes the color from the Services once the pods that stay are complete.
func (a App) unpin(ctx context.Context, now *state, options Options) error {
	if now.plain == nil || !complete(now.plain) {
		return errors.New(unready(now.plain, a.Name))
	}
	if why := now.strangers(a.Name); why != "" {
		return errors.New(why)
	}
	for _, service := range now.services {
		if service.Spec.Selector[v1alpha1.LabelColor] == "" {
			continue
		}
		wanted := maps.Clone(service.Spec.Selector)
		delete(wanted, v1alpha1.LabelColor)
		if err := a.settle(ctx, service, wanted, traffic.Unpin(ctx, a.Client, service, glass(now, options))); err != nil {
			return err
		}
	}
	return nil
}

// forGit prints what Git has to say from now on.
func (a App) forGit(now *state, options Options) error {
	if now.plain == nil {
		return nil
	}
	fmt.Fprintln(options.Out, "\nGit needs this from now on:")
	deployment := bare(now.plain, a.Name)
	deployment.TypeMeta = metav1.TypeMeta{APIVersion: "apps/v1", Kind: "Deployment"}
	objects := []any{deployment}
	for _, service := range now.services {
		objects = append(objects, &corev1.Service{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
			ObjectMeta: metav1.ObjectMeta{Namespace: service.Namespace, Name: service.Name, Labels: service.Labels},
			Spec:       corev1.ServiceSpec{Type: service.Spec.Type, Selector: service.Spec.Selector, Ports: service.Spec.Ports},
		})
	}
	for _, object := range objects {
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(object)
		if err != nil {
			return err
		}
		delete(content, "status")
		text, err := yaml.Marshal(content)
		if err != nil {
			return err
		}
		fmt.Fprintf(options.Out, "---\n%s", text)
	}
	return nil
}
