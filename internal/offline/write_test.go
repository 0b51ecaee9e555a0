package offline

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestText holds that what is read comes out again.
func TestText(t *testing.T) {
	cases := map[string]struct {
		reason string
		files  []string
		want   string
	}{
		"Whole": {
			reason: "one file is what it was, to the byte",
			files:  []string{"\xef\xbb\xbf# a\r\n---\n---\n# b\n\n" + service + "--- # c\n" + service + "\n\n# end"},
			want:   "\xef\xbb\xbf# a\r\n---\n---\n# b\n\n" + service + "--- # c\n" + service + "\n\n# end",
		},
		"Several": {
			reason: "files become one stream, whatever they end with",
			files:  []string{strings.TrimSuffix(service, "\n"), "---\n" + service, "\xef\xbb\xbf" + service},
			want:   service + "---\n" + service + "---\n" + service,
		},
		"JSON": {
			reason: "a stream of JSON stays one when it is alone",
			files:  []string{"{\"apiVersion\": \"v1\",\n\t\"kind\": \"Service\"}\n{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}"},
			want:   "{\"apiVersion\": \"v1\",\n\t\"kind\": \"Service\"}\n{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}",
		},
		"JSONBeside": {
			reason: "beside others each value is a document, without the tabs that YAML refuses",
			files:  []string{service, "{\"kind\": \"Service\",\n\t\"apiVersion\": \"v1\"}{\"apiVersion\": \"v1\", \"kind\": \"Secret\"}", service},
			want: service + "---\n{\n  \"kind\": \"Service\",\n  \"apiVersion\": \"v1\"\n}\n---\n{\n  \"apiVersion\": \"v1\",\n" +
				"  \"kind\": \"Secret\"\n}\n---\n" + service,
		},
		"Empty": {reason: "nothing is nothing", files: []string{""}, want: ""},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			var sources Sources
			for i, content := range test.files {
				files[string(rune('a'+i))+".yaml"] = content
			}
			dir := folder(t, files)
			for i := range test.files {
				sources.Files = append(sources.Files, filepath.Join(dir, string(rune('a'+i))+".yaml"))
			}
			manifests, err := Read(t.Context(), sources)
			require.NoError(t, err)
			require.Empty(t, manifests.Unreadable)
			assert.Equal(t, test.want, string(manifests.Text()), test.reason)
		})
	}
}

// TestSet holds where a value is written, and that one which cannot be is an error and
// changes nothing.
func TestSet(t *testing.T) {
	color := []string{"metadata", "labels", "color"}
	cases := map[string]struct {
		reason, text string
		path         []string
		value        any
		want         string
	}{
		"Number": {
			reason: "a number is none in quotes", text: "spec:\n  replicas: 3 # by day\n", path: []string{"spec", "replicas"}, value: int64(5),
			want: "spec:\n  replicas: 5 # by day\n",
		},
		"MissingNumber": {
			reason: "nor is one that was not there", text: "spec: {a: b}\n", path: []string{"spec", "replicas"}, value: int64(5),
			want: "spec: {replicas: 5, a: b}\n",
		},
		"Alias": {
			reason: "the others that share an alias keep what they have",
			text:   "one: &l {app: shop}\nmetadata:\n  labels: *l\n", path: color, value: "blue",
			want: "one: {app: shop}\nmetadata:\n  labels: {color: blue, app: shop}\n",
		},
		"Merged": {
			reason: "so do they with a merge", text: "one: &l {app: shop}\nmetadata:\n  labels:\n    <<: *l\n", path: color, value: "blue",
			want: "one: &l {app: shop}\nmetadata:\n  labels:\n    color: blue\n    <<: *l\n",
		},
		"Folded": {
			reason: "a value over several lines is left to a person", text: "metadata:\n  name: >-\n    a\n    b\n", path: []string{"metadata", "name"}, value: "x",
		},
		"List": {reason: "there are no keys in a list", text: "metadata: [a]\n", path: color, value: "blue"},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			const head = "apiVersion: v1\nkind: X\n"
			manifests, err := Read(t.Context(), Sources{Files: []string{Stdin}, Stdin: strings.NewReader(head + test.text)})
			require.NoError(t, err)
			require.Len(t, manifests.Objects, 1)
			err = manifests.Objects[0].Set(test.path, test.value)
			if test.want == "" {
				require.ErrorIs(t, err, errEdit, test.reason)
				test.want = test.text
			} else {
				require.NoError(t, err, test.reason)
			}
			assert.Equal(t, head+test.want, string(manifests.Text()), test.reason)
		})
	}
}
