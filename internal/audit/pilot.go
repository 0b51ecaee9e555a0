package audit

import (
	"cmp"
	"slices"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// rank puts the namespaces in the order in which to enforce: those with a Service in
// front of a Deployment first, because elsewhere there is nothing to switch; then the
// smallest share of objects that would be denied, because that is the work to do; then
// the fewest Deployments, because a pilot is small; then by name.
func (r *Result) rank() {
	slices.SortFunc(r.Namespaces, func(a, b Namespace) int {
		return cmp.Or(
			cmp.Compare(min(b.Paired, 1), min(a.Paired, 1)),
			cmp.Compare(a.share(), b.share()),
			cmp.Compare(a.Deployments.Objects, b.Deployments.Objects),
			cmp.Compare(a.Name, b.Name),
		)
	})
}

// share is the part of the objects that would be denied.
func (n Namespace) share() float64 {
	all := n.Deployments.Objects + n.Services.Objects
	if all == 0 {
		return 0
	}
	return float64(n.Deployments.Denied+n.Services.Denied) / float64(all)
}

// Pilot returns the namespace to enforce next: the first that has something to switch
// and is not in enforce yet; false where there is none, or no choice.
func (r *Result) Pilot() (Namespace, bool) {
	if r.one {
		return Namespace{}, false
	}
	i := slices.IndexFunc(r.Namespaces, func(n Namespace) bool {
		return n.Paired > 0 && (n.Mode == nil || *n.Mode != v1alpha1.ModeEnforce)
	})
	if i < 0 {
		return Namespace{}, false
	}
	return r.Namespaces[i], true
}
