package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/desk"
)

func TestPeopleRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"NoName":   {[]string{"go"}, "error: name a BlueGreen: kubectl tealgate go NAME [--reason TEXT]; kubectl tealgate get lists them\n"},
		"TwoNames": {[]string{"rollback", "shop", "cart"}, "error: one BlueGreen at a time: kubectl tealgate rollback NAME [--reason TEXT]\n"},
		"NoItem":   {[]string{"check-off"}, "error: name a BlueGreen: kubectl tealgate check-off NAME ITEM... [--reason TEXT]; kubectl tealgate get lists them\n"},
		"All":      {[]string{"get", "shop", "-A"}, "error: a BlueGreen cannot be named across all namespaces: leave out -A or shop\n"},
		"Output":   {[]string{"history", "shop", "-o", "name"}, "error: --output \"name\": not table, wide, json or yaml\n"},
		"Language": {[]string{"report", "shop", "--language", "de"}, "error: --language \"de\": not en or zh\n"},
		"Context":  {[]string{"watch", "shop", "--context", "gone"}, "error: context \"gone\" does not exist\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
			out, errOut, err := run(t, test.args...)
			require.Error(t, err)
			assert.Equal(t, test.want, errOut)
			assert.Empty(t, out)
		})
	}
}

// TestDisplayWritesChanges: without a terminal a line is written once.
func TestDisplayWritesChanges(t *testing.T) {
	var out bytes.Buffer
	show := newDisplay(&out)
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	for i, message := range []string{"one", "one", "two"} {
		bg := &v1alpha1.BlueGreen{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}
		bg.Status.Phase, bg.Status.Waiting = v1alpha1.PhaseIdle, &v1alpha1.Waiting{Message: message}
		show.draw(&desk.View{BlueGreen: bg, Now: now.Add(time.Duration(i) * time.Second)})
	}
	show.end()
	assert.Equal(t, "12:00:00 shop Idle: one\n12:00:02 shop Idle: two\n", out.String())
}

// TestTransient: an API server that restarts ends no watch, and a refusal does.
func TestTransient(t *testing.T) {
	resource := schema.GroupResource{Group: v1alpha1.Group, Resource: "bluegreens"}
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"Refused":     {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, true},
		"Unavailable": {apierrors.NewServiceUnavailable("starting"), true},
		"TooMany":     {fmt.Errorf("asking: %w", apierrors.NewTooManyRequests("later", 1)), true},
		"NotFound":    {apierrors.NewNotFound(resource, "shop"), false},
		"Forbidden":   {apierrors.NewForbidden(resource, "shop", errors.New("no")), false},
		"NoKind":      {&meta.NoResourceMatchError{}, false},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, transient(test.err)) })
	}
}
