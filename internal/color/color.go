// Package color is the vocabulary of the two colors. It knows no Kubernetes
// client and no policy, so that everything else may use it.
package color

import "strings"

// Color is one of the two sides of an application. The zero value means that
// no color is known.
type Color string

// The two colors. There is no third: a pair is live on one and idle on the other.
const (
	Blue  Color = "blue"
	Green Color = "green"
)

// Parse reads the value of a color label. Anything but blue and green, also in
// other letter case, is no color.
func Parse(s string) (Color, bool) {
	switch c := Color(s); c {
	case Blue, Green:
		return c, true
	default:
		return "", false
	}
}

// Other returns the opposite color, and the zero value for no color.
func (c Color) Other() Color {
	switch c {
	case Blue:
		return Green
	case Green:
		return Blue
	default:
		return ""
	}
}

// FromName reads the color from the suffix -blue or -green of an object's name.
func FromName(name string) (Color, bool) {
	for _, c := range []Color{Blue, Green} {
		if base, found := strings.CutSuffix(name, "-"+string(c)); found && base != "" {
			return c, true
		}
	}
	return "", false
}
