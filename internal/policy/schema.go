package policy

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/tealgate/tealgate/internal/facts"
)

//go:generate go run ./schemagen

// SchemaJSON is the schema as opa check reads it: indented, with sorted keys.
func SchemaJSON() ([]byte, error) {
	raw, err := json.MarshalIndent(Schema(), "", "  ")
	if err != nil {
		return nil, fmt.Errorf("schema: %w", err)
	}
	return append(raw, '\n'), nil
}

// Schema returns the JSON schema of the whole input, made from the Go types of
// Kubernetes, of the facts and of the settings. Rules are compiled against it.
func Schema() map[string]any {
	text := map[string]any{"type": "string"}
	object := map[string]any{"anyOf": []any{
		schemaOf(reflect.TypeFor[appsv1.Deployment]()),
		schemaOf(reflect.TypeFor[corev1.Service]()),
		schemaOf(reflect.TypeFor[autoscalingv1.Scale]()),
	}}
	return map[string]any{
		"$schema": "http://json-schema.org/draft-07/schema",
		"type":    "object",
		"properties": map[string]any{
			"operation": text, "kind": text, "namespace": text, "name": text, "user": text,
			"object": object, "old": object,
			"facts":    schemaOf(reflect.TypeFor[facts.Facts]()),
			"settings": schemaOf(reflect.TypeFor[Settings]()),
			askedKey:   map[string]any{"type": "array", "items": text},
		},
		"additionalProperties": false,
	}
}

// schemaOf walks a type as encoding/json writes it.
func schemaOf(t reflect.Type) map[string]any {
	if special, ok := specialSchema(t); ok {
		return special
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return map[string]any{"type": "string"}
		}
		return map[string]any{"type": "array", "items": schemaOf(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": schemaOf(t.Elem())}
	case reflect.Struct:
		properties := map[string]any{}
		addFields(t, properties)
		return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	default:
		return map[string]any{"type": "number"}
	}
}

// specialSchema covers types that marshal themselves.
func specialSchema(t reflect.Type) (map[string]any, bool) {
	switch t {
	case reflect.TypeFor[intstr.IntOrString](), reflect.TypeFor[resource.Quantity]():
		return map[string]any{"type": []any{"string", "integer"}}, true
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[metav1.Duration]():
		return map[string]any{"type": "string"}, true
	case reflect.TypeFor[runtime.RawExtension](), reflect.TypeFor[metav1.FieldsV1]():
		return map[string]any{"type": "object"}, true
	default:
		return nil, false
	}
}

func addFields(t reflect.Type, properties map[string]any) {
	for field := range t.Fields() {
		tag := strings.Split(field.Tag.Get("json"), ",")
		if tag[0] == "-" || tag[0] == unread || !field.IsExported() {
			continue
		}
		if tag[0] == "" && (field.Anonymous || slices.Contains(tag[1:], "inline")) {
			addFields(field.Type, properties)
			continue
		}
		properties[tag[0]] = schemaOf(field.Type)
	}
}
