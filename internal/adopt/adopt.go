package adopt

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/traffic"
)

// born is the color that an adopted application begins with.
const born = color.Blue

// Plan prints the steps of an adoption, after it has asked the API server whether it
// would admit the copy. It changes nothing.
func (a App) Plan(ctx context.Context, options Options) error {
	now, err := a.adoptable(ctx)
	if err != nil {
		return err
	}
	a.announce(now, options)
	list(options.Out, a.adoption(now, options), now)
	if now.plain == nil || now.sides[born] != nil {
		return nil
	}
	dry := client.NewDryRunClient(a.Client)
	if err := dry.Create(ctx, colored(now.plain, a.Name)); err != nil {
		return fmt.Errorf("step 1 would be refused: %w", err)
	}
	return nil
}

// Adopt performs the steps.
func (a App) Adopt(ctx context.Context, options Options) error {
	now, err := a.adoptable(ctx)
	if err != nil {
		return err
	}
	a.announce(now, options)
	if err := a.run(ctx, a.adoption(now, options), options); err != nil {
		return err
	}
	fmt.Fprintf(options.Out, "\nGit stays as it is, without a color: apply it through kubectl tealgate render.\n")
	if now.mode != v1alpha1.ModeEnforce {
		fmt.Fprintf(options.Out, "Namespace %s is not in enforce. Once it is, run this again: it makes the BlueGreen.\n", a.Namespace)
	}
	return nil
}

// adoptable reads the application and refuses what could not be brought to an end.
func (a App) adoptable(ctx context.Context) (*state, error) {
	now, err := a.read(ctx)
	switch {
	case err != nil:
		return nil, err
	case len(now.services) == 0:
		return nil, fmt.Errorf("no Service sends traffic to Deployment %s: there is nothing to switch", a.Name)
	case len(now.others) > 0:
		return nil, fmt.Errorf("the traffic of Service %s also goes to Deployment %s, which a color would cut off: narrow the selector first",
			names(now.services), strings.Join(now.others, ", "))
	case slices.ContainsFunc(now.services, isNarrow):
		return nil, fmt.Errorf("the selector of Service %s asks for %s: if eject was interrupted, run it again to its end; "+
			"otherwise take that from the selector", names(now.services), traffic.TemplateHash)
	case now.plain == nil:
		return now, nil
	case now.plain.Spec.Template.Annotations[v1alpha1.AnnotationTraffic] == v1alpha1.TrafficNone,
		now.plain.Annotations[v1alpha1.AnnotationBlueGreen] == v1alpha1.BlueGreenDisabled:
		return nil, fmt.Errorf("Deployment %s declines colors by an annotation of tealgate: take that away first", a.Name) //nolint:staticcheck // a name
	case now.sides[color.Green] != nil:
		return nil, fmt.Errorf("there are Deployment %s without a color and %s with one: nobody can say which of them is to serve",
			a.Name, now.sides[color.Green].Name)
	}
	for _, service := range now.services {
		if c := service.Spec.Selector[v1alpha1.LabelColor]; c != "" && c != string(born) {
			return nil, fmt.Errorf("the selector of Service %s asks for %s already", service.Name, c)
		}
	}
	return now, nil
}

func (a App) announce(now *state, options Options) {
	if now.plain == nil {
		return
	}
	fmt.Fprintf(options.Out, "The pods of Deployment %s are replaced once: its selector cannot take a color, so a copy, %s,\n"+
		"starts its pods beside and the old ones end afterwards. Both answer for a moment, in the same\nversion. "+
		"The cluster needs room for %d more pods. Stop GitOps and pipelines for %s meanwhile.\n\n",
		a.Name, a.side(born), replicas(now.plain), a.Name)
}

func (a App) side(c color.Color) string { return a.Name + "-" + string(c) }

// adoption is every step, done or not.
func (a App) adoption(first *state, options Options) []step {
	// A Deployment of the bare name may carry the color already.
	live := a.side(born)
	for c, side := range first.sides {
		if first.plain == nil && (len(first.sides) == 1 || selects(first, c)) {
			live = side.Name
		}
	}
	steps := []step{
		{
			title: fmt.Sprintf("Deployment %s stands beside %s, complete", live, a.Name),
			done: func(now *state) bool {
				side := now.named(live)
				return side != nil && complete(side) && (now.plain == nil || now.pinned() || same(now.plain, side, a.Name) && now.joined(side))
			},
			do: a.copy,
			waiting: func(now *state) string {
				if side := now.named(live); side != nil && complete(side) {
					return fmt.Sprintf("the EndpointSlices do not name all pods of %s yet", live)
				}
				return unready(now.named(live), live)
			},
		},
		{
			title:   fmt.Sprintf("Service %s selects the color; the pods of %s alone serve", names(first.services), live),
			done:    func(now *state) bool { return now.pinned() && now.moved() },
			do:      func(ctx context.Context, now *state) error { return a.pin(ctx, now, live) },
			waiting: func(*state) string { return "the EndpointSlices still name pods of another color" },
		},
		a.scalerStep(first, a.Name, live),
		a.retireStep(retired{
			name: a.Name,
			find: func(now *state) *appsv1.Deployment { return now.plain },
			may: func(now *state) error {
				if !now.pinned() || !now.moved() {
					return errors.New("the Services send it traffic still")
				}
				return nil
			},
		}, options),
		{
			title: fmt.Sprintf("Service %s-preview shows the idle color", first.services[0].Name),
			done:  func(now *state) bool { return len(now.previews) >= len(now.services) },
			do:    a.previews,
		},
	}
	if first.kind && first.mode == v1alpha1.ModeEnforce {
		steps = append(steps, step{
			title: fmt.Sprintf("BlueGreen %s releases it from now on", a.Name),
			done:  func(now *state) bool { return now.blueGreen != nil },
			do: func(ctx context.Context, now *state) error {
				return exists(a.Client.Create(ctx, a.BlueGreen(now.services)))
			},
		})
	}
	return steps
}

func (s *state) named(name string) *appsv1.Deployment {
	for _, side := range s.sides {
		if side.Name == name {
			return side
		}
	}
	return nil
}

// pinned says that each Service names a color.
func (s *state) pinned() bool {
	for _, service := range s.services {
		if service.Spec.Selector[v1alpha1.LabelColor] == "" {
			return false
		}
	}
	return true
}

// moved says that no Service has an endpoint beside its color.
func (s *state) moved() bool {
	for _, service := range s.services {
		for c, ready := range s.behind[service.Name].ready {
			if ready > 0 && string(c) != service.Spec.Selector[v1alpha1.LabelColor] {
				return false
			}
		}
	}
	return true
}

func selects(now *state, c color.Color) bool {
	return now.services[0].Spec.Selector[v1alpha1.LabelColor] == string(c)
}

// copy makes the side, or brings it up to what is deployed by now.
func (a App) copy(ctx context.Context, now *state) error {
	side := now.sides[born]
	switch {
	case now.plain == nil:
		return nil // it is there, and only has to become complete
	case side == nil:
		return exists(a.Client.Create(ctx, colored(now.plain, a.Name), client.FieldOwner(manager)))
	case now.pinned():
		return nil
	case same(now.plain, side, a.Name) && replicas(side) >= replicas(now.plain):
		return nil
	}
	side.Spec.Template = *colored(now.plain, a.Name).Spec.Template.DeepCopy()
	side.Spec.Replicas = new(max(replicas(side), replicas(now.plain)))
	return a.Client.Update(ctx, side, client.FieldOwner(manager))
}

// manager is the field manager of what is made here.
const manager = "kubectl-tealgate"

// colored is the copy of a Deployment that has a color. Who deployed it is recorded anew.
func colored(plain *appsv1.Deployment, name string) *appsv1.Deployment {
	made := bare(plain, name+"-"+string(born))
	for _, labels := range []*map[string]string{&made.Labels, &made.Spec.Selector.MatchLabels, &made.Spec.Template.Labels} {
		*labels = withColor(*labels, born)
	}
	return made
}

// bare is a Deployment as a manifest would have it, under another name.
func bare(of *appsv1.Deployment, name string) *appsv1.Deployment {
	made := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: of.Namespace, Name: name, Labels: maps.Clone(of.Labels), Annotations: maps.Clone(of.Annotations),
		},
		Spec: *of.Spec.DeepCopy(),
	}
	for _, key := range []string{
		corev1.LastAppliedConfigAnnotation, "deployment.kubernetes.io/revision",
		v1alpha1.AnnotationDeployedBy, v1alpha1.AnnotationColorFrom, v1alpha1.AnnotationBreakGlass,
	} {
		delete(made.Annotations, key)
	}
	made.Spec.Paused = false
	return made
}

func withColor(labels map[string]string, c color.Color) map[string]string {
	labels = maps.Clone(labels)
	if labels == nil {
		labels = map[string]string{}
	}
	labels[v1alpha1.LabelColor] = string(c)
	return labels
}

func same(plain, side *appsv1.Deployment, name string) bool {
	return apiequality.Semantic.DeepEqual(colored(plain, name).Spec.Template, side.Spec.Template)
}

// pin gives each Service the color. The patch tests that the selector is still the one
// that was looked at, and no field manager stays the owner of it.
func (a App) pin(ctx context.Context, now *state, live string) error {
	side := now.named(live)
	c, ok := color.Parse(side.Spec.Template.Labels[v1alpha1.LabelColor])
	if !ok {
		return fmt.Errorf("Deployment %s carries no color on its pods", live) //nolint:staticcheck // a name
	}
	for _, service := range now.services {
		if service.Spec.Selector[v1alpha1.LabelColor] != "" {
			continue
		}
		if ready := now.behind[service.Name].ready; ready[c] < ready[""] {
			return fmt.Errorf("the slices of Service %s name %d ready pods of %s and %d without a color", service.Name, ready[c], c, ready[""])
		}
		wanted := withColor(service.Spec.Selector, c)
		if err := a.settle(ctx, service, wanted, traffic.Pin(ctx, a.Client, service, c)); err != nil {
			return err
		}
	}
	return nil
}

// settle takes for done what selects as it was to. tealgate in the cluster gives up
// what its field manager owns too, and may be the faster one.
func (a App) settle(ctx context.Context, service *corev1.Service, wanted map[string]string, err error) error {
	for range 5 {
		if err == nil {
			return nil
		}
		var now corev1.Service
		if again := a.Client.Get(ctx, client.ObjectKeyFromObject(service), &now); again != nil {
			return errors.Join(err, again)
		}
		if !maps.Equal(now.Spec.Selector, wanted) {
			return err
		}
		err = traffic.Disown(ctx, a.Client, &now)
	}
	return err
}

// previews makes one for each Service, on the idle color.
func (a App) previews(ctx context.Context, now *state) error {
	for _, preview := range Previews(now.services) {
		if err := exists(a.Client.Create(ctx, preview, client.FieldOwner(manager))); err != nil {
			return err
		}
	}
	return nil
}

// Previews are the Services that show the color which does not serve.
func Previews(services []*corev1.Service) []*corev1.Service {
	var made []*corev1.Service
	for _, service := range services {
		live, _ := color.Parse(service.Spec.Selector[v1alpha1.LabelColor])
		if live == "" {
			live = born
		}
		preview := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: service.Namespace, Name: service.Name + "-preview",
				Labels: map[string]string{v1alpha1.LabelRole: v1alpha1.RolePreview},
			},
			Spec: corev1.ServiceSpec{Selector: withColor(service.Spec.Selector, live.Other())},
		}
		for _, port := range service.Spec.Ports {
			port.NodePort = 0
			preview.Spec.Ports = append(preview.Spec.Ports, port)
		}
		made = append(made, preview)
	}
	return made
}

// BlueGreen is the one that releases the application, with what the kind takes for
// granted.
func (a App) BlueGreen(services []*corev1.Service) *v1alpha1.BlueGreen {
	made := &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{Namespace: a.Namespace, Name: a.Name}}
	for _, service := range services {
		made.Spec.Services = append(made.Spec.Services, v1alpha1.ServicePair{
			Name: service.Name, Preview: &v1alpha1.ServiceReference{Name: service.Name + "-preview"},
		})
	}
	return made
}

// exists takes for done what an earlier run did.
func exists(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// joined says whether the pods of a Deployment with a color take traffic beside those
// without, as many at least, behind every Service.
func (s *state) joined(side *appsv1.Deployment) bool {
	c := color.Color(side.Spec.Template.Labels[v1alpha1.LabelColor])
	for _, b := range s.behind {
		if b.ready[c] < b.ready[""] {
			return false
		}
	}
	return true
}

func unready(d *appsv1.Deployment, name string) string {
	if d == nil {
		return fmt.Sprintf("Deployment %s is not there", name)
	}
	return fmt.Sprintf("Deployment %s has %d of %d pods ready", name, d.Status.ReadyReplicas, replicas(d))
}

func replicas(d *appsv1.Deployment) int32 {
	if d.Spec.Replicas == nil {
		return 1
	}
	return *d.Spec.Replicas
}

// serves says whether one of the Services selects the pods of a Deployment.
func (s *state) serves(d *appsv1.Deployment) bool {
	for _, service := range s.services {
		if facts.Selects(service, d.Spec.Template.Labels) {
			return true
		}
	}
	return false
}
