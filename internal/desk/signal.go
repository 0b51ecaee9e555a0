package desk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
)

// signal is what a release measures under a name, nil if its spec has none of that name.
func signal(bg *v1alpha1.BlueGreen, name string) *v1alpha1.Signal {
	signals := spec(bg).Watch.Signals
	if i := slices.IndexFunc(signals, func(s v1alpha1.Signal) bool { return s.Name == name }); i >= 0 {
		return &signals[i]
	}
	return nil
}

// limits are those of a signal as its spec writes them.
func limits(s *v1alpha1.Signal) string {
	var parts []string
	if s != nil && s.Max != "" {
		parts = append(parts, "max "+s.Max)
	}
	if s != nil && s.MaxIncreasePercent != nil {
		parts = append(parts, fmt.Sprintf("+%d%%", *s.MaxIncreasePercent))
	}
	return strings.Join(parts, ", ")
}

// value is a measured number in the unit of its limit: percent, where that is.
func value(number string, s *v1alpha1.Signal) string {
	parsed, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return number
	}
	if s != nil && strings.HasSuffix(s.Max, "%") {
		return strconv.FormatFloat(parsed*100, 'g', 4, 64) + "%"
	}
	return strconv.FormatFloat(parsed, 'g', 4, 64)
}
