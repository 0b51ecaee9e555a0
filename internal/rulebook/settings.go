package rulebook

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

// FromSettings reads the ConfigMap of the settings. A key that nobody knows is a
// problem: settings under a misspelled one would count for nothing.
func FromSettings(configMap *corev1.ConfigMap) Source {
	source := ofConfigMap(configMap)
	for key, text := range configMap.Data {
		if key == settings.Key {
			source.Files[configMap.Name+"/"+key] = text
		}
	}
	for _, key := range slices.Sorted(maps.Keys(configMap.Data)) {
		if key != settings.Key {
			source.problems = append(source.problems, unknownKey(configMap.Name, key))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(configMap.BinaryData)) {
		source.problems = append(source.problems, unknownKey(configMap.Name, key))
	}
	return source
}

func unknownKey(name, key string) policy.Problem {
	return policy.Problem{File: name + "/" + key, Kind: policy.BadSettings, Detail: "settings are under the key " + settings.Key + " and no other"}
}

// readSettings reads what FromSettings returned. The error is policy.Problems.
func readSettings(source Source) (*settings.Settings, error) {
	if len(source.problems) > 0 {
		return nil, source.problems
	}
	parsed, err := settings.Parse([]byte(source.Files[settingsFile(source)]))
	if err != nil {
		return nil, settingsProblems(source, err)
	}
	return parsed, nil
}

func settingsFile(source Source) string {
	for file := range source.Files {
		return file
	}
	return ""
}

var lineOfSettings = regexp.MustCompile(`^line (\d+): `)

// settingsProblems takes the lines out of an error of the settings, which names
// several things behind one another.
func settingsProblems(source Source, err error) policy.Problems {
	file := settingsFile(source)
	var problems policy.Problems
	for _, text := range strings.SplitAfter(strings.ReplaceAll(err.Error(), "; line ", ";\nline "), "\n") {
		problem := policy.Problem{File: file, Kind: policy.BadSettings, Detail: strings.TrimSuffix(text, ";\n")}
		if line := lineOfSettings.FindStringSubmatch(text); line != nil {
			problem.Line, _ = strconv.Atoi(line[1])
			problem.Detail = strings.TrimPrefix(problem.Detail, line[0])
		}
		problems = append(problems, problem)
	}
	return problems
}

// chooseSettings takes what is wanted, if it can be read, else what was good before,
// else the defaults. A rule that does not exist does not make settings bad here: it
// may be in a source that was set aside, and everything else would be lost with it.
func chooseSettings(last *Edition, wanted *Source) (*settings.Settings, *Status) {
	if wanted == nil {
		return settings.Default(), nil
	}
	status := &Status{Source: *wanted, State: InForce, held: wanted, settings: true}
	chosen, err := readSettings(*wanted)
	if err == nil {
		return chosen, status
	}
	status.Problems, _ = err.(policy.Problems) //nolint:errorlint // readSettings returns nothing else, unwrapped
	if before := last.settingsStatus(); before != nil && before.held != nil {
		status.State, status.held = LastGood, before.held
		return last.Settings, status
	}
	status.State, status.held = SetAside, nil
	return settings.Default(), status
}
