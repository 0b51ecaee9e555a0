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
	one, many, rest, colon, more string
	why                          map[Why]string
	undecided, undecidedAllowed  string
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
		one:   "%d problem in %s: %s",
		many:  "%d problems in %s: %s",
		rest:  "And %d more: %s.",
		colon: ":",
		more:  "More: kubectl tealgate explain ",
		why: map[Why]string{
			Mode:   "Denied once this namespace is in enforce.",
			Before: "It was there before, so this change passes.",
			Undo:   "This template ran before, so going back to it passes.",
		},
		undecided: "tealgate could not decide: %s.\n\n" +
			"Nothing was changed, and nothing is wrong with what you applied as far as\n" +
			"tealgate can tell. Try again; if it stays, show this to the platform team.",
		undecidedAllowed: "tealgate could not decide: %s. Allowed, because this namespace is not in enforce.",
	},
	policy.Chinese: {
		one:   "%[2]s 有 %[1]d 处问题：%[3]s",
		many:  "%[2]s 有 %[1]d 处问题：%[3]s",
		rest:  "另有 %d 处：%s。",
		colon: "：",
		more:  "详情：kubectl tealgate explain ",
		why: map[Why]string{
			Mode:   "命名空间改为 enforce 后会被拒绝。",
			Before: "修改前就存在，本次放行。",
			Undo:   "该模板曾经运行过，回退放行。",
		},
		undecided: "tealgate 无法判断（tealgate could not decide）：%s。\n\n" +
			"没有任何修改生效，目前也看不出您提交的内容有问题。请重试；若仍出现，请交给平台团队。",
		undecidedAllowed: "tealgate 无法判断（tealgate could not decide）：%s。该命名空间不是 enforce，本次放行。",
	},
}
