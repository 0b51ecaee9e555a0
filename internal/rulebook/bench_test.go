package rulebook_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/rulebook"
)

// BenchmarkBuild is what a load costs, and the trial of a ConfigMap at admission:
// with one rule beside the embedded ones, and with as much as sources may hold.
func BenchmarkBuild(b *testing.B) {
	base, err := rulebook.Embedded()
	require.NoError(b, err)
	one := source("acme", "owner.rego", owner, "owner_test.rego", ownerTest)
	for name, sources := range map[string][]rulebook.Source{"One": {one}, "Full": {full()}} {
		b.Run(name, func(b *testing.B) {
			// What is in force stands beside what is tried.
			inForce, err := rulebook.Build(b.Context(), base, sources)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				_, err := rulebook.Build(b.Context(), base, sources)
				require.NoError(b, err)
			}
			runtime.KeepAlive(inForce)
		})
	}
}

// full is a source that holds as much as all may: many rules with tests.
func full() rulebook.Source {
	const rules = rulebook.MaxFiles / 2
	s := rulebook.Source{Name: "full", Files: map[string]string{}}
	room := rulebook.MaxBytes/rules - len(owner) - len(ownerTest)
	for i := range rules {
		id := fmt.Sprintf("rule%03d", i)
		named := strings.NewReplacer("team-owner", id, "team_owner", id)
		var more strings.Builder
		for j := 0; ; j++ {
			line := fmt.Sprintf("\nlimit_%d(x) if {\n\tx.replicas > %d\n\tsome c in x.containers\n\tstartswith(c.image, \"registry-%d\")\n}\n", j, j, j)
			if more.Len()+len(line) > room-100 {
				break
			}
			more.WriteString(line)
		}
		s.Files["full/"+id+".rego"] = named.Replace(owner) + more.String()
		s.Files["full/"+id+"_test.rego"] = named.Replace(ownerTest)
	}
	return s
}
