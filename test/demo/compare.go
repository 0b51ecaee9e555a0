package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// compare says how long nobody was served, beside what the same story does in a tool that
// waits until the new version is healthy before it goes back.
func (s *stage) compare(ctx context.Context) error {
	got, err := s.shell(ctx, act{run: "kubectl get bluegreen shop -o jsonpath='{.status.release.endpointsRestoredTime}'"})
	if err != nil {
		return err
	}
	restored, err := time.Parse(metav1.RFC3339Micro, got.stdout)
	if err != nil {
		return fmt.Errorf("when the endpoints were restored: %w", err)
	}
	s.screen.compare(restored.Sub(s.clock))
	return nil
}

// elsewhere is how long the same story was looked at in Argo Rollouts 1.10.1 on a real
// node, without an end: it waits for the new ReplicaSet to be available before it moves
// the Service back (docs/rollback.md).
const elsewhere = 145 * time.Second

func (s *screen) compare(took time.Duration) {
	room := s.width - len(s.margin) - 44
	bar := func(d time.Duration) string {
		return strings.Repeat("█", max(1, int(float64(room)*d.Seconds()/elsewhere.Seconds())))
	}
	s.print("\n" + s.margin + s.paint(bold, "From the crash until blue serves again"))
	s.print("")
	s.print(fmt.Sprintf("%s%-28s%s %s", s.margin, "tealgate, just now", s.paint(green, bar(took)), s.paint(bold, fmt.Sprintf("%.1f s", took.Seconds()))))
	s.print(fmt.Sprintf("%s%-28s%s %s", s.margin, "a tool that waits for green", s.paint(red, bar(elsewhere)), s.paint(bold, "145 s: not yet")))
	for _, line := range fold("Argo Rollouts 1.10.1, the same story on a real node: it gave up, and wanted green available before it "+
		"moved the Service back. Green was dead, so it never did. 145 s later, when we stopped looking, nobody was served, "+
		"and blue had been healthy all the time. tealgate asks about blue only. (Played pods fail at once; "+
		"on a real node comes on top what the probe takes to notice.)", s.width-len(s.margin)) {
		s.print(s.margin + strings.TrimLeft(line, " "))
	}
}
