package message

import (
	"fmt"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/policy"
)

// ColorFrom says why a Deployment got its color. It is the value of the
// annotation tealgate.dev/color-from.
type ColorFrom string

// Where a color comes from, strongest first.
const (
	ColorFromLabel ColorFrom = "label"
	ColorFromName  ColorFrom = "name"
	ColorFromPair  ColorFrom = "pair"
	ColorFromFirst ColorFrom = "first"
)

var colorPhrases = map[policy.Language]struct {
	from    map[ColorFrom]string
	colored string
	pinned  string
	kept    string
}{
	policy.English: {
		from: map[ColorFrom]string{
			ColorFromLabel: "its own label says so",
			ColorFromName:  "its name ends so",
			ColorFromPair:  "the idle color of its application",
			ColorFromFirst: "the first color of its application",
		},
		colored: "%[1]s is %[2]s (%[3]s): tealgate put label tealgate.dev/color: %[2]s on it, its selector and its pods. " +
			"Write it into Git as well: a selector cannot change later.",
		pinned: "tealgate pins %[1]s to %[2]s, the color of all its pods: tealgate.dev/color: %[2]s in its selector. Leave it out of Git: a switch moves it.",
		kept:   "%[1]s keeps tealgate.dev/color: %[2]s in its selector: without it pods of any color could answer. To move its traffic name the other color.",
	},
	policy.Chinese: {
		from: map[ColorFrom]string{
			ColorFromLabel: "自身标签指定",
			ColorFromName:  "名称以此结尾",
			ColorFromPair:  "该应用的空闲颜色",
			ColorFromFirst: "该应用的首个颜色",
		},
		colored: "tealgate 将 %[1]s 设为 %[2]s（%[3]s）：对象、selector 和 Pod 都带上标签 tealgate.dev/color: %[2]s。请同样写入 Git：selector 之后不能修改。",
		pinned:  "tealgate 将 %[1]s 固定为 %[2]s（它的所有 Pod 的颜色）：selector 中加入 tealgate.dev/color: %[2]s。不要写入 Git：切换时会改变。",
		kept:    "%[1]s 的 selector 仍保留 tealgate.dev/color: %[2]s：去掉它，任何颜色的 Pod 都可能应答。要切换流量，请写另一个颜色。",
	},
}

// Colored tells the user once, at creation, what was added and what to do about
// it; empty for an origin that nobody knows.
func Colored(language policy.Language, object Object, c color.Color, from ColorFrom) string {
	words := colorPhrases[language]
	if words.from[from] == "" {
		return ""
	}
	return OneLine(fmt.Sprintf(words.colored, object, c, words.from[from]), "")
}

// Pinned tells the user that a new Service was pinned to the color of its pods.
func Pinned(language policy.Language, object Object, c color.Color) string {
	return OneLine(fmt.Sprintf(colorPhrases[language].pinned, object, c), "")
}

// Kept tells who takes the color out of the selector of a Service that it stays.
func Kept(language policy.Language, object Object, c color.Color) string {
	return OneLine(fmt.Sprintf(colorPhrases[language].kept, object, c), "")
}
