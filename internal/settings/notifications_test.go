package settings

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/notify"
)

func TestNotifications(t *testing.T) {
	got, err := Parse([]byte(`notifications:
- name: team-chat
  secretRef: {key: slack}
  template: '{"text": {{json .message}}}'
  events: [DecisionNeeded, Finished]
  namespaces: [shop]
- {name: log, url: "http://log.monitoring/tealgate", templateFrom: {configMap: templates, key: log.tmpl}}
`))
	require.NoError(t, err)
	require.Len(t, got.Notifications, 2)
	chat, log := got.Notifications[0], got.Notifications[1]
	body, err := chat.Template.Body(notify.Event{Message: "all is well"})
	require.NoError(t, err)
	assert.JSONEq(t, `{"text": "all is well"}`, string(body))
	assert.Equal(t, "slack", chat.SecretKey)
	assert.True(t, chat.Wants("shop", notify.Finished))
	assert.False(t, chat.Wants("shop", notify.Started))
	assert.False(t, chat.Wants("cart", notify.Finished))
	assert.Equal(t, Notification{Name: "log", URL: "http://log.monitoring/tealgate", TemplateFrom: &TemplateSource{"templates", "log.tmpl"}}, log)
	assert.True(t, log.Wants("cart", notify.Started))
}

func TestNotificationsRefused(t *testing.T) {
	const path = "line 1: notifications[0]"
	for name, test := range map[string]struct{ text, want string }{
		"Name":       {`{url: "http://a"}`, path + ": expected a name"},
		"NameUpper":  {`{name: A, url: "http://a"}`, path + `.name: expected a name in lower case, such as team-chat, found "A"`},
		"Nowhere":    {"{name: a}", path + ": expected either url or secretRef"},
		"Both":       {`{name: a, url: "http://a", secretRef: {key: a}}`, path + ": expected either url or secretRef"},
		"Address":    {"{name: a, url: hook-7f3a}", path + ".url: expected an http or https address"},
		"SecretName": {"{name: a, secretRef: {name: other, key: a}}", path + `: unknown key "notifications[0].secretRef.name": expected key`},
		"Key":        {"{name: a, secretRef: {key: a/b}}", path + `.secretRef.key: expected a key of Secret tealgate-notifications, found "a/b"`},
		"Event":      {`{name: a, url: "http://a", events: [started]}`, path + `.events[0]: expected Started, DecisionNeeded, Switched, RolledBack or Finished, found "started"`},
		"From":       {`{name: a, url: "http://a", templateFrom: {key: a}}`, path + ".templateFrom: expected both configMap and key"},
		"Templates":  {`{name: a, url: "http://a", template: x, templateFrom: {configMap: a, key: a}}`, path + ": expected template or templateFrom, found both"},
		"Template": {
			`{name: a, url: "http://a", template: "{{.mesage}}"}`,
			path + `.template: expected a Go template over the fields of an event: template: notification:1:2: executing "notification" at <.mesage>: map has no entry for key "mesage"`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse([]byte("notifications: [" + test.text + "]\n"))
			assert.EqualError(t, err, strings.Replace(test.want, path+": unknown", "line 1: unknown", 1))
		})
	}
	t.Run("Twice", func(t *testing.T) {
		_, err := Parse([]byte("notifications:\n- {name: a, url: http://a}\n- {name: a, url: http://b}\n"))
		assert.EqualError(t, err, `line 3: notifications[1]: expected a name of its own, found "a" again`)
	})
	t.Run("Many", func(t *testing.T) {
		text := "notifications:\n"
		for i := range maxNotifications + 1 {
			text += fmt.Sprintf("- {name: a%d, url: http://a}\n", i)
		}
		_, err := Parse([]byte(text))
		assert.EqualError(t, err, `line 18: notifications[16]: expected at most 16`)
	})
}
