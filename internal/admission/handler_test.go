package admission

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/policy"
)

// failing says what each entry does when tealgate itself fails, and whether
// rules and facts take part in what it does.
var failing = map[string]struct {
	reason string
	closed bool
	says   string
	asks   []string
	sample ask
}{
	"validate-enforce": {
		reason: "without tealgate nobody can say whether a change is safe",
		closed: true, asks: []string{inRules, inFacts}, sample: ask{object: goodDeployment},
	},
	"validate-warn": {
		reason: "an errored answer denies whatever the failurePolicy says",
		says:   "Allowed, because this namespace is not in enforce.",
		asks:   []string{inRules, inFacts}, sample: ask{object: goodDeployment},
	},
	"validate-audit": {
		reason: "nothing is denied in audit",
		says:   "Allowed, because this namespace is not in enforce.",
		asks:   []string{inRules, inFacts}, sample: ask{object: goodDeployment},
	},
	"mutate": {
		reason: "the rules catch an object without color",
		says:   "No label was added; the rules judge what is there.",
		asks:   []string{inFacts}, sample: ask{object: strings.ReplaceAll(goodService, ", tealgate.dev/color: blue", "")},
	},
	"restore-color": {
		reason: "our outage must not let a forced apply make both colors serve",
		closed: true, sample: ask{object: goodService, old: goodService},
	},
	"restore-color-warn": {
		reason: "where tealgate only warns its outage denies nothing",
		says:   "Allowed, because this namespace is not in enforce.",
		sample: ask{object: goodService, old: goodService},
	},
	"record-switch": {
		reason: "without a record going back is judged like any switch",
		says:   "What this switch leaves was not recorded: to go back takes as many ready pods as serve.",
		asks:   []string{inFacts}, sample: ask{object: strings.ReplaceAll(goodService, "blue", "green"), old: goodService},
	},
	"break-glass": {
		reason: "who may break the glass must not wait for tealgate",
		says:   "Allowed by break-glass, and not recorded.",
		sample: ask{object: goodService},
	},
	"break-glass-warn": {
		reason: "the same",
		says:   "Allowed by break-glass, and not recorded.",
		sample: ask{object: goodService},
	},
	"namespace-mode": {
		reason: "it only tells; what the rules do is in TestModeSet",
		says:   "The mode is set all the same.",
		sample: ask{object: namespace("tealgate.dev/mode: enforce"), old: namespace("")},
	},
	"contract-migration": {
		reason: "nobody can say what still runs",
		closed: true, asks: []string{inRules, inFacts}, sample: ask{object: contractJob},
	},
	"validate-policy": {
		reason: "nobody would get policies repaired while tealgate is away",
		says:   "Stored without a test: if it cannot be loaded, it is set aside and an Event tells.",
		sample: ask{object: policyMap, namespace: "tealgate-system"},
	},
}

// Every entry is in the table, so that nobody adds one without deciding how it fails.
func TestEveryEntrySaysHowItFails(t *testing.T) {
	w, _ := cluster{}.webhooks()
	var names []string
	for _, e := range w.entries() {
		names = append(names, e.name)
		require.Contains(t, failing, e.name, "entry without an expectation")
		assert.Equal(t, failing[e.name].closed, e.closed, failing[e.name].reason)
	}
	assert.Len(t, failing, len(names), "expectation without an entry")
	assert.Len(t, w.Handlers(), len(names))
}

// assertUndecided holds what an entry answers when there is no decision.
func assertUndecided(t *testing.T, entry, reason string, response *admissionv1.AdmissionResponse) {
	t.Helper()
	want := failing[entry]
	assert.Equal(t, !want.closed, response.Allowed, want.reason)
	assert.Empty(t, response.Patch, "half an answer")
	if want.closed {
		assert.EqualValues(t, http.StatusInternalServerError, response.Result.Code)
		assert.Equal(t, metav1.StatusReasonInternalError, response.Result.Reason)
		assert.Equal(t, "tealgate could not decide: "+reason+".\n\n"+
			"Nothing was changed. Try again; if it stays, show this to the platform team.", response.Result.Message)
		assert.Empty(t, response.Warnings)
		return
	}
	assert.Equal(t, []string{"tealgate could not decide: " + reason + ". " + want.says}, response.Warnings)
}

// rulesOf makes a real engine of one rule and an entrypoint.
func rulesOf(t *testing.T, verdict, rule string) cluster {
	t.Helper()
	engine, err := policy.New(t.Context(), map[string]string{
		"main.rego": "package tealgate.main\n\n" + verdict + "\n",
		"rule.rego": "package tealgate.rules.some_rule\n\n" + rule + "\n",
	})
	require.NoError(t, err)
	return cluster{rules: engine}
}

const (
	union = "verdict[name] := violations if {\n\tsome name\n\tviolations := data.tealgate.rules[name].violation\n}"
	quiet = `violation contains {"message": "x"} if input.name == "nobody"`
)

func rulesThat(do func(context.Context) error) cluster {
	return cluster{rules: rulesFunc(func(ctx context.Context, _ policy.Input) ([]policy.Violation, error) {
		return nil, do(ctx)
	})}
}

func factsThat(do func(context.Context) error) cluster {
	return cluster{facts: around{before: do}}
}

func fails(err error) func(context.Context) error {
	return func(context.Context) error { return err }
}

func panics(context.Context) error { panic("hunter2") }

func waits(ctx context.Context) error {
	<-ctx.Done()
	return context.Cause(ctx)
}

// deaf does not look at its own context, only at the test's.
func deaf(test context.Context) func(context.Context) error {
	return func(context.Context) error {
		<-test.Done()
		return nil
	}
}

const (
	inRules = "rules"
	inFacts = "facts"
)

// Failures of what the webhooks rest on, asked through HTTP. Time is virtual, so
// that the deadline is met to the nanosecond.
func TestOwnFailure(t *testing.T) {
	builtinError := rulesOf(t, union, `violation contains {"message": "x"} if to_number(input.name) > 1`)
	notAsked := rulesOf(t, "verdict := {}", quiet)
	noVerdict := rulesOf(t, `verdict := {} if input.name == "nobody"`, quiet)
	for name, test := range map[string]struct {
		reason string
		in     string
		broken func(test context.Context) cluster
		took   time.Duration
		want   string
	}{
		"RulesError": {
			reason: "an error is no decision", in: inRules,
			broken: func(context.Context) cluster {
				return rulesThat(fails(errors.New("rules: \"x\" is broken\nand more.")))
			},
			want: "rules: 'x' is broken and more",
		},
		"LongError": {
			reason: "the end of the line says what happened and must stay", in: inRules,
			broken: func(context.Context) cluster { return rulesThat(fails(errors.New(strings.Repeat("x", 1000)))) },
			want:   strings.Repeat("x", 138) + "..",
		},
		"BuiltinError": {
			reason: "OPA makes a rule with a failing built-in function undefined: no violation", in: inRules,
			broken: func(context.Context) cluster { return builtinError },
			want:   "rules: rule.rego:3: eval_builtin_error: to_number: strconv.ParseFloat: parsing 'shop-blue': invalid syntax",
		},
		"RuleNotAsked": {
			reason: "a rule that is missing from the result has not been asked", in: inRules,
			broken: func(context.Context) cluster { return notAsked },
			want:   "rule some-rule: its result is undefined",
		},
		"NoVerdict": {
			reason: "no result at all is no decision", in: inRules,
			broken: func(context.Context) cluster { return noVerdict },
			want:   "rules: data.tealgate.main.verdict is undefined",
		},
		"RulesIgnoreTheDeadline": {
			reason: "the readable message is ours and not the API server's timeout", in: inRules,
			broken: func(test context.Context) cluster { return rulesThat(deaf(test)) },
			took:   1500 * time.Millisecond, want: "no decision within 1.5s",
		},
		"RulesMeetTheDeadline": {
			reason: "the deadline has the same words wherever it is met", in: inRules,
			broken: func(context.Context) cluster { return rulesThat(waits) },
			took:   1500 * time.Millisecond, want: "no decision within 1.5s",
		},
		"RulesPanic": {
			reason: "what a panic says may quote the object: it goes to the log only", in: inRules,
			broken: func(context.Context) cluster { return rulesThat(panics) },
			want:   "internal error, see the log of tealgate",
		},
		"FactsError": {
			reason: "facts that are not complete are none", in: inFacts,
			broken: func(context.Context) cluster {
				return factsThat(fails(errors.New("reading the pods: connection refused")))
			},
			want: "reading the pods: connection refused",
		},
		"FactsNeverReturn": {
			reason: "an API server that does not answer the live read", in: inFacts,
			broken: func(context.Context) cluster { return factsThat(waits) },
			took:   1500 * time.Millisecond, want: "no decision within 1.5s",
		},
		"FactsIgnoreTheDeadline": {
			reason: "a client that does not look at its context", in: inFacts,
			broken: func(test context.Context) cluster { return factsThat(deaf(test)) },
			took:   1500 * time.Millisecond, want: "no decision within 1.5s",
		},
		"FactsPanic": {
			reason: "a nil somewhere", in: inFacts,
			broken: func(context.Context) cluster { return factsThat(panics) },
			want:   "internal error, see the log of tealgate",
		},
	} {
		for entry, expected := range failing {
			if !slices.Contains(expected.asks, test.in) {
				continue
			}
			t.Run(name+"/"+entry, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, registry := test.broken(t.Context()).webhooks()
					sample := expected.sample
					sample.entry = entry
					started := time.Now()
					response := sample.answer(t, w)
					assert.Equal(t, test.took, time.Since(started), test.reason)
					assertUndecided(t, entry, test.want, response)
					assert.Equal(t, 1, requests(t, registry, entry, "undecided"), "metric")
				})
			})
		}
	}
}

// Failures of the judge itself, for every entry, whatever it asks.
func TestJudgeFails(t *testing.T) {
	for name, test := range map[string]struct {
		reason  string
		judge   func(test context.Context) error
		timeout string
		took    time.Duration
		want    string
	}{
		"Error": {
			reason: "any error is no decision",
			judge:  func(context.Context) error { return errors.New("broken") }, want: "broken",
		},
		"Panic": {
			reason: "controller-runtime answers a panic with a denial",
			judge:  func(context.Context) error { panic("x") }, want: "internal error, see the log of tealgate",
		},
		"Goexit": {
			reason: "a goroutine that ends without an answer gave none",
			judge: func(context.Context) error {
				runtime.Goexit()
				return nil
			},
			want: "internal error: ended without an answer",
		},
		"HalfOfTheTimeout": {
			reason: "half of what the API server says that it waits", timeout: "10s",
			judge: func(test context.Context) error { return deaf(test)(test) },
			took:  5 * time.Second, want: "no decision within 5s",
		},
		"NoTimeoutGiven": {
			reason: "half of what the manifests say",
			judge:  func(test context.Context) error { return deaf(test)(test) },
			took:   1500 * time.Millisecond, want: "no decision within 1.5s",
		},
		"NonsenseTimeout": {
			reason: "the same", timeout: "-4s",
			judge: func(test context.Context) error { return deaf(test)(test) },
			took:  1500 * time.Millisecond, want: "no decision within 1.5s",
		},
	} {
		w, _ := cluster{}.webhooks()
		for _, e := range w.entries() {
			t.Run(name+"/"+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w, registry := cluster{}.webhooks()
					e.judge = func(context.Context, *review) (admission.Response, error) {
						return admission.Allowed(""), test.judge(t.Context())
					}
					sample := failing[e.name].sample
					var body admissionv1.AdmissionReview
					require.NoError(t, json.Unmarshal(sample.body(t), &body))
					request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/?timeout="+test.timeout, http.NoBody)
					started := time.Now()
					response := w.handler(e)(withBudget(t.Context(), request), admission.Request{AdmissionRequest: *body.Request})
					if response.Result == nil {
						response.Result = &metav1.Status{}
					}
					assert.Equal(t, test.took, time.Since(started), test.reason)
					assertUndecided(t, e.name, test.want, &response.AdmissionResponse)
					assert.Equal(t, 1, requests(t, registry, e.name, "undecided"), "metric")
				})
			})
		}
	}
}

// A judge that outlives its deadline is not waited for, and ends by itself as
// soon as what it asked returns.
func TestNoGoroutineStaysBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release, ended := make(chan struct{}), false
		w, _ := rulesThat(func(context.Context) error {
			<-release
			ended = true
			return nil
		}).webhooks()
		assert.False(t, ask{entry: "validate-enforce", object: goodDeployment}.answer(t, w).Allowed)
		assert.False(t, ended, "answered before")
		close(release)
		synctest.Wait()
		assert.True(t, ended)
		// synctest.Test fails by itself if a goroutine is left.
	})
}

// Labels of namespaces shape sentences only: without them nothing fails.
func TestNamespaceLabelsFail(t *testing.T) {
	for name, test := range map[string]struct {
		reason string
		labels func(test context.Context) Namespaces
		took   time.Duration
		want   bool
	}{
		"Panic": {
			reason: "the default language will do",
			labels: func(context.Context) Namespaces {
				return namespacesFunc(func(context.Context, string) map[string]string { panic("x") })
			},
			want: true,
		},
		"NeverReturn": {
			reason: "the deadline holds here too, and an enforcing entry denies then",
			labels: func(test context.Context) Namespaces {
				return namespacesFunc(func(context.Context, string) map[string]string {
					<-test.Done()
					return nil
				})
			},
			took: 1500 * time.Millisecond, want: false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w, _ := cluster{namespaces: test.labels(t.Context())}.webhooks()
				started := time.Now()
				response := ask{entry: "validate-enforce", object: goodDeployment}.answer(t, w)
				assert.Equal(t, test.took, time.Since(started))
				assert.Equal(t, test.want, response.Allowed, test.reason)
			})
		})
	}
}
