package offline

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// stream is the content of a file, or of standard input, and the documents in it.
type stream struct {
	content   []byte
	documents []*document
}

// Set writes one value, a string or an int64, into the text that the object was read
// from; see Manifests.Text. path leads through mappings. Only the text changes, and
// all other bytes of it stay, unless a document has aliases: in such a one each alias is
// first replaced by what it stands for. After an error nothing has changed.
func (o *Object) Set(path []string, value any) error {
	err := o.document.set(o.item, path, value)
	if err == nil || !bytes.Contains(o.document.text, []byte("*")) || !o.document.unalias() {
		return err
	}
	return o.document.set(o.item, path, value)
}

// unalias writes out what aliases stand for, and says whether it could.
func (d *document) unalias() bool {
	before, err := d.value()
	if err != nil {
		return false
	}
	node, err := yaml.Parse(string(d.text))
	if err != nil || node.DeAnchor() != nil {
		return false
	}
	text, err := node.String()
	if err != nil {
		return false
	}
	changed := &document{file: d.file, before: d.before, text: []byte(text)}
	after, err := changed.value()
	if err != nil || !reflect.DeepEqual(before, after) {
		return false
	}
	d.replace(changed.text)
	return true
}

// replace puts another text in the place of the document's.
func (d *document) replace(text []byte) {
	if d.original == nil {
		d.original = d.text
	}
	d.text, d.parsed, d.root = text, false, nil
}

// Text is all that was read, in its order, with what was set: what nobody set is byte
// for byte as it was. Several files become one stream of documents. What kustomize
// built, and what could not be read, is not in it.
func (m *Manifests) Text() []byte {
	if len(m.streams) == 1 {
		return m.streams[0].text()
	}
	var all bytes.Buffer
	for _, s := range m.streams {
		text := s.inYAML()
		if all.Len() > 0 && !strings.HasPrefix(text, "---") {
			all.WriteString("---\n")
		}
		all.WriteString(text)
		if !strings.HasSuffix(text, "\n") {
			all.WriteString("\n")
		}
	}
	return all.Bytes()
}

func (s stream) text() []byte {
	var text []byte
	at := 0
	for _, d := range s.documents {
		had := d.text
		if d.original != nil {
			had = d.original
		}
		text = append(append(text, s.content[at:d.at]...), d.text...)
		at = d.at + len(had)
	}
	return append(text, s.content[at:]...)
}

// inYAML also makes documents of a stream of JSON values, which other documents may
// follow. Their order of keys stays; tabs, which YAML refuses, do not.
func (s stream) inYAML() string {
	if !s.isJSON() {
		return string(bytes.TrimPrefix(s.text(), []byte("\xef\xbb\xbf")))
	}
	var all bytes.Buffer
	for _, d := range s.documents {
		all.WriteString("---\n")
		// The document was read as JSON and is JSON after every edit.
		_ = json.Indent(&all, d.text, "", "  ")
		all.WriteString("\n")
	}
	return all.String()
}

func (s stream) isJSON() bool {
	for _, d := range s.documents {
		if !json.Valid(d.text) {
			return false
		}
	}
	return len(s.documents) > 0
}
