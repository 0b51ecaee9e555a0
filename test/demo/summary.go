package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/rivo/uniseg"
)

// summary has one line a step. Unless all is well, the last step of those that
// took time is the one that failed.
func (s *screen) summary(story []step, took []time.Duration, well bool) {
	s.print("\n\n" + s.paint(bold, "What you have seen"))
	for i, step := range story {
		mark, after := s.paint(green, "✓"), ""
		switch {
		case i >= len(took):
			mark, after = "-", "not reached"
		case i == len(took)-1 && !well:
			mark, after = s.paint(red, "✗"), "failed"
		default:
			after = fmt.Sprintf("%.1f s", took[i].Seconds())
		}
		if step.act != "" {
			s.print("")
		}
		gap := max(1, s.width-len(s.margin)-2-uniseg.StringWidth(step.shown)-len(after))
		s.print(s.margin + mark + " " + step.shown + strings.Repeat(" ", gap) + s.paint(dim, after))
	}
	if !well {
		s.print(fmt.Sprintf("\n%sStopped at step %d of %d: its answer is not the expected one, see above.\n",
			s.margin, len(took), len(story)))
		return
	}
	total := time.Duration(0)
	for _, one := range took {
		total += one
	}
	s.print(fmt.Sprintf("\n%s%d steps in %.0f s, every answer as expected; %.0f s with the cluster's start.",
		s.margin, len(story), total.Seconds(), time.Since(s.start).Seconds()))
	if total > budget {
		s.print(fmt.Sprintf("%sNote: the steps took longer than the %s that they should.", s.margin, budget))
	}
	s.print("\n" + s.margin + "Your own cluster: README.md. Your own release: docs/release.md.\n")
}

// invitation is for who has kept the cluster.
func (s *screen) invitation(dir, path string) {
	s.print(s.paint(bold, "The cluster stays up until Ctrl-C.") + " In another terminal, in this folder:\n")
	s.print(s.margin + s.paint(cyan, "export KUBECONFIG="+filepath.Join(dir, "kubeconfig-"+lee)) + s.paint(dim, "   # or tom, mia, ann"))
	s.print(s.margin + s.paint(cyan, "export PATH="+path+":$PATH"))
	s.print("\nThree things to try:\n")
	for _, try := range [][2]string{
		{"kubectl create deployment hello --image=hello:latest", "refused: three problems, three cures"},
		{"kubectl edit deployment shop-blue", "take out the readinessProbe"},
		{"kubectl tealgate watch shop", "then release once more, as lee"},
	} {
		s.print(s.margin + s.paint(cyan, fmt.Sprintf("%-54s", try[0])) + s.paint(dim, "# "+try[1]))
	}
}
