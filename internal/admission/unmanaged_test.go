package admission

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/tealgate/tealgate/internal/facts"
	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

func settingsOf(t *testing.T, text string) *settings.Settings {
	t.Helper()
	parsed, err := settings.Parse([]byte(text))
	require.NoError(t, err)
	return parsed
}

// redis is a Deployment whose own labels are own, and those of its pods pods; the
// rule quality finds one problem in it.
func redis(own, pods string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: redis, namespace: shop, labels: {" + own + "}, annotations: {quality: bad}}, " +
		"spec: {selector: {matchLabels: {" + pods + "}}, template: {metadata: {labels: {" + pods + "}}, spec: {containers: [{name: redis, image: 'redis:8'}]}}}}"
}

func redisService(own, selector string) string {
	return "{apiVersion: v1, kind: Service, metadata: {name: redis, namespace: shop, labels: {" + own + "}, annotations: {quality: bad}}, " +
		"spec: {selector: {" + selector + "}, ports: [{port: 6379}]}}"
}

func TestUnmanaged(t *testing.T) {
	listed := settingsOf(t, "unmanaged: [{namespace: shop, selector: 'app=redis,chart'}]")
	elsewhere := settingsOf(t, "unmanaged: [{namespace: cache, selector: 'app=redis,chart'}]")
	const its, other = "app: redis, chart: redis-20", "app: shop"
	for name, test := range map[string]struct {
		reason      string
		settings    *settings.Settings // listed
		operation   admissionv1.Operation
		object, old string
		judged      bool
	}{
		"Created":             {reason: "its pods are listed", object: redis("", its)},
		"CreatedElsewhere":    {reason: "in this namespace nothing is", settings: elsewhere, object: redis("", its), judged: true},
		"CreatedUnlisted":     {reason: "other pods", object: redis("", other), judged: true},
		"PartOfTheLabels":     {reason: "all labels count", object: redis("", "app: redis"), judged: true},
		"OwnLabels":           {reason: "a label on the object itself takes nothing out", object: redis(its, other), judged: true},
		"NoPodLabels":         {reason: "nothing matches", object: redis("", ""), judged: true},
		"Updated":             {reason: "listed before and after", object: redis("a: b", its), old: redis("", its)},
		"LeavesByAnUpdate":    {reason: "nothing gets out of sight by a change of its labels", object: redis("", its), old: redis("", other), judged: true},
		"ComesByAnUpdate":     {reason: "it is nobody else's any more", object: redis("", other), old: redis("", its), judged: true},
		"Deleted":             {reason: "what was stored counts", operation: admissionv1.Delete, old: redis("", its)},
		"Service":             {reason: "it selects listed pods", object: redisService("", its)},
		"ServiceMoreNarrow":   {reason: "as well as with more labels", object: redisService("", its+", role: primary")},
		"ServiceWider":        {reason: "it may select others beside the listed pods", object: redisService("", "app: redis"), judged: true},
		"ServiceOwnLabels":    {reason: "a label on the Service lets it into no live pods", object: redisService(its, other), judged: true},
		"ServiceAll":          {reason: "without a selector it selects none", object: redisService(its, ""), judged: true},
		"ServiceMovesThere":   {reason: "live traffic would move unseen", object: redisService("", its), old: redisService("", other), judged: true},
		"ServiceMovesAway":    {reason: "onto live pods", object: redisService("", other), old: redisService("", its), judged: true},
		"ServiceStays":        {reason: "both sides are listed", object: redisService("a: b", its), old: redisService("", its)},
		"Scale":               {reason: "it has no labels of pods", object: worded("Scale", "bad", ""), old: worded("Scale", "", ""), judged: true},
		"DefaultSettings":     {reason: "nobody listed anything", settings: settings.Default(), object: redis("", its), judged: true},
		"ServiceNothingFound": {reason: "to be judged is not to be denied", object: worded("Service", "", "")},
	} {
		t.Run(name, func(t *testing.T) {
			if test.settings == nil {
				test.settings = listed
			}
			w, registry := cluster{rules: testRules(t), settings: test.settings}.webhooks()
			a := ask{entry: "validate-enforce", operation: test.operation, object: test.object, old: test.old}
			found := func() int { return counted(t, registry, "tealgate_admission_problems_total", nil) }
			response := a.answer(t, w)
			if test.judged {
				assert.Equal(t, 1, found(), test.reason)
				return
			}
			assert.True(t, response.Allowed, "%s: %s", test.reason, response.Result.Message)
			assert.Empty(t, response.Warnings, test.reason)
			assert.Empty(t, response.AuditAnnotations, test.reason)
			assert.Zero(t, found(), test.reason)
		})
	}
}

// Whether a request comes before the rules at all, also when it deletes.
func TestUnmanagedAsksNothing(t *testing.T) {
	listed := settingsOf(t, "unmanaged: [{namespace: shop, selector: app=redis}]")
	for app, want := range map[string]int{"redis": 0, "shop": 3} {
		asked := 0
		w, _ := cluster{settings: listed, rules: rulesFunc(func(context.Context, policy.Input) ([]policy.Violation, error) {
			asked++
			return nil, nil
		})}.webhooks()
		object := redis("", "app: "+app)
		ask{entry: "validate-enforce", object: object}.answer(t, w)
		ask{entry: "validate-audit", object: object, old: object}.answer(t, w)
		ask{entry: "validate-warn", operation: admissionv1.Delete, old: object}.answer(t, w)
		assert.Equal(t, want, asked, app)
	}
}

func TestUnmanagedGetsNoColor(t *testing.T) {
	listed := settingsOf(t, "unmanaged: [{namespace: shop, selector: app=redis}]")
	for name, test := range map[string]struct {
		reason      string
		object, old string
		patched     bool
	}{
		"Deployment":        {"a chart of others stays as it is", redis("", "app: redis"), "", false},
		"OtherDeployment":   {"ours is coloured", redis("", "app: shop"), "", true},
		"Updated":           {"not even its deployer is recorded", redis("", "app: redis, v: b"), redis("", "app: redis, v: a"), false},
		"UpdatedOneSide":    {"one side is ours", redis("", "app: redis"), redis("", "app: shop"), true},
		"Service":           {"over listed pods", redisService("", "app: redis"), "", false},
		"OtherService":      {"pinned to the color of its pods", redisService("", "app: shop"), "", true},
		"ServiceOwnLabels":  {"labels of its own do not count", redisService("app: redis", "app: shop"), "", true},
		"ServiceOfBoth":     {"it may select others too", redisService("", "tier: web"), "", true},
		"DeploymentByLabel": {"labels of its own do not count", redis("app: redis", "app: shop"), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{settings: listed, facts: around{only: "green"}}.webhooks()
			response := ask{entry: "mutate", object: test.object, old: test.old}.answer(t, w)
			assert.True(t, response.Allowed)
			assert.Equal(t, test.patched, len(response.Patch) > 0, "%s: %s", test.reason, response.Patch)
			if !test.patched {
				assert.Empty(t, response.Warnings)
			}
		})
	}
}

// A new Service is told nothing about Deployments that are not ours.
func TestUnmanagedBehindAService(t *testing.T) {
	listed := settingsOf(t, "unmanaged: [{namespace: shop, selector: app=redis}]")
	var stored facts.Behind
	require.NoError(t, yaml.Unmarshal([]byte(redis("", "app: redis, tier: web")), &stored.Deployment))
	for name, set := range map[string]*settings.Settings{"Listed": listed, "Not": settings.Default()} {
		t.Run(name, func(t *testing.T) {
			w, _ := cluster{settings: set, rules: testRules(t), facts: around{behind: func(context.Context, *corev1.Service) ([]facts.Behind, error) {
				return []facts.Behind{stored}, nil
			}}}.webhooks()
			response := ask{entry: "validate-enforce", object: worded("Service", "", "")}.answer(t, w)
			assert.True(t, response.Allowed)
			assert.Equal(t, set == listed, len(response.Warnings) == 0, response.Warnings)
		})
	}
}

func TestUnmanagedJudged(t *testing.T) {
	j := NewJudge(JudgeOptions{
		Edition: Edition{Rules: testRules(t), Settings: settingsOf(t, "unmanaged: [{namespace: shop, selector: app=redis}]")}, Facts: around{},
	})
	object := &unstructured.Unstructured{}
	require.NoError(t, yaml.Unmarshal([]byte(redis("", "app: redis")), &object.Object))
	stored, err := j.Mutate(t.Context(), object)
	require.NoError(t, err)
	assert.Equal(t, object, stored)
	verdict, err := j.Validate(t.Context(), stored)
	require.NoError(t, err)
	assert.Equal(t, "Deployment shop/redis", verdict.Object.String())
	assert.True(t, verdict.Unmanaged)
	assert.Empty(t, verdict.Denied)
}
