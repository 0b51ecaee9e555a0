package message

import (
	"fmt"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/policy"
)

// ColorFrom says why a Deployment got its color.
type ColorFrom int

// Where a color comes from, strongest first.
const (
	ColorFromLabel ColorFrom = iota
	ColorFromName
	ColorIdle
	ColorFirst
)

var colorPhrases = map[policy.Language]struct {
	from    map[ColorFrom]string
	colored string
	pinned  string
}{
	policy.English: {
		from: map[ColorFrom]string{
			ColorFromLabel: "its own label", ColorFromName: "its name",
			ColorIdle: "the idle color of its pair", ColorFirst: "the first of its pair",
		},
		colored: "%[1]s is %[2]s now (%[3]s): label tealgate.dev/color: %[2]s was added to it, its selector and its pods. " +
			"Write it into Git as well; a selector cannot change later.",
		pinned: "%[1]s: its pods are all %[2]s, so tealgate.dev/color: %[2]s was added to its selector. Leave it out of Git: a switch moves it.",
	},
	policy.Chinese: {
		from: map[ColorFrom]string{
			ColorFromLabel: "来自自身标签", ColorFromName: "来自名称", ColorIdle: "取空闲颜色", ColorFirst: "首个颜色",
		},
		colored: "%[1]s 现在是 %[2]s（%[3]s）：已在对象、selector 和 Pod 上加入标签 tealgate.dev/color: %[2]s。请同样写入 Git：selector 之后不能修改。",
		pinned:  "%[1]s：所有 Pod 都是 %[2]s，已在 selector 中加入 tealgate.dev/color: %[2]s。不要写入 Git：切换时会改变。",
	},
}

// Colored tells the user once, at creation, what was added and what to do about it.
func Colored(language policy.Language, object Object, c color.Color, from ColorFrom) string {
	words := colorPhrases[language]
	return OneLine(fmt.Sprintf(words.colored, object, c, words.from[from]), "")
}

// Pinned tells the user that a new Service was pinned to the color of its pods.
func Pinned(language policy.Language, object Object, c color.Color) string {
	return OneLine(fmt.Sprintf(colorPhrases[language].pinned, object, c), "")
}
