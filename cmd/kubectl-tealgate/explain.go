package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericclioptions"

	"github.com/tealgate/tealgate/internal/policy"
)

// explainWords are the parts of an explanation that no rule brings.
var explainWords = map[policy.Language]struct{ action, some, undo, noUndo, apiServer string }{
	policy.English: {
		action: "Action: %s",
		some:   ", in some cases %s",
		undo:   "Rollback: kubectl rollout undo to a template that ran before only warns",
		noUndo: "Rollback: holds for kubectl rollout undo too",

		apiServer: "Decided by: the API server itself, also while tealgate is down",
	},
	policy.Chinese: {
		action: "动作：%s",
		some:   "，个别情况 %s",
		undo:   "回退：kubectl rollout undo 回到运行过的模板时只警告",
		noUndo: "回退：对 kubectl rollout undo 同样有效",

		apiServer: "由谁判断：API server 自身，tealgate 停机时同样有效",
	},
}

func newExplain() *cobra.Command {
	var language string
	var edition editionFlags
	cluster := genericclioptions.NewConfigFlags(true)
	command := &cobra.Command{
		Use:   "explain [RULE...]",
		Short: "Say what a rule decides, or list all rules",
		Long: "Say what each RULE decides and why. Without a RULE, list all.\n" +
			"These are the rules built into this program, and with --policy-dir those of the platform\n" +
			"team upon them. A RULE that is not among them is looked for in the cluster, which takes the\n" +
			"right to read the ConfigMaps of tealgate-system.",
		Example: "  kubectl tealgate explain\n" +
			"  kubectl tealgate explain readiness-probe version-label\n" +
			"  kubectl tealgate explain team-owner\n" +
			"  kubectl tealgate explain team-owner --policy-dir platform/policies",
		RunE: func(command *cobra.Command, ids []string) error {
			if err := checkLanguage(language); err != nil {
				return err
			}
			rules, err := edition.explained(command.Context(), doubtful(command, policy.Language(language)))
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				return listRules(command.OutOrStdout(), rules, policy.Language(language))
			}
			ask := func() ([]*policy.Rule, error) {
				return platformRules(command.Context(), cluster, func(doubt string) { command.PrintErrln(doubt) })
			}
			if edition.policies != "" {
				ask = nil // The folder is what was asked about.
			}
			chosen, err := lookUp(ids, rules, ask)
			if err != nil {
				return err
			}
			for i, rule := range chosen {
				if i > 0 {
					fmt.Fprintln(command.OutOrStdout())
				}
				explainRule(command.OutOrStdout(), rule, policy.Language(language))
			}
			return nil
		},
		ValidArgsFunction: func(command *cobra.Command, have []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return completeRules(command.Context(), edition, have)
		},
	}
	edition.addPolicies(command)
	addLanguage(command, &language, "language of the explanation")
	addCluster(command, cluster)
	command.Flags().Lookup("namespace").Hidden = true // Policies hold for all.
	return command
}

func addLanguage(command *cobra.Command, language *string, what string) {
	command.Flags().StringVar(language, "language", string(policy.English), what+", en or zh")
	// The flag has just been defined, which is all that can be wrong.
	_ = command.RegisterFlagCompletionFunc("language", cobra.FixedCompletions([]cobra.Completion{"en", "zh"}, cobra.ShellCompDirectiveNoFileComp))
}

func checkLanguage(language string) error {
	if !slices.Contains(policy.Languages(), policy.Language(language)) {
		return fmt.Errorf("--language %q: not en or zh", language)
	}
	return nil
}

// explained are the rules, and behind them what the API server holds by itself.
func (f *editionFlags) explained(ctx context.Context, doubt func(policy.Problem)) ([]*policy.Rule, error) {
	engine, _, err := f.rules(ctx, doubt)
	if err != nil {
		return nil, err
	}
	others, err := admissionPolicies()
	return slices.Concat(engine.Rules(), others), err
}

// chooseRules finds all ids or none, so that a misspelled one cannot be missed.
func chooseRules(rules []*policy.Rule, ids []string) ([]*policy.Rule, error) {
	var chosen []*policy.Rule
	for _, id := range ids {
		i := slices.IndexFunc(rules, func(r *policy.Rule) bool { return r.ID == id })
		if i < 0 {
			return nil, unknownRule(rules, id)
		}
		chosen = append(chosen, rules[i])
	}
	return chosen, nil
}

// near are the ids that somebody may have meant.
func near(rules []*policy.Rule, id string) []string {
	var found []string
	for _, rule := range rules {
		if levenshtein.ComputeDistance(id, rule.ID) <= len(rule.ID)/3 || (id != "" && strings.Contains(rule.ID, id)) {
			found = append(found, rule.ID)
		}
	}
	return found
}

func unknownRule(rules []*policy.Rule, id string) error {
	if meant := near(rules, id); len(meant) > 0 {
		return fmt.Errorf("no rule is called %q; do you mean %s? kubectl tealgate explain lists all", id, strings.Join(meant, " or "))
	}
	var all []string
	for _, rule := range rules {
		all = append(all, rule.ID)
	}
	return fmt.Errorf("no rule is called %q; the rules are %s, and those of a platform team (--policy-dir)", id, strings.Join(all, ", "))
}

// listRules keeps its headings in English as kubectl does: they are what scripts see.
func listRules(out io.Writer, rules []*policy.Rule, language policy.Language) error {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "RULE\tACTION\tTITLE")
	for _, rule := range rules {
		fmt.Fprintf(table, "%s\t%s\t%s\n", rule.ID, rule.Action, in(rule.Title, language))
	}
	return table.Flush()
}

func explainRule(out io.Writer, rule *policy.Rule, language policy.Language) {
	words := explainWords[language]
	action := fmt.Sprintf(words.action, rule.Action)
	for _, other := range rule.OtherActions() {
		action += fmt.Sprintf(words.some, other)
	}
	undo := words.noUndo
	switch rule.Concern {
	case policy.ConcernWorkload:
		undo = words.undo
	case concernAPIServer:
		undo = words.apiServer
	}
	fmt.Fprintf(out, "%s: %s\n\n%s\n%s\n\n%s\n", rule.ID, in(rule.Title, language), action, undo, in(rule.Description, language))
}

// in falls back to English, which every rule has.
func in(texts map[policy.Language]string, language policy.Language) string {
	if text := texts[language]; text != "" {
		return text
	}
	return texts[policy.English]
}

// completeRules offers the ids that are not there yet, with their titles.
func completeRules(ctx context.Context, edition editionFlags, have []string) ([]cobra.Completion, cobra.ShellCompDirective) {
	rules, err := edition.explained(ctx, func(policy.Problem) {})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var offers []cobra.Completion
	for _, rule := range rules {
		if !slices.Contains(have, rule.ID) {
			offers = append(offers, cobra.CompletionWithDesc(rule.ID, rule.Title[policy.English]))
		}
	}
	return offers, cobra.ShellCompDirectiveNoFileComp
}
