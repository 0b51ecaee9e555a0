package admission

import (
	"fmt"
	"strings"

	"github.com/tealgate/tealgate/internal/facts"
)

// seen says by what a change of a Service was judged: how many of the pods that it
// selects were ready, how many ready endpoints served, and the resourceVersion of each
// list. With them the audit log tells what was so at the time of the decision from what
// came after it. It names no object, so it is short whatever was read. It is empty where
// nothing was, as for an object that is no Service.
func seen(gathered facts.Facts) string {
	var lists []string
	if at := gathered.Selected.ResourceVersion; at != "" {
		ready, more := 0, ""
		for _, pod := range gathered.Selected.Pods {
			if pod.Ready {
				ready++
			}
		}
		if gathered.Selected.Truncated {
			more = " or more"
		}
		lists = append(lists, fmt.Sprintf("selected %d of %d%s pods ready at %s", ready, len(gathered.Selected.Pods), more, at))
	}
	if at := gathered.Serving.ResourceVersion; at != "" {
		more := ""
		if gathered.Serving.Truncated {
			more = " or more"
		}
		lists = append(lists, fmt.Sprintf("serving %d%s ready at %s", gathered.Serving.Ready, more, at))
	}
	return strings.Join(lists, "; ")
}
