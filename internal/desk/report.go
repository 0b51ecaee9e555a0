package desk

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/policy"
)

// Paper is what a report is made from.
type Paper struct {
	BlueGreen *v1alpha1.BlueGreen
	// Release is the name of the one that it is about.
	Release string
	// Decisions on it that are still in the cluster.
	Decisions []v1alpha1.Decision
	// Notes are the release notes of the color that was released, as far as they are there.
	Notes    string
	Language policy.Language
	Now      time.Time
}

// paper is a report while it is written.
type paper struct {
	Paper
	strings.Builder
	words reportWords
	// summary is there for each release, full for the present one only.
	summary v1alpha1.ReleaseSummary
	full    *v1alpha1.Release
}

// Report is the paper on a release, in Markdown: for those who decide on the next one.
func Report(p Paper) (string, error) {
	summary, known := Release(p.BlueGreen, p.Release)
	if !known {
		return "", fmt.Errorf("%s has no release %s; it remembers: %s", p.BlueGreen.Name, p.Release, remembered(p.BlueGreen))
	}
	w := &paper{Paper: p, words: reportPhrases[p.Language], summary: summary}
	if r := p.BlueGreen.Status.Release; r != nil && r.Name == p.Release {
		w.full = r
	}
	w.head()
	w.notes()
	if w.full == nil {
		fmt.Fprintf(w, "%s\n\n", w.words.shortened)
	} else {
		w.checklist()
	}
	w.decisions()
	if w.full != nil {
		w.timings()
		w.signals()
	}
	w.figures()
	return strings.TrimRight(w.String(), "\n") + "\n", nil
}

func remembered(bg *v1alpha1.BlueGreen) string {
	var names []string
	for _, r := range Releases(bg) {
		names = append(names, r.Name)
	}
	return list(names)
}

// rows writes a table. Rows of which the last field is empty are left out.
func (w *paper) rows(heading string, titles []string, rows [][]string) {
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row[len(row)-1] == "" && titles == nil })
	if len(rows) == 0 {
		return
	}
	if heading != "" {
		fmt.Fprintf(w, "## %s\n\n", heading)
	}
	if titles == nil {
		titles = make([]string, len(rows[0]))
	}
	line := func(fields []string) {
		cells := make([]string, len(fields))
		for i, field := range fields {
			cells[i] = escape(field)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
	line(titles)
	fmt.Fprintf(w, "|%s\n", strings.Repeat("---|", len(titles)))
	for _, row := range rows {
		line(row)
	}
	fmt.Fprintln(w)
}

// escape keeps what people and jobs wrote from being taken for Markdown or HTML.
func escape(text string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "`", "'", "*", `\*`, "[", `\[`).Replace(text)
}

func (w *paper) head() {
	r := &w.summary
	fmt.Fprintf(w, "# %s\n\n", fmt.Sprintf(w.words.title, r.Name, w.BlueGreen.Namespace, w.BlueGreen.Name, escape(named(r.Version))))
	if r.Outcome == "" {
		fmt.Fprintf(w, "**%s**\n\n", fmt.Sprintf(w.words.underway, w.BlueGreen.Status.Phase))
	} else {
		fmt.Fprintf(w, "**%s**%s%s\n\n", r.Outcome, w.words.colon, escape(cmp.Or(r.Message, r.Reason)))
	}
	from, deployers := string(r.From), ""
	if w.full != nil {
		from = w.versioned(w.full.FromVersion, r.From)
		deployers = strings.Join(w.full.Deployers, ", ")
		if deployers == "" {
			deployers = w.words.unrecorded
		}
	}
	w.rows("", nil, [][]string{
		{w.words.from, from},
		{w.words.to, w.versioned(r.Version, r.To)},
		{w.words.deployedBy, deployers},
		{w.words.decidedBy, w.decidedBy()},
		{w.words.began, stamp(r.StartTime.Time)},
		{w.words.switched, stamp(r.EndpointsSwitchedTime.Time)},
		{w.words.restored, stamp(r.EndpointsRestoredTime.Time)},
		{w.words.ended, stamp(r.EndTime.Time)},
		{w.words.took, between(r.StartTime.Time, r.EndTime.Time)},
	})
}

func (w *paper) versioned(version string, c color.Color) string {
	return fmt.Sprintf(w.words.versioned, named(version), c)
}

func (w *paper) decidedBy() string {
	switch {
	case len(w.summary.DecidedBy) > 0:
		return strings.Join(w.summary.DecidedBy, ", ")
	case w.full != nil && spec(w.BlueGreen).Approval.Policy == v1alpha1.ApprovalAutomatic:
		return w.words.automatic
	default:
		return w.words.nobody
	}
}

// stamp is a time as a paper has it that is read elsewhere, later.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// notes are quoted as they are: whoever wrote them may have meant Markdown.
func (w *paper) notes() {
	if w.Notes == "" {
		return
	}
	fmt.Fprintf(w, "## %s\n\n", w.words.notes)
	for line := range strings.Lines(strings.TrimSpace(w.Notes)) {
		fmt.Fprintf(w, "> %s\n", strings.TrimRight(strings.ReplaceAll(line, "<", "&lt;"), "\n"))
	}
	fmt.Fprintln(w)
}

// decisions are those of the cluster, and those of the status that are gone from it.
func (w *paper) decisions() {
	var rows [][]string
	seen := map[string]bool{}
	for i := range w.Decisions {
		d := &w.Decisions[i]
		seen[d.Name] = true
		rows = append(rows, []string{stamp(d.CreationTimestamp.Time), d.Spec.DecidedBy, strings.TrimSpace(string(d.Spec.Verdict) + " " + d.Spec.Item), d.Spec.Reason})
	}
	if w.full != nil {
		for i := range w.full.Decisions {
			if d := &w.full.Decisions[i]; !seen[d.Name] {
				rows = append(rows, []string{stamp(d.Time.Time), d.By, string(d.Verdict), d.Reason})
			}
		}
	}
	// Times have seconds; within one, what was checked comes before what was decided.
	decided := func(row []string) bool { return !strings.HasPrefix(row[2], string(v1alpha1.VerdictChecked)) }
	slices.SortFunc(rows, func(a, b []string) int {
		if a[0] == b[0] && decided(a) != decided(b) {
			if decided(a) {
				return 1
			}
			return -1
		}
		return slices.Compare(a, b)
	})
	w.rows(w.words.decisions, w.words.decisionTitles, rows)
}

// timings are how long each phase took, and the moves of the traffic.
func (w *paper) timings() {
	r := w.full
	var rows [][]string
	for i, phase := range r.Phases {
		if phase.Phase == v1alpha1.PhaseIdle {
			continue
		}
		end := w.Now
		switch {
		case i+1 < len(r.Phases):
			end = r.Phases[i+1].StartTime.Time
		case !r.EndTime.IsZero():
			end = r.EndTime.Time
		}
		rows = append(rows, []string{string(phase.Phase), stamp(phase.StartTime.Time), between(phase.StartTime.Time, end)})
	}
	if move := between(r.MoveTime.Time, r.EndpointsSwitchedTime.Time); move != "" {
		rows = append(rows, []string{w.words.move, stamp(r.MoveTime.Time), move})
	}
	if back := rollingBack(r); !back.IsZero() && !r.EndpointsRestoredTime.IsZero() {
		rows = append(rows, []string{w.words.moveBack, stamp(back), between(back, r.EndpointsRestoredTime.Time)})
	}
	w.rows(w.words.timings, w.words.timingTitles, rows)
}

// rollingBack is when the release turned round, zero if it did not.
func rollingBack(r *v1alpha1.Release) time.Time {
	for _, phase := range r.Phases {
		if phase.Phase == v1alpha1.PhaseRollingBack {
			return phase.StartTime.Time
		}
	}
	return time.Time{}
}

func (w *paper) signals() {
	var rows [][]string
	for i := range w.full.Signals {
		s := &w.full.Signals[i]
		declared := signal(w.BlueGreen, s.Name)
		rows = append(rows, []string{
			s.Name, dash(limits(declared)), dash(value(s.Baseline, declared)), dash(value(s.Value, declared)), dash(s.Samples),
			strings.TrimSpace(dash(string(s.Outcome)) + " " + s.Message),
		})
	}
	w.rows(w.words.signals, w.words.signalTitles, rows)
}
