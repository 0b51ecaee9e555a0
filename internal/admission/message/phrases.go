package message

import "github.com/tealgate/tealgate/internal/policy"

// Why says why a finding warns and does not deny.
type Why int

// The reasons for a warning.
const (
	// Advice: the rule itself only warns.
	Advice Why = iota
	// Mode: the namespace is in warn; in enforce the finding denies.
	Mode
	// Before: the stored object has the problem already.
	Before
	// Undo: the pod template is one that ran before, and going back must be easy.
	Undo
)

type words struct {
	one, many, rest, others, colon, more, explain string

	// behind is about the Deployments that a new Service selects.
	behind, behindOthers, behindAll string

	// why takes the rule's id.
	why         map[Why]string
	unknownMode string
	// modeSet takes the namespace and counts, modeSetPartly also how many were judged.
	modeSet, modeSetPartly     string
	undecided, undecidedDenied string
	undecidedOpen              map[Open]string
	// undecidedBehind takes the Service.
	undecidedBehind, undecidedBehindOpen string
}

func (w words) verdict(count int) string {
	if count == 1 {
		return w.one
	}
	return w.many
}

// phrases are the sentences that belong to no rule.
var phrases = map[policy.Language]words{
	policy.English: {
		one:     "%d problem in %s: %s",
		many:    "%d problems in %s: %s",
		rest:    "And %d more: %s.",
		others:  "%d more in %s: %s",
		colon:   ":",
		more:    "More: ",
		explain: "kubectl tealgate explain ",

		behind:       "%s, which this Service selects",
		behindOthers: "%d more in Deployments that this Service selects: %s",
		behindAll:    "%d problems in Deployments that this Service selects: %s",
		why: map[Why]string{
			Advice: "More: kubectl tealgate explain %s",
			Mode:   "Denied in enforce. More: kubectl tealgate explain %s",
			Before: "It was there before, so this change passes. More: kubectl tealgate explain %s",
			Undo:   "This template ran before, so going back to it passes. More: kubectl tealgate explain %s",
		},
		unknownMode: "Namespace %s: tealgate.dev/mode: %s is not a mode (enforce, warn, audit); handled as warn",
		modeSet:     "Namespace %s: %d of %d Deployments would be denied in enforce. They run on as they are.",
		modeSetPartly: "Namespace %s: at least %d of %d Deployments would be denied in enforce; " +
			"there was time to look at %d. They run on as they are.",
		undecided:       "tealgate could not decide: %s.",
		undecidedDenied: "Nothing was changed. Try again; if it stays, show this to the platform team.",
		undecidedOpen: map[Open]string{
			NotEnforced: "Allowed, because this namespace is not in enforce.",
			NotAdded:    "No label was added; the rules judge what is there.",
			NoWayBack:   "What this switch leaves was not recorded: to go back takes as many ready pods as serve.",
			NotRecorded: "Allowed by break-glass, and not recorded.",
			NotCounted:  "The mode is set all the same.",
			NotTried:    "Stored without a test: if it cannot be loaded, it is set aside and an Event tells.",
		},
		undecidedBehind:     "tealgate could not decide about the Deployments that %s selects: %s.",
		undecidedBehindOpen: "The Service itself was judged.",
	},
	policy.Chinese: {
		one:     "%[2]s 有 %[1]d 处问题：%[3]s",
		many:    "%[2]s 有 %[1]d 处问题：%[3]s",
		rest:    "另有 %d 处：%s。",
		others:  "%[2]s 另有 %[1]d 处问题：%[3]s",
		colon:   "：",
		more:    "详情：",
		explain: "kubectl tealgate explain ",

		behind:       "此 Service 选中的 %s",
		behindOthers: "此 Service 选中的 Deployment 另有 %d 处问题：%s",
		behindAll:    "此 Service 选中的 Deployment 有 %d 处问题：%s",
		why: map[Why]string{
			Advice: "详情：kubectl tealgate explain %s",
			Mode:   "enforce 模式下会被拒绝。详情：kubectl tealgate explain %s",
			Before: "修改前就存在，本次放行。详情：kubectl tealgate explain %s",
			Undo:   "该模板曾经运行过，回退放行。详情：kubectl tealgate explain %s",
		},
		unknownMode:     "Namespace %s：tealgate.dev/mode: %s 不是有效的模式（enforce、warn、audit）；按 warn 处理",
		modeSet:         "Namespace %s：%[3]d 个 Deployment 中有 %[2]d 个在 enforce 模式下会被拒绝，它们会照常运行。",
		modeSetPartly:   "Namespace %s：%[3]d 个 Deployment 中至少有 %[2]d 个在 enforce 模式下会被拒绝（来得及检查的有 %[4]d 个），它们会照常运行。",
		undecided:       "tealgate 无法判断（tealgate could not decide）：%s。",
		undecidedDenied: "没有任何修改生效。请重试；若仍出现，请交给平台团队。",
		undecidedOpen: map[Open]string{
			NotEnforced: "该命名空间不是 enforce，本次放行。",
			NotAdded:    "没有添加标签；规则按现有内容判断。",
			NoWayBack:   "没有记录这次切换之前的版本：切回时需要与线上同样多的就绪 Pod。",
			NotRecorded: "因 break-glass 放行，没有记录。",
			NotCounted:  "模式照常设置。",
			NotTried:    "未经测试即保存：若无法加载会被搁置，并由 Event 说明。",
		},
		undecidedBehind:     "tealgate 无法判断（tealgate could not decide）%s 选中的 Deployment：%s。",
		undecidedBehindOpen: "Service 本身已检查。",
	},
}
