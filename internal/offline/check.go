package offline

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// Options says how to judge. Edition is required.
type Options struct {
	Edition  admission.Edition
	Language policy.Language
}

// Result is what a check found.
type Result struct {
	// Checked are the Deployments and Services, in the order of the input.
	Checked []Checked
	// Others counts the objects that no rule is about.
	Others int
	// Files counts the files that were read.
	Files      int
	Unreadable []Unreadable
}

// Checked is one object with what is said about it.
type Checked struct {
	Kind, Namespace, Name string
	// Position is where the object begins.
	Position Position
	// Input is where a rendered object was read; Position is then in its template's
	// name. Zero for others.
	Input Position
	// Denial is the text of the refusal at admission, empty for an object that is
	// admitted. It has all problems, where admission shows the first five.
	Denial string
	// Findings has those that deny first, then those that warn, then advice.
	Findings []Finding
	// Warnings and Advice have a line for each finding of their kind.
	Warnings, Advice []string
	// Told are lines about what tealgate adds when the object is admitted.
	Told []string
	// Exempt are findings that exemptions in the manifest cover, and Exemptions is the
	// line about those, empty without any. Who may give them is not known here.
	Exempt     []Excused
	Exemptions string
	// Unmanaged says that the settings leave the object alone.
	Unmanaged bool

	object *Object
	// stored is the object as it would be stored.
	stored *unstructured.Unstructured
}

// Finding is one thing that a rule found.
type Finding struct {
	admission.Finding

	// Position is where the field stands, or what is nearest to it.
	Position Position
}

// Excused is a finding that an exemption covers.
type Excused struct {
	admission.Excused

	// Position is as that of a Finding.
	Position Position
}

// Denied says that the object would be refused in enforce.
func (c Checked) Denied() bool { return c.Denial != "" }

// Notes are lines that say nothing of problems.
func (c Checked) Notes() []string {
	if c.Exemptions == "" {
		return c.Told
	}
	return append(slices.Clone(c.Told), c.Exemptions)
}

// Denied counts the objects that would be refused in enforce.
func (r *Result) Denied() int {
	count := 0
	for _, checked := range r.Checked {
		if checked.Denied() {
			count++
		}
	}
	return count
}

// Unmanaged counts the objects that the settings leave alone.
func (r *Result) Unmanaged() int {
	count := 0
	for _, checked := range r.Checked {
		if checked.Unmanaged {
			count++
		}
	}
	return count
}

// Exempt counts the findings that exemptions cover.
func (r *Result) Exempt() int {
	count := 0
	for _, checked := range r.Checked {
		count += len(checked.Exempt)
	}
	return count
}

// Findings counts those of an action.
func (r *Result) Findings(action policy.Action) int {
	count := 0
	for _, checked := range r.Checked {
		for _, finding := range checked.Findings {
			if finding.Action == action {
				count++
			}
		}
	}
	return count
}

// Check judges manifests as if they were all created in one cluster that holds
// nothing else, in enforce. An object that cannot be judged counts as unreadable;
// an error says that the check itself could not go on.
func Check(ctx context.Context, manifests *Manifests, options Options) (*Result, error) {
	options.Language = cmp.Or(options.Language, policy.English)
	c := &checker{cluster: newCluster(), result: &Result{Files: manifests.Files}, language: options.Language}
	c.judge = admission.NewJudge(admission.JudgeOptions{Edition: options.Edition, Facts: c.cluster, Language: options.Language})
	c.unreadable(manifests.Unreadable...)
	subjects := c.gather(manifests.Objects)
	for _, step := range []func(context.Context, *subject) error{c.mutate, c.validate} {
		for _, s := range subjects {
			if s.failed {
				continue
			}
			if err := inTime(ctx, func(ctx context.Context) error { return step(ctx, s) }); err != nil {
				if ctx.Err() != nil {
					return nil, context.Cause(ctx)
				}
				s.failed = true
				position, err := s.object.misfit(err)
				name := fmt.Sprintf("%s %s/%s", s.object.GetKind(), s.object.GetNamespace(), s.object.GetName())
				c.unreadable(Unreadable{position, fmt.Errorf("%s: %w", name, err)})
			}
		}
	}
	return c.result, nil
}

// objectDeadline bounds what one object may cost. The webhooks give up much
// sooner; a pipeline can wait longer, and must not wait for ever.
const objectDeadline = 10 * time.Second

func inTime(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, objectDeadline, fmt.Errorf("no decision within %s", objectDeadline))
	defer cancel()
	return do(ctx)
}

type checker struct {
	cluster  *cluster
	judge    *admission.Judge
	language policy.Language
	result   *Result
}

func (c *checker) unreadable(them ...Unreadable) {
	c.result.Unreadable = append(c.result.Unreadable, them...)
}

// subject is an object on its way through the check.
type subject struct {
	object *Object
	stored *unstructured.Unstructured
	// member is a Deployment's place in the cluster.
	member *facts.Member
	failed bool
}

// gather takes the objects for the cluster and returns those to judge. What cannot
// be decoded is left out of the cluster, and found unreadable when it is judged.
func (c *checker) gather(objects []*Object) []*subject {
	var subjects []*subject
	for _, object := range objects {
		if !admission.Judges(object.GroupVersionKind()) {
			c.result.Others++
			c.attach(object)
			continue
		}
		if object.GetName() == "" && object.GetGenerateName() == "" {
			c.unreadable(Unreadable{object.Position(), fmt.Errorf("%s: metadata.name is missing", object.GetKind())})
			continue
		}
		s := &subject{object: object, stored: object.Unstructured}
		subjects = append(subjects, s)
		if object.GetKind() == "Service" {
			if service, err := typed[corev1.Service](object.Unstructured); err == nil {
				c.cluster.AddService(service)
			}
			continue
		}
		if deployment, err := typed[appsv1.Deployment](object.Unstructured); err == nil {
			s.member = c.cluster.AddDeployment(deployment)
		}
	}
	return subjects
}

// attach takes what pods may share, and who manages them, for the cluster.
func (c *checker) attach(object *Object) {
	var err error
	switch object.GroupVersionKind() {
	case corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"):
		err = add(object, c.cluster.addClaim)
	case v1alpha1.GroupVersion.WithKind("BlueGreen"):
		err = add(object, c.cluster.AddBlueGreen)
	}
	if err != nil {
		c.unreadable(Unreadable{object.Position(), err})
	}
}

func add[T any](object *Object, to func(*T)) error {
	into, err := typed[T](object.Unstructured)
	if err == nil {
		to(into)
	}
	return err
}

// mutate gives each object what the webhooks would, one after another: the color
// of one decides about the next.
func (c *checker) mutate(ctx context.Context, s *subject) error {
	stored, err := c.judge.Mutate(ctx, s.object.Unstructured)
	if err != nil {
		return err
	}
	s.stored = stored
	if s.member == nil {
		return nil
	}
	deployment, err := typed[appsv1.Deployment](stored)
	if err != nil {
		return err
	}
	c.cluster.Replace(s.member, deployment)
	return nil
}

func typed[T any](object *unstructured.Unstructured) (*T, error) {
	into := new(T)
	return into, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into)
}

func (c *checker) validate(ctx context.Context, s *subject) error {
	verdict, err := c.judge.Validate(ctx, s.stored)
	if err != nil {
		return err
	}
	said, err := verdict.Say(c.language)
	if err != nil {
		return err
	}
	checked := Checked{
		Kind: verdict.Object.Kind, Namespace: verdict.Object.Namespace, Name: verdict.Object.Name,
		Position: s.object.Position(), Denial: said.Denial, Warnings: said.Warnings, Advice: said.Advice,
		Told: verdict.Told, Exemptions: said.Exemptions, Unmanaged: verdict.Unmanaged, object: s.object, stored: s.stored,
	}
	checked.Input, _ = s.object.Input()
	for _, finding := range said.Findings {
		checked.Findings = append(checked.Findings, Finding{finding, s.object.Field(finding.Field)})
	}
	for _, excused := range said.Exempt {
		checked.Exempt = append(checked.Exempt, Excused{excused, s.object.Field(excused.Field)})
	}
	c.result.Checked = append(c.result.Checked, checked)
	return nil
}
