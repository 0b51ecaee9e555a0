package color_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/tealgate/tealgate/internal/color"
)

func TestParse(t *testing.T) {
	for value, want := range map[string]color.Color{
		"blue": color.Blue, "green": color.Green, "": "", "Blue": "", "red": "", "blue ": "",
	} {
		got, ok := color.Parse(value)
		assert.Equal(t, want, got, "Parse(%q)", value)
		assert.Equal(t, want != "", ok, "Parse(%q)", value)
	}
}

func TestOther(t *testing.T) {
	assert.Equal(t, color.Green, color.Blue.Other())
	assert.Equal(t, color.Blue, color.Green.Other())
	assert.Empty(t, color.Color("").Other())
	assert.Empty(t, color.Color("red").Other())
}

func TestFromName(t *testing.T) {
	for name, want := range map[string]color.Color{
		"shop-blue": color.Blue, "shop-green": color.Green, "a-blue-green": color.Green,
		"shop": "", "blue": "", "-blue": "", "shopblue": "", "shop-blue-v2": "",
	} {
		got, ok := color.FromName(name)
		assert.Equal(t, want, got, "FromName(%q)", name)
		assert.Equal(t, want != "", ok, "FromName(%q)", name)
	}
}
