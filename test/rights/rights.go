// Package rights compares what tealgate asked of an API server, by that one's own audit log,
// with what its roles grant: nothing is refused, and nothing is granted that nobody needs.
package rights

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// user is tealgate's ServiceAccount.
const user = "system:serviceaccount:tealgate-system:tealgate"

// Policy is an audit policy that records tealgate's requests and no others, unless more rules
// follow. A watch is recorded when it begins: it may outlive the log.
const Policy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: Metadata, users: ["` + user + `"]}
`

// Request is one that the API server has decided about. Resource has the subresource
// behind a slash; Name is that of a field selector where the request has none.
type Request struct {
	Verb, Group, Resource, Namespace, Name string
	Refused                                bool
}

func (r Request) String() string {
	return fmt.Sprintf("%s %s.%s %s/%s", r.Verb, r.Resource, r.Group, r.Namespace, r.Name)
}

// event is the part of audit.k8s.io/v1 Event that counts here.
type event struct {
	Verb string
	User struct{ Username string }
	// ObjectRef is empty where no resource is asked for: /apis, /openapi/v3.
	ObjectRef   struct{ APIGroup, Resource, Subresource, Namespace, Name string }
	Annotations map[string]string
}

// Read returns tealgate's requests of an audit log. An admission that refuses is none of a
// role's: only what the authorizer refuses is Refused.
func Read(log string) ([]Request, error) {
	file, err := os.Open(log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	var requests []Request
	lines := bufio.NewReader(file)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return requests, nil //nolint:nilerr // The end, or a line that is still being written.
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, errors.Join(fmt.Errorf("%s: %q", log, line), err)
		}
		if e.User.Username != user {
			continue
		}
		resource := e.ObjectRef.Resource
		if e.ObjectRef.Subresource != "" {
			resource += "/" + e.ObjectRef.Subresource
		}
		requests = append(requests, Request{
			e.Verb, e.ObjectRef.APIGroup, resource, e.ObjectRef.Namespace, e.ObjectRef.Name,
			e.Annotations["authorization.k8s.io/decision"] == "forbid",
		})
	}
}

// Refused returns those that no role allows.
func Refused(requests []Request) []Request {
	return slices.DeleteFunc(slices.Clone(requests), func(r Request) bool { return !r.Refused })
}

// Unused returns what a Role or ClusterRole grants and no request has used: each verb on
// each resource, and each name of it where there are names.
func Unused(manifest []byte, requests []Request) ([]string, error) {
	var role rbacv1.Role // A ClusterRole reads like one of no namespace.
	if err := yaml.Unmarshal(manifest, &role); err != nil {
		return nil, err
	}
	var unused []string
	for _, rule := range role.Rules {
		for _, granted := range grants(rule, role.Namespace) {
			if !slices.ContainsFunc(requests, granted.uses) {
				unused = append(unused, granted.String())
			}
		}
	}
	return unused, nil
}

// uses reports whether a request takes the grant: what the grant leaves empty may be
// anything.
func (r Request) uses(request Request) bool {
	return request.Verb == r.Verb && request.Group == r.Group && request.Resource == r.Resource && !request.Refused &&
		(r.Namespace == "" || request.Namespace == r.Namespace) && (r.Name == "" || request.Name == r.Name)
}

// grants takes a rule apart.
func grants(rule rbacv1.PolicyRule, namespace string) []Request {
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	var all []Request
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			for _, verb := range rule.Verbs {
				for _, name := range names {
					all = append(all, Request{Verb: verb, Group: group, Resource: resource, Namespace: namespace, Name: name})
				}
			}
		}
	}
	return all
}

// Text lists what was found, one a line.
func Text[T fmt.Stringer](found []T) string {
	lines := make([]string, 0, len(found))
	for _, one := range found {
		lines = append(lines, one.String())
	}
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "\n")
}
