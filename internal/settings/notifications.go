package settings

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/tealgate/tealgate/internal/notify"
)

// maxNotifications bounds what a release has to be told to.
const maxNotifications = 16

// Notification is somebody to tell of releases.
type Notification struct {
	Name string
	// Template is what is posted. It is nil where TemplateFrom has it, and where the event
	// itself is wanted.
	Template     *notify.Template
	TemplateFrom *TemplateSource
	// URL, or else SecretKey: the key of the Secret that has it.
	URL, SecretKey string
	// Events and Namespaces that are wanted; without any, all.
	Events, Namespaces []string
}

// TemplateSource is a key of a ConfigMap in tealgate's namespace.
type TemplateSource struct{ ConfigMap, Key string }

// Wants says whether to tell of an event in a namespace.
func (n *Notification) Wants(namespace, event string) bool {
	return (len(n.Events) == 0 || slices.Contains(n.Events, event)) &&
		(len(n.Namespaces) == 0 || slices.Contains(n.Namespaces, namespace))
}

func (r *reader) notifications(v value) []Notification {
	var list []Notification
	r.list(v, "a list of notifications with name and url or secretRef", func(v value) {
		before := len(r.found)
		one := r.notification(v)
		again := slices.ContainsFunc(list, func(other Notification) bool { return other.Name == one.Name })
		switch {
		case len(r.found) > before:
		case one.Name == "":
			r.problem(v.node, "%s: expected a name", v.path)
		case (one.URL == "") == (one.SecretKey == ""):
			r.problem(v.node, "%s: expected either url or secretRef", v.path)
		case one.Template != nil && one.TemplateFrom != nil:
			r.problem(v.node, "%s: expected template or templateFrom, found both", v.path)
		case again:
			r.problem(v.node, "%s: expected a name of its own, found %s again", v.path, quoted(one.Name))
		case len(list) == maxNotifications:
			r.problem(v.node, "%s: expected at most %d", v.path, maxNotifications)
		default:
			list = append(list, one)
		}
	})
	return list
}

func (r *reader) notification(v value) Notification {
	var one Notification
	r.fields(v,
		field{"name", func(v value) { one.Name = r.dnsLabel(v, "a name in lower case, such as team-chat") }},
		field{"url", func(v value) { one.URL = r.target(v) }},
		field{"secretRef", func(v value) {
			r.fields(v, field{"key", func(v value) { one.SecretKey = r.key(v, "a key of Secret tealgate-notifications") }})
		}},
		field{"template", func(v value) {
			parsed, err := notify.Parse(r.text(v, "a Go template"))
			if err != nil {
				r.problem(v.node, "%s: expected a Go template over the fields of an event: %s", v.path, oneLine(err))
			}
			one.Template = parsed
		}},
		field{"templateFrom", func(v value) { one.TemplateFrom = r.templateFrom(v) }},
		field{"events", func(v value) {
			r.list(v, "a list of "+oneOf(notify.Kinds()), func(v value) {
				if !slices.Contains(notify.Kinds(), v.node.Value) {
					r.expected(v, oneOf(notify.Kinds()))
				}
				one.Events = append(one.Events, v.node.Value)
			})
		}},
		field{"namespaces", func(v value) {
			r.list(v, "a list of namespaces", func(v value) {
				one.Namespaces = append(one.Namespaces, r.dnsLabel(v, "the name of a namespace"))
			})
		}})
	return one
}

func (r *reader) templateFrom(v value) *TemplateSource {
	from := &TemplateSource{}
	before := len(r.found)
	r.fields(v,
		field{"configMap", func(v value) { from.ConfigMap = r.dnsLabel(v, "the name of a ConfigMap in tealgate-system") }},
		field{"key", func(v value) { from.Key = r.key(v, "a key of the ConfigMap") }})
	if len(r.found) == before && (from.ConfigMap == "" || from.Key == "") {
		r.problem(v.node, "%s: expected both configMap and key", v.path)
	}
	return from
}

// target is an address that is posted to. What is wrong with it is not repeated: such
// addresses are secrets more often than not.
func (r *reader) target(v value) string {
	const what = "an http or https address"
	address := r.text(v, what)
	if address != "" && !notify.IsAddress(address) {
		r.problem(v.node, "%s: expected %s", v.path, what)
	}
	return address
}

func (r *reader) dnsLabel(v value, what string) string {
	text := r.text(v, what)
	if text != "" && len(validation.IsDNS1123Label(text)) > 0 {
		r.expected(v, what)
	}
	return text
}

func (r *reader) key(v value, what string) string {
	text := r.text(v, what)
	if text != "" && len(validation.IsConfigMapKey(text)) > 0 {
		r.expected(v, what)
	}
	return text
}
