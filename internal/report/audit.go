package report

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/audit"
	"github.com/tealgate/tealgate/internal/policy"
)

// AuditOptions says how to write an audit as text.
type AuditOptions struct {
	Language policy.Language
	// Color is for a terminal.
	Color bool
	// Wide asks for more columns, Full for findings with their cures.
	Wide, Full bool
	// All says that the audit was about all namespaces.
	All bool
}

type auditWords struct {
	// denied takes what is denied of what, one phrase for each kind.
	denied, and, of, deployment, deployments, service, services string
	counts, exempt, unmanaged                                   string
	// pilot takes a namespace, what would be denied in it, and its size.
	pilot, noPilot, order, clean, dirty, size string
	empty, cures                              string
}

var auditPhrases = map[policy.Language]auditWords{
	policy.English: {
		denied: "%s would be denied. ", and: " and ", of: "%d of %d %s",
		deployment: "Deployment", deployments: "Deployments", service: "Service", services: "Services",
		counts: "Warnings: %d. Advice: %d.", exempt: " Exempt: %d.", unmanaged: " Left alone by the settings: %d.",
		pilot: "Best pilot: %[1]s, where %[2]s (%[3]s).\n", noPilot: "No pilot: outside of enforce no Service stands in front of a Deployment.\n",
		order: "In order: a Service in front of a Deployment, the smallest share denied, the fewest Deployments.\n",
		clean: "nothing would be denied", dirty: "%d of %d objects would be denied", size: "%d %s, %d %s in front",
		empty: "No Deployments and no Services.\n", cures: "What to change: kubectl tealgate audit -n NAMESPACE --details\n",
	},
	policy.Chinese: {
		denied: "%s会被拒绝。", and: "、", of: "%[2]d 个 %[3]s 中有 %[1]d 个",
		deployment: "Deployment", deployments: "Deployment", service: "Service", services: "Service",
		counts: "警告 %d 条，建议 %d 条。", exempt: "豁免 %d 条。", unmanaged: "按设置不检查 %d 个。",
		pilot: "最适合试点：%[1]s，%[2]s（%[3]s）。\n", noPilot: "没有适合试点的命名空间：未启用 enforce 的命名空间里，没有 Service 指向 Deployment。\n",
		order: "排序：先看是否有 Service 指向 Deployment，再看被拒绝的比例（从小到大），再看 Deployment 数量（从少到多）。\n",
		clean: "没有会被拒绝的对象", dirty: "%[2]d 个对象中有 %[1]d 个会被拒绝", size: "%d 个 %s，前面有 %d 个 %s",
		empty: "没有 Deployment，也没有 Service。\n", cures: "如何修改：kubectl tealgate audit -n NAMESPACE --details\n",
	},
}

// WriteAuditObjects writes the objects of a namespace that have findings.
func WriteAuditObjects(out io.Writer, namespace audit.Namespace, options AuditOptions) error {
	var b strings.Builder
	for _, object := range namespace.Objects {
		if options.Full {
			writeSaid(&b, object.Said, notes(object), phrases[options.Language], paint(options.Color))
		} else {
			writeLines(&b, namespace.Name, object, options)
		}
		b.WriteString("\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeLines writes what was observed, without the cures.
func writeLines(b *strings.Builder, namespace string, object audit.Object, options AuditOptions) {
	p := paint(options.Color)
	colors := map[policy.Action]string{policy.Deny: red, policy.Warn: yellow, policy.Advise: cyan}
	fmt.Fprintf(b, "%s\n", p.in(bold, message.Object{Kind: object.Kind, Namespace: namespace, Name: object.Name}.String()))
	write := func(color, word, lead, text string) {
		for i, line := range message.Wrap("  "+word+lead, "    ", text) {
			if i == 0 {
				line = "  " + p.in(color, word) + strings.TrimPrefix(line, "  "+word)
			}
			fmt.Fprintf(b, "%s\n", line)
		}
	}
	for _, finding := range object.Findings {
		write(colors[finding.Action], string(finding.Action), " "+finding.Rule.ID+": ", observed(finding.Sentence))
	}
	for _, excused := range object.Exempt {
		write("", "exempt", " "+excused.Rule.ID+": ", observed(excused.Sentence))
	}
	for _, note := range notes(object) {
		write(cyan, phrases[options.Language].note, "", note)
	}
}

// notes say what exemptions are about, and until when.
func notes(object audit.Object) []string {
	if object.Exemptions == "" {
		return nil
	}
	return []string{object.Exemptions}
}

// observed leaves out a sentence that only leads to a cure.
func observed(sentence message.Sentence) string {
	text := sentence.Observed
	if !strings.HasSuffix(text, ":") && !strings.HasSuffix(text, "：") {
		return text
	}
	if end := max(strings.LastIndex(text, ". ")+len("."), strings.LastIndex(text, "。")+len("。")); end > len("。") {
		return text[:end]
	}
	return text
}

// WriteAudit writes the table of the namespaces and what follows from it. Headings
// are in English, as those of kubectl are.
func WriteAudit(out io.Writer, result *audit.Result, options AuditOptions) error {
	said := auditPhrases[options.Language]
	var b strings.Builder
	if len(result.Namespaces) == 0 {
		b.WriteString(said.empty)
	} else {
		writeTable(&b, result, options)
		fmt.Fprintf(&b, "\n%s", summarize(result, said))
		if options.All {
			b.WriteString(said.advise(result))
		}
	}
	writeUnseen(&b, result, options)
	_, err := io.WriteString(out, b.String())
	return err
}

// cell is one field of the table.
type cell struct{ text, color string }

func writeTable(b *strings.Builder, result *audit.Result, options AuditOptions) {
	heading := []string{"NAMESPACE", "MODE", "DEPLOYMENTS DENIED", "SERVICES DENIED", "WARNED"}
	if options.Wide {
		heading = append(heading, "WARNINGS", "ADVICE", "EXEMPT", "PAIRED SERVICES", "UNMANAGED")
	}
	rows := [][]cell{{}}
	for _, name := range append(heading, "MOST OFTEN") {
		rows[0] = append(rows[0], cell{text: name})
	}
	for _, namespace := range result.Namespaces {
		rows = append(rows, row(namespace, options.Wide))
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell.text))
		}
	}
	p := paint(options.Color)
	for _, row := range rows {
		for i, cell := range row {
			text := p.in(cell.color, cell.text)
			if i < len(row)-1 {
				text += strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell.text)+3)
			}
			b.WriteString(text)
		}
		b.WriteString("\n")
	}
}

func row(namespace audit.Namespace, wide bool) []cell {
	mode := cell{text: "?"}
	if namespace.Mode != nil {
		mode.text = cmp.Or(*namespace.Mode, "-")
	}
	if mode.text == v1alpha1.ModeEnforce {
		mode.color = cyan
	}
	warned := namespace.Deployments.Warned + namespace.Services.Warned
	cells := []cell{{text: namespace.Name}, mode, share(namespace.Deployments), share(namespace.Services)}
	cells = append(cells, cell{fmt.Sprint(warned), warm(warned, yellow)})
	if wide {
		for _, number := range []int{
			namespace.Warnings, namespace.Advice, namespace.Exempt, namespace.Paired,
			namespace.Deployments.Unmanaged + namespace.Services.Unmanaged,
		} {
			cells = append(cells, cell{text: fmt.Sprint(number)})
		}
	}
	return append(cells, cell{text: mostOften(namespace.Rules)})
}

func share(tally audit.Tally) cell {
	return cell{fmt.Sprintf("%d/%d", tally.Denied, tally.Objects), warm(tally.Denied, red)}
}

// warm is a color for a number that is not 0.
func warm(number int, color string) string {
	if number == 0 {
		return ""
	}
	return color
}

// mostOften is the rule that denies most objects, or else warns of most.
func mostOften(rules []audit.Frequency) string {
	if len(rules) == 0 {
		return "-"
	}
	first := rules[0]
	if count := cmp.Or(first.Denied, first.Warned); count > 0 {
		return fmt.Sprintf("%s (%d)", first.Rule, count)
	}
	return "-"
}

func summarize(result *audit.Result, said auditWords) string {
	var parts []string
	warnings, advice, exempt := 0, 0, 0
	for _, namespace := range result.Namespaces {
		warnings += namespace.Warnings
		advice += namespace.Advice
		exempt += namespace.Exempt
	}
	deployments, services := result.Deployments(), result.Services()
	if deployments.Objects > 0 {
		parts = append(parts, fmt.Sprintf(said.of, deployments.Denied, deployments.Objects, plural(deployments.Objects, said.deployment, said.deployments)))
	}
	if services.Objects > 0 {
		parts = append(parts, fmt.Sprintf(said.of, services.Denied, services.Objects, plural(services.Objects, said.service, said.services)))
	}
	text := ""
	if len(parts) > 0 {
		text = fmt.Sprintf(said.denied, strings.Join(parts, said.and)) + fmt.Sprintf(said.counts, warnings, advice)
	}
	if exempt > 0 {
		text += fmt.Sprintf(said.exempt, exempt)
	}
	if unmanaged := deployments.Unmanaged + services.Unmanaged; unmanaged > 0 {
		text += fmt.Sprintf(said.unmanaged, unmanaged)
	}
	return strings.TrimSpace(text) + "\n"
}

// advise says where to begin.
func (said auditWords) advise(result *audit.Result) string {
	text := said.noPilot
	if pilot, ok := result.Pilot(); ok {
		found := said.clean
		if denied := pilot.Deployments.Denied + pilot.Services.Denied; denied > 0 {
			found = fmt.Sprintf(said.dirty, denied, pilot.Deployments.Objects+pilot.Services.Objects)
		}
		size := fmt.Sprintf(said.size, pilot.Deployments.Objects, plural(pilot.Deployments.Objects, said.deployment, said.deployments),
			pilot.Paired, plural(pilot.Paired, said.service, said.services))
		text = fmt.Sprintf(said.pilot, pilot.Name, found, size)
	}
	text += said.order
	if result.Deployments().Denied+result.Services().Denied > 0 {
		text += said.cures
	}
	return text
}
