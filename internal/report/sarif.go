package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/url"

	"github.com/owenrumney/go-sarif/v3/pkg/report"
	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"

	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
)

// fingerprint names our way to tell that a finding is the one of the last run,
// wherever in the file it stands now.
const fingerprint = "tealgateFinding/v1"

// writeSARIF writes SARIF 2.1.0. Line numbers, levels and rules with their help are
// what code hosts show beside a change.
func writeSARIF(out io.Writer, result *offline.Result, options Options) error {
	run := sarif.NewRunWithInformationURI("tealgate", "https://github.com/tealgate/tealgate")
	run.Tool.Driver.WithVersion(options.Version)
	index := map[string]int{}
	for i, rule := range options.Rules {
		index[rule.ID] = i
		run.Tool.Driver.AddRule(descriptor(rule, options))
	}
	for _, checked := range result.Checked {
		for _, found := range checked.Findings {
			run.AddResult(sarifResult(checked, found, index))
		}
	}
	invocation := sarif.NewInvocation().WithExecutionSuccessful(len(result.Unreadable) == 0)
	for _, unread := range result.Unreadable {
		invocation.AddToolExecutionNotification(sarif.NewNotification().WithLevel("error").
			WithMessage(sarif.NewTextMessage(unread.Err.Error())).AddLocation(location(unread.Position)))
	}
	run.AddInvocation(invocation)
	return report.NewV210Report().AddRun(run).PrettyWrite(out)
}

func descriptor(rule *policy.Rule, options Options) *sarif.ReportingDescriptor {
	title := cmp.Or(rule.Title[options.Language], rule.Title[policy.English])
	text := cmp.Or(rule.Description[options.Language], rule.Description[policy.English])
	described := sarif.NewRule(rule.ID).WithName(rule.ID).
		WithShortDescription(sarif.NewMultiformatMessageString().WithText(title)).
		WithFullDescription(sarif.NewMultiformatMessageString().WithText(text)).
		WithHelp(sarif.NewMultiformatMessageString().WithText(fmt.Sprintf("%s\n\n%s", title, text))).
		WithDefaultConfiguration(sarif.NewReportingConfiguration().WithLevel(level(rule.Action)))
	if options.Docs != nil {
		if page := options.Docs(rule.ID); page != "" {
			described.WithHelpURI(page)
		}
	}
	return described
}

func level(action policy.Action) string {
	switch action {
	case policy.Warn:
		return "warning"
	case policy.Advise:
		return "note"
	default:
		return "error"
	}
}

func sarifResult(checked offline.Checked, found offline.Finding, index map[string]int) *sarif.Result {
	where := fmt.Sprintf("%s %s/%s", checked.Kind, checked.Namespace, checked.Name)
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s\x00%s", where, found.Rule.ID, found.Field, found.Subject))
	result := sarif.NewRuleResult(found.Rule.ID).WithLevel(level(found.Action)).
		WithMessage(sarif.NewTextMessage(where + ": " + found.Sentence.Full)).
		AddLocation(location(found.Position)).
		WithPartialFingerprints(map[string]string{fingerprint: hex.EncodeToString(sum[:16])})
	if i, ok := index[found.Rule.ID]; ok {
		result.WithRuleIndex(i)
	}
	return result
}

func location(position offline.Position) *sarif.Location {
	uri := url.URL{Path: slashed(position.File)}
	physical := sarif.NewPhysicalLocation().WithArtifactLocation(sarif.NewSimpleArtifactLocation(uri.String()))
	if position.Line > 0 {
		physical.WithRegion(sarif.NewSimpleRegion(position.Line, position.Line))
	}
	return sarif.NewLocationWithPhysicalLocation(physical)
}
