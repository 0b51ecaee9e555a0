package offline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	nodes "go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

// Position is where something stands.
type Position struct {
	File string
	// Line counts from one; zero where only the file is known.
	Line int
}

func (p Position) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d", p.File, p.Line)
}

// document is one YAML document, or one value of a JSON stream.
type document struct {
	file string
	// before counts the lines of the file ahead of text.
	before int
	text   []byte
	// at is where text was read in the file.
	at int
	// original is the text as it was read, once it has been edited.
	original []byte
	// source is the file that Helm says it rendered.
	source string

	parsed bool
	root   *nodes.Node
}

// split cuts a file into documents. What YAML itself thinks of them is not looked
// at: a document that is broken must not hide the others.
func split(file string, content []byte) []*document {
	content, skipped := withoutMark(content)
	if documents, ok := splitJSON(file, content, skipped); ok {
		return documents
	}
	var documents []*document
	begin, before, line := 0, 0, 0
	add := func(end int) {
		documents = append(documents, &document{file: file, before: before, text: content[begin:end], at: skipped + begin})
	}
	for at := 0; at < len(content); {
		next := len(content)
		if i := bytes.IndexByte(content[at:], '\n'); i >= 0 {
			next = at + i + 1
		}
		line++
		if separates(content[at:next]) {
			add(at)
			begin, before = next, line
		}
		at = next
	}
	add(len(content))
	return documents
}

// withoutMark drops the byte order mark that some editors write.
func withoutMark(content []byte) (rest []byte, skipped int) {
	rest = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	return rest, len(content) - len(rest)
}

// separates takes for the end of a document what kubectl does.
func separates(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("---"))
	rest = bytes.TrimSpace(rest)
	return found && (len(rest) == 0 || rest[0] == '#')
}

// splitJSON returns false for what is not JSON from one end to the other: YAML
// may begin with a brace too.
func splitJSON(file string, content []byte, skipped int) ([]*document, bool) {
	if begin := bytes.TrimSpace(content); len(begin) == 0 || (begin[0] != '{' && begin[0] != '[') {
		return nil, false
	}
	var documents []*document
	decoder := json.NewDecoder(bytes.NewReader(content))
	for {
		var value json.RawMessage
		err := decoder.Decode(&value)
		if errors.Is(err, io.EOF) {
			return documents, true
		}
		if err != nil {
			return nil, false
		}
		begin := int(decoder.InputOffset()) - len(value)
		documents = append(documents, &document{
			file: file, before: bytes.Count(content[:begin], []byte("\n")), text: value, at: skipped + begin,
		})
	}
}

// value decodes the document as kubectl does, integers kept. It is nil for a
// document without content.
func (d *document) value() (any, error) {
	raw, err := yaml.YAMLToJSON(d.text)
	if err != nil {
		return nil, d.located(err)
	}
	var value any
	if err := utiljson.Unmarshal(raw, &value); err != nil {
		return nil, d.located(err)
	}
	return value, nil
}

// readError is why something could not be read, and where.
type readError struct {
	position Position
	err      error
}

func (e *readError) Error() string { return fmt.Sprintf("%s: %v", e.position, e.err) }
func (e *readError) Unwrap() error { return e.err }

var yamlLine = regexp.MustCompile(`yaml: (?:unmarshal errors:\s+)?line (\d+): `)

// located moves the line that a YAML error names into the file.
func (d *document) located(err error) error {
	line, text := d.first(), strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	if match := yamlLine.FindStringSubmatch(text); match != nil {
		if n, err := strconv.Atoi(match[1]); err == nil {
			line = d.before + n
		}
		text = strings.Replace(text, match[0], "", 1)
		if strings.HasPrefix(text, "did not find expected") {
			line++ // the parser of go-yaml counts from zero where its scanner counts from one
		}
		line = min(line, d.before+len(bytes.Split(bytes.TrimRight(d.text, "\n"), []byte("\n"))))
	}
	text = "not YAML or JSON: " + strings.TrimPrefix(text, "yaml: ")
	text, _, _ = strings.Cut(text, ": invalid map key: ") // what follows is Go's, not the file's
	if bytes.Contains(d.text, []byte("{{")) {
		text += "; a Helm template is read as rendered: helm template CHART | kubectl tealgate check -f -"
	}
	return &readError{Position{d.file, line}, errors.New(text)}
}

// first is the line of the first content.
func (d *document) first() int {
	line := d.before
	for text := range bytes.Lines(d.text) {
		line++
		if text = bytes.TrimSpace(text); len(text) > 0 && text[0] != '#' && text[0] != '%' {
			return line
		}
	}
	return max(d.before, 1)
}

// helmSource reads the comment that Helm puts on top of what it renders.
func (d *document) helmSource() string {
	for text := range bytes.Lines(d.text) {
		text = bytes.TrimSpace(text)
		if source, found := bytes.CutPrefix(text, []byte("# Source: ")); found {
			return filepath.ToSlash(string(bytes.TrimSpace(source)))
		}
		if len(text) > 0 && text[0] != '#' {
			break
		}
	}
	return ""
}

// node is the document's content with its lines, nil where it has none. It is only
// worked out for documents of which something is to be said.
func (d *document) node() *nodes.Node {
	if !d.parsed {
		d.parsed = true
		var top nodes.Node
		if err := nodes.Unmarshal(d.text, &top); err == nil && len(top.Content) > 0 {
			d.root = top.Content[0]
		}
	}
	return d.root
}
