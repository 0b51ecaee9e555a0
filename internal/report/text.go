package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/offline"
	"github.com/tealgate/tealgate/internal/policy"
)

type words struct {
	warning, advice, note string
	// summary takes objects, files and the list of what was found.
	summary, nothing                   string
	object, objects, file, files       string
	denied, warnings, advices, unreads string
	exempt, unmanaged                  string
	comma                              string
}

var phrases = map[policy.Language]words{
	policy.English: {
		warning: "Warning: ", advice: "Advice: ", note: "Note: ",
		summary: "%[1]d %[2]s checked in %[3]d %[4]s: %[5]s\n", nothing: "no problems",
		object: "object", objects: "objects", file: "file", files: "files",
		denied: "%d would be denied", warnings: "warnings: %d", advices: "advice: %d", unreads: "could not be read: %d",
		exempt: "exempt: %d", unmanaged: "left alone by the settings: %d",
		comma: ", ",
	},
	policy.Chinese: {
		warning: "警告：", advice: "建议：", note: "提示：",
		summary: "检查了 %[3]d 个文件中的 %[1]d 个对象：%[5]s\n", nothing: "没有问题",
		denied: "%d 个会被拒绝", warnings: "警告 %d 条", advices: "建议 %d 条", unreads: "%d 处无法读取",
		exempt: "豁免 %d 条", unmanaged: "按设置不检查 %d 个",
		comma: "，",
	},
}

// paint puts a terminal's colors around text; the zero value leaves it.
type paint bool

const (
	bold   = "1"
	red    = "1;31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (p paint) in(color, text string) string {
	if !p || color == "" {
		return text
	}
	return "\x1b[" + color + "m" + text + "\x1b[0m"
}

// writeText shows what is to be said about each object, and nothing about the
// others but their number. Why something could not be read is not part of it: that
// is an error, and goes where errors go.
func writeText(out io.Writer, result *offline.Result, options Options) error {
	said := phrases[options.Language]
	p := paint(options.Color)
	var b strings.Builder
	for _, checked := range result.Checked {
		if len(checked.Findings)+len(checked.Notes()) > 0 {
			writeObject(&b, checked, said, p)
		}
	}
	b.WriteString(summary(result, said))
	_, err := io.WriteString(out, b.String())
	return err
}

func writeObject(b *strings.Builder, checked offline.Checked, said words, p paint) {
	head := oneLine(slashed(checked.Position.String()))
	if checked.Input.File != "" {
		head += " (" + checked.Input.String() + ")"
	}
	fmt.Fprintf(b, "%s\n", p.in(bold, head))
	writeSaid(b, admission.Said{Denial: checked.Denial, Warnings: checked.Warnings, Advice: checked.Advice}, checked.Notes(), said, p)
	b.WriteString("\n")
}

// writeSaid writes what is said about one object, with lines that say nothing of problems.
func writeSaid(b *strings.Builder, of admission.Said, notes []string, said words, p paint) {
	if of.Denial != "" {
		verdict, rest, _ := strings.Cut(of.Denial, "\n")
		fmt.Fprintf(b, "%s\n%s\n", p.in(red, verdict), rest)
		if len(of.Warnings)+len(of.Advice)+len(notes) > 0 {
			b.WriteString("\n")
		}
	}
	for _, part := range []struct {
		lines        []string
		color, label string
	}{{of.Warnings, yellow, said.warning}, {of.Advice, cyan, said.advice}, {notes, cyan, said.note}} {
		for _, line := range part.lines {
			fmt.Fprintf(b, "%s%s\n", p.in(part.color, part.label), line)
		}
	}
}

func summary(result *offline.Result, said words) string {
	var found []string
	for _, count := range []struct {
		n      int
		phrase string
	}{
		{result.Denied(), said.denied},
		{result.Findings(policy.Warn), said.warnings},
		{result.Findings(policy.Advise), said.advices},
		{len(result.Unreadable), said.unreads},
	} {
		if count.n > 0 {
			found = append(found, fmt.Sprintf(count.phrase, count.n))
		}
	}
	if len(found) == 0 {
		found = []string{said.nothing}
	}
	if n := result.Exempt(); n > 0 {
		found = append(found, fmt.Sprintf(said.exempt, n))
	}
	if n := result.Unmanaged(); n > 0 {
		found = append(found, fmt.Sprintf(said.unmanaged, n))
	}
	return fmt.Sprintf(said.summary, len(result.Checked), plural(len(result.Checked), said.object, said.objects),
		result.Files, plural(result.Files, said.file, said.files), strings.Join(found, said.comma))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// oneLine is text without what a terminal would obey: names of files may hold anything.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || (r >= 0x7f && r < 0xa0) {
			return ' '
		}
		return r
	}, text)
}
