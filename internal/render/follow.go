package render

import (
	"fmt"

	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/offline"
)

// planFollower gives what belongs to one side the name of that side: an autoscaler of
// any kind, and a disruption budget. The other color keeps its own.
func planFollower(object *offline.Object, all []*workload, sides []*side, options Options) *plan {
	if object.GroupVersionKind().GroupKind() == policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget").GroupKind() {
		return planBudget(object, all, sides, options)
	}
	for _, field := range targetFields {
		target := targetOf(object, field)
		for _, s := range sides {
			if target != s.deployment.typed.Name || s.name == target {
				continue
			}
			edits := []edit{
				{[]string{"metadata", "name"}, suffixed(object.GetName(), s.color)},
				{[]string{"spec", field, "name"}, s.name},
			}
			return &plan{object: object, edits: kept(edits, object, options)}
		}
	}
	return nil
}

// targetFields are where a HorizontalPodAutoscaler or a ScaledObject of KEDA, and where a
// VerticalPodAutoscaler name what they are about.
var targetFields = []string{"scaleTargetRef", "targetRef"}

// targetOf is the Deployment that an object names in one of targetFields.
func targetOf(object *offline.Object, field string) string {
	// Where the field is something else the object is of some other kind.
	kind, _, _ := unstructured.NestedString(object.Object, "spec", field, "kind")
	name, _, _ := unstructured.NestedString(object.Object, "spec", field, "name")
	if kind != "" && kind != "Deployment" {
		return ""
	}
	return name
}

func suffixed(name string, c color.Color) string { return name + "-" + string(c) }

// planBudget narrows a budget to the color, unless it is about other pods too: those
// would lose theirs.
func planBudget(object *offline.Object, all []*workload, sides []*side, options Options) *plan {
	raw, _, _ := unstructured.NestedMap(object.Object, "spec", "selector")
	var read metav1.LabelSelector
	if runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &read) != nil {
		return nil // the API server says what is wrong with it
	}
	selector, err := metav1.LabelSelectorAsSelector(&read)
	if err != nil || selector.Empty() || len(read.MatchLabels) == 0 || read.MatchLabels[v1alpha1.LabelColor] != "" {
		return nil
	}
	matching := 0
	for _, deployment := range all {
		if selector.Matches(labels.Set(deployment.typed.Spec.Template.Labels)) {
			matching++
		}
	}
	var mine []*side
	for _, s := range sides {
		if selector.Matches(labels.Set(s.deployment.typed.Spec.Template.Labels)) {
			mine = append(mine, s)
		}
	}
	if len(mine) == 0 {
		return nil
	}
	for _, s := range mine {
		if s.color != mine[0].color || matching != len(mine) {
			return &plan{object: object, said: fmt.Sprintf("PodDisruptionBudget %s/%s is left as it is: it counts the pods of both colors, "+
				"and others too. Give each Deployment its own.", object.GetNamespace(), object.GetName())}
		}
	}
	edits := []edit{
		{[]string{"metadata", "name"}, suffixed(object.GetName(), mine[0].color)},
		{[]string{"spec", "selector", "matchLabels", v1alpha1.LabelColor}, string(mine[0].color)},
	}
	return &plan{object: object, edits: kept(edits, object, options)}
}

// scaler is what will decide about the replicas of a side.
type scaler struct {
	// name is KIND NAME.
	name string
	// field is where it names the least, and least what that is.
	field string
	least int64
}

// scaler finds it in the input under the name in Git, in the cluster under that of the
// side; nil where there is none.
func (n *namespace) scaler(s *side, state *State) *scaler {
	for _, other := range n.others {
		if targetOf(other, "scaleTargetRef") != s.deployment.typed.Name {
			continue
		}
		name := other.GetName()
		if s.name != s.deployment.typed.Name {
			name = suffixed(name, s.color)
		}
		found := &scaler{name: other.GetKind() + " " + name, field: "minReplicas", least: 1}
		if other.GetKind() == "ScaledObject" {
			found.field, found.least = "minReplicaCount", 0
		}
		if least, ok, _ := unstructured.NestedInt64(other.Object, "spec", found.field); ok {
			found.least = least
		}
		return found
	}
	for i := range state.Autoscalers {
		hpa := &state.Autoscalers[i]
		if hpa.Spec.ScaleTargetRef.Kind != "Deployment" || hpa.Spec.ScaleTargetRef.Name != s.name {
			continue
		}
		found := &scaler{name: "HorizontalPodAutoscaler " + hpa.Name, field: "minReplicas", least: 1}
		if hpa.Spec.MinReplicas != nil {
			found.least = int64(*hpa.Spec.MinReplicas)
		}
		return found
	}
	return nil
}
