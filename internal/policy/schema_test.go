package policy_test

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
)

// A reference that no kind of object has is refused with the place where it stands.
func TestSchemaRefusesMisspeltReferences(t *testing.T) {
	for _, ref := range []string{
		"input.objct",
		"input.object.spec.replicaz",
		"input.old.spec.replicaz",
		"input.object.metadata.lables.app",
		"input.object.spec.template.spec.containers[_].imag",
		"input.object.spec.template.spec.volumes[_].csi.drver",
		"input.object.spec.ports[_].prt",
		"input.facts.servces",
		"input.facts.pair[_].references[_].nam",
		"input.facts.selected.pods[_].redy",
	} {
		t.Run(ref, func(t *testing.T) {
			_, err := policy.New(t.Context(), withRule("\n\nviolation contains {\"message\": \"x\"} if {\n\t"+ref+" != null\n}"))
			require.Error(t, err)
			assert.ErrorContains(t, err, "rule.rego:4", "file and line")
			assert.ErrorContains(t, err, "undefined ref", ref)
		})
	}
}

func TestSchemaKnowsReferences(t *testing.T) {
	for _, ref := range []string{
		"input.operation", "input.kind", "input.namespace", "input.name", "input.user",
		"input.object.spec.replicas",
		"input.old.spec.template.spec.initContainers[_].restartPolicy",
		"input.object.spec.template.spec.containers[_].readinessProbe.httpGet.port",
		"input.object.spec.selector.matchLabels.app",
		"input.object.spec.selector.app",
		"input.object.spec.ports[_].targetPort",
		"input.object.metadata.annotations[_]",
		"input.facts.mayExempt",
		"input.facts.serving.ready",
		"input.facts.pair[_].references[_].key",
	} {
		t.Run(ref, func(t *testing.T) {
			_, err := policy.New(t.Context(), withRule("\nviolation contains {\"message\": \"x\"} if {\n\t"+ref+" != null\n}"))
			assert.NoError(t, err)
		})
	}
}

// Every field that rules can see of an object is in the schema, with its type.
func TestSchemaHoldsEveryField(t *testing.T) {
	properties := policy.Schema()["properties"].(map[string]any)
	kinds := properties["object"].(map[string]any)["anyOf"].([]any)
	for name, test := range map[string]struct {
		value  any
		schema any
	}{
		"Deployment": {value: &appsv1.Deployment{}, schema: kinds[0]},
		"Service":    {value: &corev1.Service{}, schema: kinds[1]},
		"Scale":      {value: &autoscalingv1.Scale{}, schema: kinds[2]},
		"Facts":      {value: &facts.Facts{}, schema: properties["facts"]},
	} {
		t.Run(name, func(t *testing.T) {
			populate(reflect.ValueOf(test.value).Elem())
			raw, err := json.Marshal(test.value)
			require.NoError(t, err)
			var document any
			require.NoError(t, json.Unmarshal(raw, &document))
			assert.Empty(t, mismatches("", document, test.schema.(map[string]any)))
		})
	}
}

// The file that opa check reads is what the program checks with.
func TestSchemaFileIsCurrent(t *testing.T) {
	want, err := policy.SchemaJSON()
	require.NoError(t, err)
	have, err := os.ReadFile("../../policies/schema/input.json")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(have), "run go generate ./internal/policy")
}

// populate gives every field a value, so that omitempty leaves none out.
func populate(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		populate(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() && v.Type().Field(i).Name != "ManagedFields" {
				populate(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(`{}`))
			return
		}
		populate(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		populate(key)
		populate(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		if !strings.HasSuffix(v.Type().String(), "intstr.Type") {
			v.SetInt(1)
		}
	}
}

// mismatches are the paths of a document that a schema does not describe.
func mismatches(path string, document any, schema map[string]any) []string {
	switch value := document.(type) {
	case map[string]any:
		properties, _ := schema["properties"].(map[string]any)
		var found []string
		for key, item := range value {
			next, ok := properties[key].(map[string]any)
			if !ok {
				next, ok = schema["additionalProperties"].(map[string]any)
			}
			if !ok && (properties != nil || schema["type"] != "object") {
				found = append(found, path+"."+key+" is not in the schema")
				continue
			}
			if ok {
				found = append(found, mismatches(path+"."+key, item, next)...)
			}
		}
		return found
	case []any:
		items, ok := schema["items"].(map[string]any)
		if !ok {
			return []string{path + " is no list in the schema"}
		}
		var found []string
		for _, item := range value {
			found = append(found, mismatches(path+"[]", item, items)...)
		}
		return found
	default:
		names := map[string][]string{"string": {"string"}, "bool": {"boolean"}, "float64": {"number", "integer"}}
		if value == nil {
			return nil
		}
		for _, name := range names[reflect.TypeOf(value).String()] {
			if schema["type"] == name {
				return nil
			}
			if several, ok := schema["type"].([]any); ok {
				for _, one := range several {
					if one == name {
						return nil
					}
				}
			}
		}
		return []string{path + " has another type in the schema"}
	}
}
