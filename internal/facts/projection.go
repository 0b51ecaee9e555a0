package facts

import (
	"slices"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

const (
	// maxShared bounds what is remembered. Past it everything is forgotten, and what
	// comes again is remembered anew; what objects share already stays shared.
	maxShared = 20_000
	// maxSharedText is about as long as a text is that many objects have.
	maxSharedText = 128
)

// Projection makes of Deployments and Services what a cache keeps of them: as much as the
// facts of another object are made of, and as controllers need to know where to look.
// What is not named here is left out, also what a later Kubernetes adds; of environment
// variables no literal is kept that could not be a fact.
//
// No rule is ever asked about what comes out: rules may read any field, so the object of a
// question comes with the request or is read live (Behind, Inventory). Nor is it ever
// written: writers send patches, and tealgate has no right to update either kind.
//
// Equal texts are held once, which rests on a promise: what is in the cache is never
// changed, only replaced. It is safe for concurrent use.
type Projection struct {
	mu    sync.Mutex
	texts map[string]string
}

// NewProjection returns a Projection that remembers no texts yet.
func NewProjection() *Projection { return &Projection{texts: map[string]string{}} }

// Transform has the form of a cache transform: the projection of Deployments and Services,
// and of other objects all but what nobody reads (Slim). What comes is not changed, and
// what was projected before comes out as it is.
func (p *Projection) Transform(object any) (any, error) {
	switch object := object.(type) {
	case *appsv1.Deployment:
		return p.deployment(object), nil
	case *corev1.Service:
		return p.service(object), nil
	default:
		return Slim(object)
	}
}

func (p *Projection) deployment(from *appsv1.Deployment) *appsv1.Deployment {
	p.mu.Lock()
	defer p.mu.Unlock()
	template := &from.Spec.Template
	kept := &appsv1.Deployment{ObjectMeta: p.metadata(&from.ObjectMeta, v1alpha1.AnnotationExempt, v1alpha1.AnnotationBlueGreen)}
	kept.Spec.Replicas = from.Spec.Replicas
	kept.Spec.Template.Labels = p.all(template.Labels)
	kept.Spec.Template.Annotations = p.some(template.Annotations, v1alpha1.AnnotationTraffic)
	runs := images(from)
	for i := range template.Spec.Containers {
		container, some := p.container(&template.Spec.Containers[i])
		if i < len(runs) {
			container.Image = p.text(runs[i].Image)
		}
		if some || i < len(runs) {
			kept.Spec.Template.Spec.Containers = append(kept.Spec.Template.Spec.Containers, container)
		}
	}
	for i := range template.Spec.Volumes {
		if volume, some := p.volume(&template.Spec.Volumes[i]); some {
			kept.Spec.Template.Spec.Volumes = append(kept.Spec.Template.Spec.Volumes, volume)
		}
	}
	clip(&kept.Spec.Template.Spec.Containers)
	clip(&kept.Spec.Template.Spec.Volumes)
	return kept
}

func (p *Projection) service(from *corev1.Service) *corev1.Service {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &corev1.Service{
		ObjectMeta: p.metadata(&from.ObjectMeta, v1alpha1.AnnotationArgoRollouts),
		Spec: corev1.ServiceSpec{
			Type: from.Spec.Type, Selector: p.all(from.Spec.Selector), SessionAffinity: from.Spec.SessionAffinity,
		},
	}
}

// metadata keeps all labels, so that a selector finds in the cache what it would find live,
// and these annotations.
func (p *Projection) metadata(from *metav1.ObjectMeta, annotations ...string) metav1.ObjectMeta {
	return metav1.ObjectMeta{
		Namespace: p.text(from.Namespace), Name: from.Name, UID: from.UID, ResourceVersion: from.ResourceVersion,
		CreationTimestamp: from.CreationTimestamp, DeletionTimestamp: from.DeletionTimestamp,
		Labels: p.all(from.Labels), Annotations: p.some(from.Annotations, annotations...),
		ManagedFields: tealgates(from.ManagedFields),
	}
}

// container keeps what becomes a Reference, a Secret or a Setting, and says whether that
// is any.
func (p *Projection) container(from *corev1.Container) (corev1.Container, bool) {
	kept := corev1.Container{Name: p.text(from.Name)}
	for i := range from.Env {
		env := &from.Env[i]
		variable := corev1.EnvVar{Name: p.text(env.Name)}
		reference, refers := referenceOf(env)
		if refers {
			variable.ValueFrom = p.source(reference)
		}
		_, sets := settingOf(env)
		if sets {
			variable.Value = p.text(env.Value)
		}
		if refers || sets {
			kept.Env = append(kept.Env, variable)
		}
	}
	for _, from := range from.EnvFrom {
		if from.SecretRef != nil {
			kept.EnvFrom = append(kept.EnvFrom, corev1.EnvFromSource{SecretRef: &corev1.SecretEnvSource{
				LocalObjectReference: corev1.LocalObjectReference{Name: p.text(from.SecretRef.Name)},
			}})
		}
	}
	clip(&kept.Env)
	clip(&kept.EnvFrom)
	return kept, len(kept.Env)+len(kept.EnvFrom) > 0
}

func (p *Projection) source(of Reference) *corev1.EnvVarSource {
	object, key := corev1.LocalObjectReference{Name: p.text(of.Name)}, p.text(of.Key)
	if of.Kind == kindSecret {
		return &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{LocalObjectReference: object, Key: key}}
	}
	return &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: object, Key: key}}
}

// volume keeps Secrets and claims, and says whether there is any.
func (p *Projection) volume(from *corev1.Volume) (kept corev1.Volume, some bool) {
	if from.Secret != nil {
		kept.Secret, some = &corev1.SecretVolumeSource{SecretName: p.text(from.Secret.SecretName)}, true
	}
	if claim := from.PersistentVolumeClaim; claim != nil {
		kept.PersistentVolumeClaim, some = &corev1.PersistentVolumeClaimVolumeSource{ClaimName: p.text(claim.ClaimName)}, true
	}
	for _, source := range projected(*from) {
		if source.Secret == nil {
			continue
		}
		if kept.Projected == nil {
			kept.Projected, some = &corev1.ProjectedVolumeSource{}, true
		}
		kept.Projected.Sources = append(kept.Projected.Sources, corev1.VolumeProjection{Secret: &corev1.SecretProjection{
			LocalObjectReference: corev1.LocalObjectReference{Name: p.text(source.Secret.Name)},
		}})
	}
	return kept, some
}

// all is a copy whose texts are shared.
func (p *Projection) all(from map[string]string) map[string]string {
	if from == nil {
		return nil
	}
	kept := make(map[string]string, len(from))
	for key, value := range from {
		kept[p.text(key)] = p.text(value)
	}
	return kept
}

// some is what there is of these keys, nil for none.
func (p *Projection) some(from map[string]string, keys ...string) map[string]string {
	var kept map[string]string
	for _, key := range keys {
		if value, is := from[key]; is {
			if kept == nil {
				kept = map[string]string{}
			}
			kept[key] = p.text(value)
		}
	}
	return kept
}

func (p *Projection) text(text string) string {
	if len(text) > maxSharedText {
		return text
	}
	known, ok := p.texts[text]
	if !ok {
		if len(p.texts) >= maxShared {
			clear(p.texts)
		}
		p.texts[text] = text
		return text
	}
	return known
}

// clip gives back the room for more that append has left.
func clip[T any](list *[]T) { *list = slices.Clone(*list) }

// tealgates are the managed fields of tealgate itself, which tell that an ownership has not
// been given up yet.
func tealgates(from []metav1.ManagedFieldsEntry) []metav1.ManagedFieldsEntry {
	var kept []metav1.ManagedFieldsEntry
	for _, entry := range from {
		if entry.Manager == v1alpha1.FieldManager {
			kept = append(kept, entry)
		}
	}
	return kept
}

// Slim drops from cached objects what no rule and no controller reads of any kind: the
// managed fields of others, and the last-applied configuration. It has the form of a cache
// transform.
func Slim(object any) (any, error) {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return object, nil //nolint:nilerr // not an object: a tombstone, kept as it is
	}
	accessor.SetManagedFields(tealgates(accessor.GetManagedFields()))
	annotations := accessor.GetAnnotations()
	delete(annotations, corev1.LastAppliedConfigAnnotation)
	accessor.SetAnnotations(annotations)
	return object, nil
}
