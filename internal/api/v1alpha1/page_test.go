package v1alpha1_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// page is docs/bluegreen.md.
func page(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../../docs/bluegreen.md")
	require.NoError(t, err)
	return string(content)
}

// schema is what the API server is told of a field of BlueGreen, such as spec or status.
func schema(t *testing.T, field string) map[string]any {
	t.Helper()
	content, err := os.ReadFile("../../../manifests/crd/tealgate.dev_bluegreens.yaml")
	require.NoError(t, err)
	var crd map[string]any
	require.NoError(t, yaml.Unmarshal(content, &crd))
	versions, found, err := unstructured.NestedSlice(crd, "spec", "versions")
	require.NoError(t, err)
	require.True(t, found)
	require.Len(t, versions, 1)
	version, is := versions[0].(map[string]any)
	require.True(t, is)
	of, found, err := unstructured.NestedMap(version, "schema", "openAPIV3Schema", "properties", field)
	require.NoError(t, err)
	require.True(t, found)
	return of
}

// properties are the fields of a schema; none of what is no object.
func properties(of map[string]any) map[string]map[string]any {
	all := map[string]map[string]any{}
	found, _, _ := unstructured.NestedMap(of, "properties")
	for name, property := range found {
		if schema, is := property.(map[string]any); is {
			all[name] = schema
		}
	}
	return all
}

// specFields are the fields of the spec that people write, a step and its fields by one
// name: deploy.deadline.
func specFields(t *testing.T) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{}
	for name, schema := range properties(schema(t, "spec")) {
		steps := properties(schema)
		if len(steps) == 0 {
			all[name] = schema
		}
		for field, schema := range steps {
			all[name+"."+field] = schema
		}
	}
	return all
}

// rows are those of a table of the page, by what stands in code in the first column.
func rows(t *testing.T, head string) map[string][]string {
	t.Helper()
	_, table, found := strings.Cut(page(t), "\n"+head)
	require.True(t, found, head)
	table, _, _ = strings.Cut(table, "\n\n")
	all := map[string][]string{}
	for _, line := range strings.Split(strings.TrimRight(table, "\n"), "\n")[2:] {
		cells := strings.Split(strings.Trim(line, "| "), " |")
		name := strings.Trim(cells[0], "`")
		assert.NotContains(t, all, name, "stands there twice")
		all[name] = cells[1:]
	}
	return all
}

// TestPageHasEachField: the table of docs/bluegreen.md has the fields of the CRD and no
// others, each with the default that the API server fills in and the values that it takes.
func TestPageHasEachField(t *testing.T) {
	fields, shown := specFields(t), rows(t, "| field | default |")
	assert.ElementsMatch(t, slices.Collect(maps.Keys(fields)), slices.Collect(maps.Keys(shown)))
	for name, schema := range fields {
		row := shown[name]
		if !assert.Len(t, row, 2, name) {
			continue
		}
		want := ""
		if schema["default"] != nil {
			want = fmt.Sprintf("`%v`", schema["default"])
		}
		assert.Equal(t, want, strings.TrimSpace(row[0]), name)
		values, _, err := unstructured.NestedStringSlice(schema, "enum")
		require.NoError(t, err)
		for _, value := range values {
			assert.Contains(t, strings.Join(row, ""), "`"+value+"`", name)
		}
	}
}

// TestPageNamesWhatThereIs: no text of the page names a field of a step that there is not,
// and its tables have each phase and each condition.
func TestPageNamesWhatThereIs(t *testing.T) {
	fields := specFields(t)
	steps := slices.Collect(maps.Keys(properties(schema(t, "spec"))))
	for _, name := range regexp.MustCompile("`([a-z]+)\\.[a-zA-Z]+`").FindAllStringSubmatch(page(t), -1) {
		if slices.Contains(steps, name[1]) {
			assert.Contains(t, fields, strings.Trim(name[0], "`"))
		}
	}
	phases, found, err := unstructured.NestedStringSlice(properties(schema(t, "status"))["phase"], "enum")
	require.NoError(t, err)
	require.True(t, found)
	assert.ElementsMatch(t, phases, slices.Collect(maps.Keys(rows(t, "| phase |"))))

	source, err := os.ReadFile("conditions.go")
	require.NoError(t, err)
	var conditions []string
	for _, match := range regexp.MustCompile(`\bCondition[A-Z]\w+ = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		conditions = append(conditions, match[1])
	}
	require.NotEmpty(t, conditions)
	assert.ElementsMatch(t, conditions, slices.Collect(maps.Keys(rows(t, "| condition |"))))
}

// TestPageShowsTheExample: the manifest of the page is the file that an integration test
// applies, and what it sets beside names is what the API server would fill in.
func TestPageShowsTheExample(t *testing.T) {
	example, err := os.ReadFile("../../../docs/examples/bluegreen.yaml")
	require.NoError(t, err)
	assert.Contains(t, page(t), "\n```yaml\n"+string(example)+"```\n")
	first, _, _ := strings.Cut(string(example), "\n---\n")
	var bg v1alpha1.BlueGreen
	require.NoError(t, yaml.UnmarshalStrict([]byte(first), &bg))

	var object map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(first), &object))
	for name, schema := range specFields(t) {
		value, found, err := unstructured.NestedFieldNoCopy(object, append([]string{"spec"}, strings.Split(name, ".")...)...)
		require.NoError(t, err)
		if schema["default"] != nil {
			assert.True(t, found, "%s is not in the manifest", name)
			assert.Equal(t, schema["default"], value, name)
		}
	}
}
