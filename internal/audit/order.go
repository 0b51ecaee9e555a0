package audit

import "context"

// nextNamespace returns the namespace that comes next in any of the lists, false at
// the end of all.
func nextNamespace(ctx context.Context, lists ...*cursor) (name string, ok bool, err error) {
	for _, list := range lists {
		object, err := list.peek(ctx)
		if err != nil {
			return "", false, err
		}
		if object == nil {
			continue
		}
		if namespace := object.GetNamespace(); !ok || prefix(namespace) < prefix(name) {
			name, ok = namespace, true
		}
	}
	return name, ok, nil
}
