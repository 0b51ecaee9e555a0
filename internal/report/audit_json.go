package report

import (
	"io"

	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/internal/exemption"
	"github.com/tealgate/tealgate/internal/policy"
)

// What follows is documented in docs/audit.md and only grows. Lists are never null.

type jsonAudit struct {
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Summary    jsonAuditSum    `json:"summary"`
	Pilot      string          `json:"pilot,omitempty"`
	Namespaces []jsonNamespace `json:"namespaces"`
	Unjudged   []jsonUnjudged  `json:"unjudged"`
	Unseen     []jsonUnseen    `json:"unseen"`
	NotLooked  []jsonNotLooked `json:"notLooked"`
}

type jsonAuditSum struct {
	Deployments jsonTally `json:"deployments"`
	Services    jsonTally `json:"services"`
	Warnings    int       `json:"warnings"`
	Advice      int       `json:"advice"`
	Exempt      int       `json:"exempt"`
}

type jsonTally struct {
	Judged    int `json:"judged"`
	Denied    int `json:"denied"`
	Warned    int `json:"warned"`
	Unmanaged int `json:"unmanaged"`
}

type jsonNamespace struct {
	Name        string            `json:"name"`
	Mode        *string           `json:"mode"`
	Deployments jsonTally         `json:"deployments"`
	Services    jsonTally         `json:"services"`
	Paired      int               `json:"pairedServices"`
	Warnings    int               `json:"warnings"`
	Advice      int               `json:"advice"`
	Exempt      int               `json:"exempt"`
	Rules       []jsonFrequency   `json:"rules"`
	Objects     []jsonAuditObject `json:"objects"`
}

type jsonFrequency struct {
	Rule    string `json:"rule"`
	Denied  int    `json:"denied"`
	Warned  int    `json:"warned"`
	Advised int    `json:"advised"`
}

type jsonAuditObject struct {
	Kind     string             `json:"kind"`
	Name     string             `json:"name"`
	Denied   bool               `json:"denied"`
	Text     string             `json:"text,omitempty"`
	Findings []jsonAuditFinding `json:"findings"`
	Exempt   []jsonAuditExcused `json:"exempt"`
}

type jsonAuditFinding struct {
	Rule    string        `json:"rule"`
	Action  policy.Action `json:"action"`
	Field   string        `json:"field"`
	Subject string        `json:"subject"`
	Message string        `json:"message"`
	Text    string        `json:"text"`
	Fix     *jsonFix      `json:"fix,omitempty"`
}

type jsonAuditExcused struct {
	Rule    string        `json:"rule"`
	Action  policy.Action `json:"action"`
	Field   string        `json:"field"`
	Subject string        `json:"subject"`
	Message string        `json:"message"`
	Reason  string        `json:"reason"`
	Until   string        `json:"until"`
}

type jsonUnseen struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Problem   string `json:"problem"`
	Service   string `json:"service,omitempty"`
	Live      string `json:"live,omitempty"`
	By        string `json:"by,omitempty"`
}

type jsonNotLooked struct {
	What   string `json:"what"`
	Reason string `json:"reason"`
}

type jsonUnjudged struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
}

// WriteAuditJSON writes an audit for machines.
func WriteAuditJSON(out io.Writer, result *audit.Result) error {
	return encode(out, auditAsJSON(result))
}

// WriteAuditYAML writes what WriteAuditJSON does, as YAML.
func WriteAuditYAML(out io.Writer, result *audit.Result) error {
	text, err := yaml.Marshal(auditAsJSON(result))
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return err
}

func auditAsJSON(result *audit.Result) jsonAudit {
	report := jsonAudit{
		APIVersion: "audit.tealgate.dev/v1", Kind: "AuditReport",
		Summary:    jsonAuditSum{Deployments: tally(result.Deployments()), Services: tally(result.Services())},
		Namespaces: make([]jsonNamespace, 0, len(result.Namespaces)), Unjudged: []jsonUnjudged{},
		Unseen: []jsonUnseen{}, NotLooked: []jsonNotLooked{},
	}
	if pilot, ok := result.Pilot(); ok {
		report.Pilot = pilot.Name
	}
	for _, namespace := range result.Namespaces {
		report.Summary.Warnings += namespace.Warnings
		report.Summary.Advice += namespace.Advice
		report.Summary.Exempt += namespace.Exempt
		report.Namespaces = append(report.Namespaces, namespaceAsJSON(namespace))
	}
	for _, u := range result.Unjudged {
		report.Unjudged = append(report.Unjudged, jsonUnjudged{u.Kind, u.Namespace, u.Name, u.Err.Error()})
	}
	for _, u := range result.Unseen {
		report.Unseen = append(report.Unseen, jsonUnseen{u.Kind, u.Namespace, u.Name, string(u.Problem), u.Service, u.Live, u.By})
	}
	for _, n := range result.NotLooked {
		report.NotLooked = append(report.NotLooked, jsonNotLooked{n.What, n.Err.Error()})
	}
	return report
}

func namespaceAsJSON(namespace audit.Namespace) jsonNamespace {
	n := jsonNamespace{
		Name: namespace.Name, Mode: namespace.Mode, Paired: namespace.Paired,
		Deployments: tally(namespace.Deployments), Services: tally(namespace.Services),
		Warnings: namespace.Warnings, Advice: namespace.Advice, Exempt: namespace.Exempt,
		Rules: make([]jsonFrequency, 0, len(namespace.Rules)), Objects: make([]jsonAuditObject, 0, len(namespace.Objects)),
	}
	for _, frequency := range namespace.Rules {
		n.Rules = append(n.Rules, jsonFrequency(frequency))
	}
	for _, object := range namespace.Objects {
		o := jsonAuditObject{
			Kind: object.Kind, Name: object.Name, Denied: object.Denial != "", Text: object.Denial,
			Findings: []jsonAuditFinding{}, Exempt: []jsonAuditExcused{},
		}
		for _, found := range object.Findings {
			finding := jsonAuditFinding{
				Rule: found.Rule.ID, Action: found.Action, Field: found.Field, Subject: found.Subject,
				Message: found.Sentence.Observed, Text: found.Sentence.Full,
			}
			if found.Sentence.Fix != "" {
				finding.Fix = &jsonFix{found.Sentence.FixAt, found.Sentence.Fix}
			}
			o.Findings = append(o.Findings, finding)
		}
		for _, excused := range object.Exempt {
			o.Exempt = append(o.Exempt, jsonAuditExcused{
				excused.Rule.ID, excused.Action, excused.Field, excused.Subject, excused.Sentence.Observed,
				excused.By.Reason, excused.By.Until.Format(exemption.Day),
			})
		}
		n.Objects = append(n.Objects, o)
	}
	return n
}

func tally(t audit.Tally) jsonTally { return jsonTally{t.Objects, t.Denied, t.Warned, t.Unmanaged} }
