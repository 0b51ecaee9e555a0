package audit

import (
	"cmp"
	"slices"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/policy"
)

const (
	kindDeployment = "Deployment"
	kindService    = "Service"
)

// Result is what an audit found.
type Result struct {
	// Namespaces that have a Deployment or a Service, the best pilot first.
	Namespaces []Namespace
	// Unjudged are the objects about which nothing can be said.
	Unjudged []Unjudged
	// ModesUnknown says why the modes of namespaces could not be read, ConfigUnknown
	// why the ConfigMaps that Deployments name could not; nil where they could.
	ModesUnknown, ConfigUnknown error
	// Unseen is what leads traffic past live Services out of a webhook's sight, and
	// MoreUnseen how much more of that there is. NotLooked is what the user may not read.
	Unseen     []Unseen
	MoreUnseen int
	NotLooked  []NotLooked

	// one says that no other namespace was looked at.
	one bool
}

// Unjudged is an object that could not be judged.
type Unjudged struct {
	Kind, Namespace, Name string
	Err                   error
}

// NotLooked is something that was not looked at, and why.
type NotLooked struct {
	What string
	Err  error
}

// Namespace is what was found in one.
type Namespace struct {
	Name string
	// Mode is the value of its label, empty without one; nil where it is not known.
	Mode                  *string
	Deployments, Services Tally
	// Paired counts the Services that send live traffic to a Deployment.
	Paired int
	// Warnings, Advice and Exempt count findings. What exemptions cover is only in the
	// last.
	Warnings, Advice, Exempt int
	// Rules are those that found something, what denies most first.
	Rules []Frequency
	// Objects are those with findings, exempt ones too; empty where they were not asked for.
	Objects []Object
}

// Tally counts the objects of one kind.
type Tally struct {
	// Objects are those that were judged.
	Objects int
	// Denied would be refused; Warned would be admitted with warnings.
	Denied, Warned int
	// Unmanaged are left alone by the settings.
	Unmanaged int
}

// Frequency counts the objects about which a rule has something to say.
type Frequency struct {
	Rule                    string
	Denied, Warned, Advised int
}

// Object is one object in words.
type Object struct {
	Kind, Name string
	admission.Said
}

// Deployments and Services are the tallies of all namespaces together.
func (r *Result) Deployments() Tally {
	return r.sum(func(n Namespace) Tally { return n.Deployments })
}

// Services is Deployments for Services.
func (r *Result) Services() Tally { return r.sum(func(n Namespace) Tally { return n.Services }) }

func (r *Result) sum(of func(Namespace) Tally) Tally {
	var sum Tally
	for _, namespace := range r.Namespaces {
		tally := of(namespace)
		sum.Objects += tally.Objects
		sum.Denied += tally.Denied
		sum.Warned += tally.Warned
		sum.Unmanaged += tally.Unmanaged
	}
	return sum
}

// sum counts what was decided.
func (v *visit) sum() (Namespace, error) {
	n := Namespace{Name: v.name, Mode: v.mode(v.name), Paired: v.paired()}
	rules := map[string]*Frequency{}
	for _, s := range v.subjects {
		if s.failed != nil {
			v.result.Unjudged = append(v.result.Unjudged, Unjudged{s.kind, v.name, s.name, s.failed})
			continue
		}
		tally := &n.Deployments
		if s.kind == kindService {
			tally = &n.Services
		}
		tally.count(s.verdict)
		n.count(s.verdict, rules)
		if v.Findings && len(s.verdict.Denied)+len(s.verdict.Warned)+len(s.verdict.Advised)+len(s.verdict.Exempt) > 0 {
			said, err := s.verdict.Say(v.Language)
			if err != nil {
				return Namespace{}, err
			}
			n.Objects = append(n.Objects, Object{s.kind, s.name, said})
		}
	}
	for _, frequency := range rules {
		n.Rules = append(n.Rules, *frequency)
	}
	slices.SortFunc(n.Rules, func(a, b Frequency) int {
		return cmp.Or(b.Denied-a.Denied, b.Warned-a.Warned, b.Advised-a.Advised, cmp.Compare(a.Rule, b.Rule))
	})
	if err := v.around.unknown(); err != nil && v.result.ConfigUnknown == nil {
		v.result.ConfigUnknown = err
	}
	return n, nil
}

func (t *Tally) count(verdict admission.Verdict) {
	switch {
	case verdict.Unmanaged:
		t.Unmanaged++
		return
	case len(verdict.Denied) > 0:
		t.Denied++
	case len(verdict.Warned) > 0:
		t.Warned++
	}
	t.Objects++
}

// count counts findings, and each rule once for what is the worst that it says.
func (n *Namespace) count(verdict admission.Verdict, rules map[string]*Frequency) {
	worst := map[string]policy.Action{}
	note := func(violation policy.Violation, action policy.Action) {
		if _, has := worst[violation.Rule.ID]; !has {
			worst[violation.Rule.ID] = action
		}
	}
	for _, violation := range verdict.Denied {
		note(violation, policy.Deny)
	}
	for _, finding := range verdict.Warned {
		note(finding.Violation, policy.Warn)
	}
	for _, violation := range verdict.Advised {
		note(violation, policy.Advise)
	}
	n.Warnings += len(verdict.Warned)
	n.Advice += len(verdict.Advised)
	n.Exempt += len(verdict.Exempt)
	for id, action := range worst {
		if rules[id] == nil {
			rules[id] = &Frequency{Rule: id}
		}
		switch action {
		case policy.Deny:
			rules[id].Denied++
		case policy.Warn:
			rules[id].Warned++
		default:
			rules[id].Advised++
		}
	}
}

// paired counts the Services without a role that pair with a Deployment.
func (v *visit) paired() int {
	paired := map[string]bool{}
	for _, s := range v.subjects {
		if s.member == nil {
			continue
		}
		for _, service := range v.around.snapshot.AroundMember(s.member).Services {
			if service.Role == "" {
				paired[service.Name] = true
			}
		}
	}
	return len(paired)
}
