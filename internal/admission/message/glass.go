package message

import (
	"fmt"
	"strings"
	"time"

	"github.com/tealgate/tealgate/internal/policy"
)

// Refusal says why an annotation tealgate.dev/break-glass changes nothing.
type Refusal int

// The reasons, in the order in which they are looked for.
const (
	// BadForm: it is not a reason and a time.
	BadForm Refusal = iota
	// Ended: its time is over.
	Ended
	// TooFarAhead: its time is more than an hour ahead.
	TooFarAhead
	// NoRight: the user does not hold the verb.
	NoRight
	// NotAsked: whether the user holds the verb is not known.
	NotAsked
	// NotSeen: it is right in every way, and the API server did not see that.
	NotSeen
)

// String is the reason in the audit log.
func (r Refusal) String() string {
	return [...]string{"bad form", "ended", "too far ahead", "no right", "right not known", "not seen"}[r]
}

// Glass is a break-glass annotation and who asks for it to be honoured.
type Glass struct {
	// Value is the annotation as it stands.
	Value string
	// Reason and Until are read from it; zero for BadForm.
	Reason string
	Until  time.Time
	User   string
}

type glassWords struct {
	broken, recorded, dry string

	intact string
	// why and cure may name {value}, {user}, {until}, {namespace} and a {new} time.
	why, cure map[Refusal]string
}

// kubectl auth can-i VERB RESOURCE asks for the wrong group where the resource does not
// exist, and says no to everybody: the sentences name --list.
var glassPhrases = map[policy.Language]glassWords{
	policy.English: {
		broken:   "break-glass: %s is not judged until %s (%s); %s",
		recorded: "recorded",
		dry:      "a dry run is not recorded",
		intact:   "break-glass does not count for %s: %s.",
		why: map[Refusal]string{
			BadForm:     "'{value}' is not a reason and a time",
			Ended:       "it ended at {until}",
			TooFarAhead: "{until} is more than one hour ahead",
			NoRight:     "{user} may not use it",
			NotAsked:    "tealgate could not find out whether {user} may use it",
			NotSeen:     "the API server did not see that it is new",
		},
		cure: map[Refusal]string{
			BadForm:     "Write: tealgate.dev/break-glass: REASON until {new}",
			Ended:       "Write a new time, such as {new}, or remove the annotation.",
			TooFarAhead: "Write a nearer time, such as {new}",
			NoRight:     "It takes verb break-glass on overrides.tealgate.dev, as listed by: kubectl auth can-i --list -n {namespace}",
			NotAsked:    "It takes verb break-glass on overrides.tealgate.dev, as listed by: kubectl auth can-i --list -n {namespace}",
			NotSeen:     "Write a new time, such as {new}, in the same change.",
		},
	},
	policy.Chinese: {
		broken:   "break-glass：%[2]s 之前不检查 %[1]s（%[3]s）；%[4]s",
		recorded: "已记录",
		dry:      "试运行不记录",
		intact:   "break-glass 对 %s 不生效：%s。",
		why: map[Refusal]string{
			BadForm:     "'{value}' 不是“原因 until 时间”",
			Ended:       "已于 {until} 结束",
			TooFarAhead: "{until} 超过一小时",
			NoRight:     "{user} 无权使用",
			NotAsked:    "tealgate 无法查询 {user} 是否有权使用",
			NotSeen:     "API server 看不出它是新写的",
		},
		cure: map[Refusal]string{
			BadForm:     "请写：tealgate.dev/break-glass: 原因 until {new}",
			Ended:       "请写新的时间，例如 {new}，或删除该注解。",
			TooFarAhead: "请写更近的时间，例如 {new}",
			NoRight:     "需要 overrides.tealgate.dev 上的 break-glass 权限，可这样查看：kubectl auth can-i --list -n {namespace}",
			NotAsked:    "需要 overrides.tealgate.dev 上的 break-glass 权限，可这样查看：kubectl auth can-i --list -n {namespace}",
			NotSeen:     "请在同一次修改中写新的时间，例如 {new}。",
		},
	},
}

// proposed is how far ahead the times lie that are proposed.
const proposed = 30 * time.Minute

// Broken tells that nobody judges a change, until when and why.
func Broken(language policy.Language, object Object, g Glass, dryRun bool) string {
	words := glassPhrases[language]
	recorded := words.recorded
	if dryRun {
		recorded = words.dry
	}
	return OneLine(fmt.Sprintf(words.broken, object, g.Until.Format("15:04Z07:00"), Shown(g.Reason, 100), recorded), "")
}

// Intact tells that an annotation is there and changes nothing, why, and what
// to write at that time.
func Intact(language policy.Language, object Object, g Glass, refusal Refusal, now time.Time) string {
	words := glassPhrases[language]
	fill := strings.NewReplacer(
		"{value}", Shown(g.Value, 60), "{user}", Shown(g.User, 60), "{until}", g.Until.Format(time.RFC3339),
		"{namespace}", object.Namespace, "{new}", now.UTC().Add(proposed).Format(time.RFC3339),
	)
	return OneLine(fmt.Sprintf(words.intact, object, fill.Replace(words.why[refusal])), fill.Replace(words.cure[refusal]))
}

// Shown is the beginning of a text of somebody's, in one line.
func Shown(text string, limit int) string {
	text = strings.ReplaceAll(plain(text), "\n", " ")
	if runes := []rune(text); len(runes) > limit {
		return string(runes[:limit-2]) + ".."
	}
	return text
}
