package report

import (
	"io"

	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
)

// What follows is documented in docs/check.md and only grows. Lists are never null.

type jsonReport struct {
	APIVersion string           `json:"apiVersion"`
	Kind       string           `json:"kind"`
	Summary    jsonSummary      `json:"summary"`
	Objects    []jsonObject     `json:"objects"`
	Unreadable []jsonUnreadable `json:"unreadable"`
}

type jsonSummary struct {
	Files      int `json:"files"`
	Checked    int `json:"checked"`
	Others     int `json:"others"`
	Denied     int `json:"denied"`
	Warnings   int `json:"warnings"`
	Advice     int `json:"advice"`
	Exempt     int `json:"exempt"`
	Unmanaged  int `json:"unmanaged"`
	Unreadable int `json:"unreadable"`
}

type jsonPosition struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

type jsonObject struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	jsonPosition
	Input  *jsonPosition `json:"input,omitempty"`
	Denied bool          `json:"denied"`
	// Unmanaged is absent for what the settings do not leave alone.
	Unmanaged bool          `json:"unmanaged,omitempty"`
	Text      string        `json:"text,omitempty"`
	Findings  []jsonFinding `json:"findings"`
	Exempt    []jsonExcused `json:"exempt"`
	Notes     []string      `json:"notes"`
}

type jsonFinding struct {
	Rule    string        `json:"rule"`
	Action  policy.Action `json:"action"`
	Field   string        `json:"field"`
	Subject string        `json:"subject"`
	jsonPosition
	Message string   `json:"message"`
	Text    string   `json:"text"`
	Fix     *jsonFix `json:"fix,omitempty"`
}

type jsonExcused struct {
	Rule    string        `json:"rule"`
	Action  policy.Action `json:"action"`
	Field   string        `json:"field"`
	Subject string        `json:"subject"`
	jsonPosition
	Message string `json:"message"`
	Reason  string `json:"reason"`
	Until   string `json:"until"`
}

type jsonFix struct {
	At   string `json:"at"`
	YAML string `json:"yaml"`
}

type jsonUnreadable struct {
	jsonPosition
	Reason string `json:"reason"`
}

func position(p offline.Position) jsonPosition { return jsonPosition{slashed(p.File), p.Line} }

func writeJSON(out io.Writer, result *offline.Result) error {
	report := jsonReport{
		APIVersion: "check.tealgate.dev/v1", Kind: "CheckReport",
		Summary: jsonSummary{
			Files: result.Files, Checked: len(result.Checked), Others: result.Others, Denied: result.Denied(),
			Warnings: result.Findings(policy.Warn), Advice: result.Findings(policy.Advise),
			Exempt: result.Exempt(), Unmanaged: result.Unmanaged(), Unreadable: len(result.Unreadable),
		},
		Objects: make([]jsonObject, 0, len(result.Checked)), Unreadable: []jsonUnreadable{},
	}
	for _, checked := range result.Checked {
		report.Objects = append(report.Objects, asJSON(checked))
	}
	for _, unread := range result.Unreadable {
		report.Unreadable = append(report.Unreadable, jsonUnreadable{position(unread.Position), unread.Err.Error()})
	}
	return encode(out, report)
}

func asJSON(checked offline.Checked) jsonObject {
	object := jsonObject{
		Kind: checked.Kind, Namespace: checked.Namespace, Name: checked.Name, jsonPosition: position(checked.Position),
		Denied: checked.Denied(), Unmanaged: checked.Unmanaged, Text: checked.Denial,
		Findings: []jsonFinding{}, Exempt: []jsonExcused{}, Notes: append([]string{}, checked.Notes()...),
	}
	if checked.Input.File != "" {
		input := position(checked.Input)
		object.Input = &input
	}
	for _, found := range checked.Findings {
		finding := jsonFinding{
			Rule: found.Rule.ID, Action: found.Action, Field: found.Field, Subject: found.Subject,
			jsonPosition: position(found.Position), Message: found.Sentence.Observed, Text: found.Sentence.Full,
		}
		if found.Sentence.Fix != "" {
			finding.Fix = &jsonFix{found.Sentence.FixAt, found.Sentence.Fix}
		}
		object.Findings = append(object.Findings, finding)
	}
	for _, excused := range checked.Exempt {
		object.Exempt = append(object.Exempt, jsonExcused{
			excused.Rule.ID, excused.Action, excused.Field, excused.Subject, position(excused.Position),
			excused.Sentence.Observed, excused.By.Reason, excused.By.Until.Format(exemption.Day),
		})
	}
	return object
}
