package report

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/internal/policy"
)

func mode(name string) *string { return &name }

// mixed is a result with what the goldens of the command do not have.
func mixed() *audit.Result {
	return &audit.Result{
		Namespaces: []audit.Namespace{
			{
				Name: "shop", Paired: 1, Deployments: audit.Tally{Objects: 2, Denied: 1, Unmanaged: 3},
				Services: audit.Tally{Objects: 1, Warned: 1}, Warnings: 1,
				Rules: []audit.Frequency{{Rule: "readiness-probe", Denied: 1}, {Rule: "replicas", Advised: 2}},
			},
			{Name: "cart", Mode: mode("enforce"), Paired: 1, Deployments: audit.Tally{Objects: 1}, Rules: []audit.Frequency{{Rule: "replicas", Advised: 1}}},
		},
		Unjudged: []audit.Unjudged{{Kind: "Service", Namespace: "shop", Name: "odd", Err: errors.New("forbidden")}},
	}
}

func TestAudit(t *testing.T) {
	for name, test := range map[string]struct {
		reason  string
		result  *audit.Result
		options AuditOptions
		want    string
	}{
		"All": {
			reason: "a mode that is not known, a pilot with work to do, and what is left alone",
			result: mixed(), options: AuditOptions{Language: policy.English, All: true},
			want: `NAMESPACE   MODE      DEPLOYMENTS DENIED   SERVICES DENIED   WARNED   MOST OFTEN
shop        ?         1/2                  0/1               1        readiness-probe (1)
cart        enforce   0/1                  0/0               0        -

1 of 3 Deployments and 0 of 1 Service would be denied. Warnings: 1. Advice: 0. Left alone by the settings: 3.
Best pilot: shop, where 1 of 3 objects would be denied (2 Deployments, 1 Service in front).
In order: a Service in front of a Deployment, the smallest share denied, the fewest Deployments.
What to change: kubectl tealgate audit -n NAMESPACE --details
`,
		},
		"Colors": {
			reason: "columns stay where they are", result: mixed(), options: AuditOptions{Language: policy.Chinese, Color: true},
			want: "NAMESPACE   MODE      DEPLOYMENTS DENIED   SERVICES DENIED   WARNED   MOST OFTEN\n" +
				"shop        ?         \x1b[1;31m1/2\x1b[0m                  0/1               \x1b[33m1\x1b[0m        readiness-probe (1)\n" +
				"cart        \x1b[36menforce\x1b[0m   0/1                  0/0               0        -\n" +
				"\n3 个 Deployment 中有 1 个、1 个 Service 中有 0 个会被拒绝。警告 1 条，建议 0 条。按设置不检查 3 个。\n",
		},
		"NoPilot": {
			reason:  "all that could be switched is enforced",
			result:  &audit.Result{Namespaces: mixed().Namespaces[1:]},
			options: AuditOptions{Language: policy.Chinese, All: true},
			want: "NAMESPACE   MODE      DEPLOYMENTS DENIED   SERVICES DENIED   WARNED   MOST OFTEN\n" +
				"cart        enforce   0/1                  0/0               0        -\n" +
				"\n1 个 Deployment 中有 0 个会被拒绝。警告 0 条，建议 0 条。\n" +
				"没有适合试点的命名空间：未启用 enforce 的命名空间里，没有 Service 指向 Deployment。\n" +
				"排序：先看是否有 Service 指向 Deployment，再看被拒绝的比例（从小到大），再看 Deployment 数量（从少到多）。\n",
		},
		"Unseen": {
			reason:  "each problem in a sentence, and how many more there are",
			result:  &audit.Result{Unseen: unseen(), MoreUnseen: 3},
			options: AuditOptions{Language: policy.English},
			want: `No Deployments and no Services.

Out of the webhook's sight, found by this audit only:
Ingress shop/shop
  sends traffic to Service shop-preview, which has a role, past live Service
  shop. Pods that nobody has verified can answer there.
HTTPRoute edge/shop
  sends traffic to Service shop/shop-preview, which has a role. Pods that
  nobody has verified can answer there.
Ingress shop/beta
  sends traffic to Service shop-green, which stays on its color when Service
  shop is switched.
Service old/shop
  is another name for live Service shop/shop. Who changes it moves traffic,
  unjudged.
EndpointSlice shop/shop-extra
  adds endpoints to live Service shop that its selector did not choose
  (written by an unnamed writer).
StatefulSet shop/db
  its pods carry the color blue. In enforce it gets no new ones; color
  belongs to Deployments only.
  and 3 more
`,
		},
		"UnseenChinese": {
			reason:  "the same",
			result:  &audit.Result{Unseen: unseen()},
			options: AuditOptions{Language: policy.Chinese},
			want: `没有 Deployment，也没有 Service。

webhook 看不到、只有本次审计发现的：
Ingress shop/shop
  把流量送到带角色的 Service shop-preview，绕过线上 Service shop。没有经过验
  证的 Pod 可能在那里应答。
HTTPRoute edge/shop
  把流量送到带角色的 Service shop/shop-preview。没有经过验证的 Pod 可能在那
  里应答。
Ingress shop/beta
  把流量送到 Service shop-green，而 Service shop 切换时它仍停在原来的颜色。
Service old/shop
  是线上 Service shop/shop 的另一个名字。修改它就会移动流量，且不经过检查。
EndpointSlice shop/shop-extra
  给线上 Service shop 加入了不是由 selector 选出的端点（由 未知来源 写入）。
StatefulSet shop/db
  它的 Pod 带有颜色 blue。在 enforce 中它得不到新的 Pod；只有 Deployment 可
  以带颜色。
`,
		},
		"Empty": {
			reason: "nothing to audit", result: &audit.Result{}, options: AuditOptions{Language: policy.English, All: true},
			want: "No Deployments and no Services.\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, WriteAudit(&out, test.result, test.options))
			assert.Equal(t, test.want, out.String(), test.reason)
		})
	}
}

func TestAuditObjects(t *testing.T) {
	finding := func(action policy.Action, observed string) admission.Finding {
		return admission.Finding{Rule: &policy.Rule{ID: "replicas"}, Action: action, Sentence: message.Sentence{Observed: observed}}
	}
	namespace := audit.Namespace{Name: "shop", Objects: []audit.Object{{Kind: "Deployment", Name: "shop-blue", Said: admission.Said{
		Findings: []admission.Finding{
			finding(policy.Deny, "one pod. Add another, then apply again:"), finding(policy.Warn, "no sentence:"), finding(policy.Advise, "一个 Pod。请再加一个："),
		},
	}}}}
	var out bytes.Buffer
	require.NoError(t, WriteAuditObjects(&out, namespace, AuditOptions{Language: policy.English}))
	assert.Equal(t, `Deployment shop/shop-blue
  deny replicas: one pod.
  warn replicas: no sentence:
  advise replicas: 一个 Pod。

`, out.String(), "what leads to a cure is left out")
}

func TestAuditJSON(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, WriteAuditJSON(&out, mixed()))
	assert.Contains(t, out.String(), `"mode": null`)
	assert.Contains(t, out.String(), `"objects": []`)
	assert.Contains(t, out.String(), `"reason": "forbidden"`)
	assert.Contains(t, out.String(), `"pilot": "shop"`)
}

func unseen() []audit.Unseen {
	return []audit.Unseen{
		{Kind: "Ingress", Namespace: "shop", Name: "shop", Problem: audit.RoleBackend, Service: "shop-preview", Live: "shop"},
		{Kind: "HTTPRoute", Namespace: "edge", Name: "shop", Problem: audit.RoleBackend, Service: "shop/shop-preview"},
		{Kind: "Ingress", Namespace: "shop", Name: "beta", Problem: audit.ColorBackend, Service: "shop-green", Live: "shop"},
		{Kind: "Service", Namespace: "old", Name: "shop", Problem: audit.ExternalName, Service: "shop/shop"},
		{Kind: "EndpointSlice", Namespace: "shop", Name: "shop-extra", Problem: audit.ForeignSlice, Service: "shop"},
		{Kind: "StatefulSet", Namespace: "shop", Name: "db", Problem: audit.OldColor, By: "blue"},
	}
}
