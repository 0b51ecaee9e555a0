package policy_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/policy"
)

// seen is what a rule sees of an object.
func seen(t *testing.T, object string) string {
	t.Helper()
	engine, err := policy.New(t.Context(), withAnnotated(`"subject": "x"`, `"subject": json.marshal(input.object)`))
	require.NoError(t, err)
	in := created()
	in.Object = []byte(object)
	violations, err := engine.Evaluate(t.Context(), in)
	require.NoError(t, err)
	require.Len(t, violations, 1)
	return violations[0].Subject
}

func TestWhatRulesSee(t *testing.T) {
	for name, test := range map[string]struct{ reason, object, want string }{
		"Everything":     {object: `{"a":"x","b":[1,-2.5,1e3,true,false],"c":{"d":{}},"e":[]}`, want: `{"a":"x","b":[1,-2.5,1e3,true,false],"c":{"d":{}},"e":[]}`},
		"NullMembers":    {reason: "null is absent", object: `{"a":null,"b":{"c":null}}`, want: `{"b":{}}`},
		"NullElements":   {reason: "places must not move", object: `{"a":[null,1,null]}`, want: `{"a":[null,1,null]}`},
		"ManagedFields":  {reason: "bookkeeping", object: `{"metadata":{"managedFields":[{"a":1}],"name":"x"}}`, want: `{"metadata":{"name":"x"}}`},
		"ALabelSoCalled": {reason: "a label", object: `{"labels":{"managedFields":"x"}}`, want: `{"labels":{"managedFields":"x"}}`},
		"TwiceTheSame":   {reason: "the last one counts, as for the API server", object: `{"a":1,"a":2}`, want: `{"a":2}`},
		"NullAfterAll":   {reason: "the last one counts", object: `{"a":1,"a":null,"b":null,"b":2}`, want: `{"b":2}`},
		"Escapes":        {object: `{"a\n\"":"\u4e2d\ud83d\ude00\t\\/"}`, want: "{\"a\\n\\\"\":\"中😀\\t\\\\/\"}"},
		"NotUTF8":        {reason: "as encoding/json reads it", object: "{\"a\":\"x\xffy\"}", want: "{\"a\":\"x\ufffdy\"}"},
		"LongNumbers":    {reason: "no digit is lost", object: `{"a":9223372036854775808,"b":12345678901234567}`, want: `{"a":9223372036854775808,"b":12345678901234567}`},
		"SharedTexts":    {reason: "one term, many places", object: `{"a":"a","b":["a","a"],"c":{"a":"b"}}`, want: `{"a":"a","b":["a","a"],"c":{"a":"b"}}`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, seen(t, test.object), test.reason)
		})
	}
}

// FuzzWhatRulesSee compares with encoding/json, which the types are decoded with.
func FuzzWhatRulesSee(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":[1,2.5,"x",null,true]}`, `{"a":{"b":{"c":"\u0000"}}}`, `{"a":1e400}`, `{"a":01}`, `{"a":nan}`, "{\"a\":\"\x01\"}", `{"a":"\x"}`,
		`{"a":1}x`, `{"a":-}`, `[`, `{"a":"\ud800"}`, `{"spec":{"template":{"spec":{"containers":[{"name":"web","env":null}]}}}}`,
	} {
		f.Add(seed)
	}
	engine, err := policy.New(f.Context(), withAnnotated(`{"what": "it"}`, `{"object": input.object}`))
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, object string) {
		in := created()
		in.Object = []byte(object)
		violations, err := engine.Evaluate(t.Context(), in)
		var want map[string]any
		decoder := json.NewDecoder(strings.NewReader(object))
		decoder.UseNumber()
		if !json.Valid([]byte(object)) || decoder.Decode(&want) != nil || want == nil {
			assert.Error(t, err, "read %q", object)
			return
		}
		if err != nil {
			assert.Contains(t, err.Error(), "nested deeper", "did not read %q", object)
			return
		}
		require.Len(t, violations, 1)
		if !strings.Contains(strings.ToLower(object), `\ud`) { // half of a pair stays as it was written
			assert.Equal(t, withoutNulls(want), violations[0].With["object"], "%q", object)
		}
	})
}

// withoutNulls is what rules see of a document.
func withoutNulls(value any) any {
	switch value := value.(type) {
	case map[string]any:
		for key, item := range value {
			_, list := item.([]any)
			if item == nil || list && key == "managedFields" {
				delete(value, key)
				continue
			}
			value[key] = withoutNulls(item)
		}
	case []any:
		for i := range value {
			value[i] = withoutNulls(value[i])
		}
	}
	return value
}

func TestDeepObjectsAreRefused(t *testing.T) {
	engine, err := policy.New(t.Context(), withAnnotated())
	require.NoError(t, err)
	for depth, fine := range map[int]bool{200: true, 400: false, 1_000_000: false} {
		in := created()
		in.Object = []byte(`{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`)
		_, err := engine.Evaluate(t.Context(), in)
		if fine {
			assert.NoError(t, err)
		} else {
			assert.EqualError(t, err, "object: nested deeper than 300 levels")
		}
	}
}
