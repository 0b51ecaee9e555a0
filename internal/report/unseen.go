package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/internal/policy"
)

// unseenPhrases name the Service that something leads to, the live one beside it, and what
// stands in a label.
var unseenPhrases = map[policy.Language]map[audit.Problem]string{
	policy.English: {
		audit.RoleBackend:  "sends traffic to Service {service}, which has a role{past}. Pods that nobody has verified can answer there.",
		audit.ColorBackend: "sends traffic to Service {service}, which stays on its color when Service {live} is switched.",
		audit.ExternalName: "is another name for live Service {service}. Who changes it moves traffic, unjudged.",
		audit.ForeignSlice: "adds endpoints to live Service {service} that its selector did not choose (written by {by}).",
		audit.OldColor:     "its pods carry the color {by}. In enforce it gets no new ones; color belongs to Deployments only.",
	},
	policy.Chinese: {
		audit.RoleBackend:  "把流量送到带角色的 Service {service}{past}。没有经过验证的 Pod 可能在那里应答。",
		audit.ColorBackend: "把流量送到 Service {service}，而 Service {live} 切换时它仍停在原来的颜色。",
		audit.ExternalName: "是线上 Service {service} 的另一个名字。修改它就会移动流量，且不经过检查。",
		audit.ForeignSlice: "给线上 Service {service} 加入了不是由 selector 选出的端点（由 {by} 写入）。",
		audit.OldColor:     "它的 Pod 带有颜色 {by}。在 enforce 中它得不到新的 Pod；只有 Deployment 可以带颜色。",
	},
}

// pastPhrases name the live Service that a route to a role passes.
var pastPhrases = map[policy.Language]string{policy.English: ", past live Service %s", policy.Chinese: "，绕过线上 Service %s"}

var unseenHeads = map[policy.Language]string{
	policy.English: "\nOut of the webhook's sight, found by this audit only:\n",
	policy.Chinese: "\nwebhook 看不到、只有本次审计发现的：\n",
}

var unseenMore = map[policy.Language]string{policy.English: "  and %d more\n", policy.Chinese: "  另有 %d 个\n"}

var nobody = map[policy.Language]string{policy.English: "an unnamed writer", policy.Chinese: "未知来源"}

// sayUnseen is one thing in a sentence.
func sayUnseen(language policy.Language, found audit.Unseen) string {
	past := ""
	if found.Live != "" {
		past = fmt.Sprintf(pastPhrases[language], found.Live)
	}
	return strings.NewReplacer(
		"{service}", found.Service, "{past}", past, "{live}", found.Live, "{by}", cmp.Or(found.By, nobody[language]),
	).Replace(unseenPhrases[language][found.Problem])
}

// writeUnseen writes nothing where all is in sight.
func writeUnseen(b *strings.Builder, result *audit.Result, options AuditOptions) {
	if len(result.Unseen) == 0 {
		return
	}
	b.WriteString(unseenHeads[options.Language])
	p := paint(options.Color)
	for _, found := range result.Unseen {
		object := message.Object{Kind: found.Kind, Namespace: found.Namespace, Name: found.Name}.String()
		fmt.Fprintf(b, "%s\n", p.in(bold, object))
		for _, line := range message.Wrap("  ", "  ", sayUnseen(options.Language, found)) {
			fmt.Fprintf(b, "%s\n", line)
		}
	}
	if result.MoreUnseen > 0 {
		fmt.Fprintf(b, unseenMore[options.Language], result.MoreUnseen)
	}
}
