package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// screenWidth is how wide sentences get. Names of objects are never broken.
const screenWidth = 78

// Screen draws a release as it stands: both colors, what is measured, run and checked, and
// what it waits for. colored is for a terminal.
func (v *View) Screen(colored bool) []string {
	bg := v.BlueGreen
	lines := append([]string{cell{v.title(), bold}.paint(colored)}, "")
	lines = append(lines, table(v.sides(), colored)...)
	if Running(bg) {
		for _, rows := range [][][]string{signalRows(bg), stepRows(v), decisionRows(v)} {
			if len(rows) > 1 {
				lines = append(append(lines, ""), table(rows, colored)...)
			}
		}
	}
	lines = append(append(lines, ""), v.waiting(colored)...)
	if next := offers(bg, v.Now); len(next) > 0 {
		lines = append(lines, "  next:")
		for _, command := range next {
			lines = append(lines, "    "+command)
		}
	}
	if v.Trouble != "" {
		lines = append(lines, cell{"  not up to date:", yellow}.paint(colored))
		lines = append(lines, wrapped("the API server does not answer ("+v.Trouble+")", "    ", screenWidth)...)
	}
	return lines
}

func (v *View) title() string {
	bg, r := v.BlueGreen, v.BlueGreen.Status.Release
	name := bg.Namespace + "/" + bg.Name
	phase := string(bg.Status.Phase)
	if phase == "" {
		phase = "not looked at yet"
	}
	if bg.Spec.Paused {
		name += " (paused)"
	}
	if !Running(bg) {
		return name + "   " + phase
	}
	return fmt.Sprintf("%s   %s brings %s to %s   %s for %s", name, r.Name, named(r.Version), r.To, phase, v.since())
}

// since is how long the present phase has lasted, by the clock on the wall.
func (v *View) since() string {
	r := v.BlueGreen.Status.Release
	began := r.PhaseTime.Time
	if last := len(r.Phases) - 1; last >= 0 && r.Phases[last].Phase == v.BlueGreen.Status.Phase {
		began = r.Phases[last].StartTime.Time
	}
	return took(v.Now.Sub(began).Truncate(1e9))
}

func (v *View) sides() [][]string {
	rows := [][]string{{"COLOR", "VERSION", "READY", "SERVICES"}}
	for _, side := range []struct {
		name string
		*Side
	}{{"blue", v.Blue}, {"green", v.Green}} {
		if side.Side == nil {
			rows = append(rows, []string{side.name, "?", "?", "?"})
			continue
		}
		rows = append(rows, []string{side.name, dash(side.Version), fmt.Sprintf("%d/%d", side.Ready, side.Desired), dash(strings.Join(side.Services, ", "))})
	}
	return rows
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// signalRows are the measured values beside their limits.
func signalRows(bg *v1alpha1.BlueGreen) [][]string {
	rows := [][]string{{"SIGNAL", "VALUE", "LIMIT", "BEFORE", "VERDICT", "WHY"}}
	if bg.Status.Release.EndpointsSwitchedTime.IsZero() && !measured(bg.Status.Release) {
		return rows
	}
	for i := range bg.Status.Release.Signals {
		s := &bg.Status.Release.Signals[i]
		declared := signal(bg, s.Name)
		rows = append(rows, []string{
			s.Name, dash(value(s.Value, declared)), dash(limits(declared)), dash(value(s.Baseline, declared)), dash(string(s.Outcome)), s.Message,
		})
	}
	return rows
}

func measured(r *v1alpha1.Release) bool {
	return slices.ContainsFunc(r.Signals, func(s v1alpha1.SignalStatus) bool { return s.Outcome != "" || s.Value != "" })
}

// stepRows are the jobs and the checklists. Those of a stage that has not begun are not shown.
func stepRows(v *View) [][]string {
	bg, r := v.BlueGreen, v.BlueGreen.Status.Release
	rows := [][]string{{"STEP", "WHEN", "STATE", ""}}
	for i := range r.Jobs {
		job := &r.Jobs[i]
		known := job.Message
		switch end := job.EndTime.Time; {
		case known != "" || job.StartTime.IsZero():
		case end.IsZero():
			known = "for " + took(v.Now.Sub(job.StartTime.Time).Truncate(time.Second))
		default:
			known = "in " + between(job.StartTime.Time, end)
		}
		rows = append(rows, []string{"job " + job.Name, string(job.Stage), string(job.State), known})
	}
	for i := range r.Checks {
		check := &r.Checks[i]
		rows = append(rows, []string{"check " + check.Name, string(check.Stage), "Checked", "by " + check.By})
	}
	for _, item := range Open(bg) {
		rows = append(rows, []string{"check " + item, string(stage(bg)), "open", ""})
	}
	return rows
}

func decisionRows(v *View) [][]string {
	rows := [][]string{{"DECISION", "BY", "AT", "REASON"}}
	for i := range v.BlueGreen.Status.Release.Decisions {
		d := &v.BlueGreen.Status.Release.Decisions[i]
		rows = append(rows, []string{string(d.Verdict), d.By, clock(d.Time.Time, v.Now), d.Reason})
	}
	return rows
}

// waiting is what the release waits for and until when, or how it ended.
func (v *View) waiting(colored bool) []string {
	status := &v.BlueGreen.Status
	var lines []string
	if r := status.Release; r != nil && r.Outcome != "" {
		lines = wrapped(fmt.Sprintf("%s: %s", r.Name, ended(r.Outcome, r.Message)), "  ", screenWidth)
	}
	w := status.Waiting
	if w == nil {
		return lines
	}
	switch {
	case w.Stalled:
		lines = append(lines, cell{"  takes a person:", yellow}.paint(colored))
	case Running(v.BlueGreen):
		lines = append(lines, "  waits:")
	default:
		return append(lines, wrapped(w.Message, "  ", screenWidth)...)
	}
	lines = append(lines, wrapped(w.Message, "    ", screenWidth)...)
	if !w.UntilTime.IsZero() {
		lines = append(lines, fmt.Sprintf("  until %s, in %s", clock(w.UntilTime.Time, v.Now), took(w.UntilTime.Sub(v.Now).Truncate(1e9))))
	}
	return lines
}

// Line is a release as it stands in one line without a time, for where lines are kept.
func (v *View) Line() string {
	if v.Trouble != "" {
		return "the API server does not answer: " + v.Trouble
	}
	bg := v.BlueGreen
	phase, subject := string(bg.Status.Phase), bg.Name
	if Running(bg) {
		subject = bg.Status.Release.Name
	}
	line := strings.TrimSpace(subject+" "+phase) + waits(bg)
	if w := bg.Status.Waiting; w != nil && !w.UntilTime.IsZero() {
		line += fmt.Sprintf(" (until %s)", clock(w.UntilTime.Time, v.Now))
	}
	return line
}
