//go:build e2e

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// answer is what a client of the load got for one request; see load/main.go.
type answer struct {
	Time    time.Time     `json:"time"`
	Latency time.Duration `json:"latency"`
	Client  string        `json:"client"`
	Fresh   bool          `json:"fresh"`
	Code    uint16        `json:"code"`
	Error   string        `json:"error"`
	Body    string        `json:"body"`
}

// failed is any answer but a 200 with a whole body: connection errors, resets and timeouts
// have no code at all.
func (a answer) failed() bool { return a.Code != 200 || a.Error != "" }

// color and version are what the application answered.
func (a answer) color() string { c, _, _ := strings.Cut(a.Body, " "); return c }

// load is a Pod that sends requests to an application.
type load struct {
	app *app
	pod *corev1.Pod
}

// startLoad sends requests to the Service of the app from a Pod outside of its pair, at a
// fixed rate, and returns when it has begun.
func (a *app) startLoad(rate int, timeout time.Duration) *load {
	a.t.Helper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: a.namespace, Name: "load"},
		Spec: corev1.PodSpec{
			TerminationGracePeriodSeconds: new(int64),
			Containers: []corev1.Container{{
				Name: "load", Image: "tealgate-e2e/load:1",
				// By its address: it is the switch that is measured, and not a DNS server.
				Args: []string{"-url=http://" + a.service().Spec.ClusterIP, fmt.Sprintf("-rate=%d", rate), "-timeout=" + timeout.String()},
				// It listens once it has begun.
				ReadinessProbe: &corev1.Probe{PeriodSeconds: 1, ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}},
			}},
		},
	}
	require.NoError(a.t, a.Create(a.t.Context(), pod))
	a.until(a.t, "the load has begun", func(ctx context.Context) (bool, error) {
		err := a.Get(ctx, client.ObjectKeyFromObject(pod), pod)
		return isReady(pod), err
	})
	return &load{a, pod}
}

// report ends the load and returns all answers.
func (l *load) report() []answer {
	l.app.t.Helper()
	output := l.app.do(l.app.t, "get", "--raw", fmt.Sprintf("/api/v1/namespaces/%s/pods/load:8080/proxy/report", l.app.namespace))
	require.NoError(l.app.t, l.app.Delete(l.app.t.Context(), l.pod))
	var answers []answer
	for decoder := json.NewDecoder(strings.NewReader(output)); decoder.More(); {
		var one answer
		require.NoError(l.app.t, decoder.Decode(&one))
		answers = append(answers, one)
	}
	require.NotEmpty(l.app.t, answers, "the load has sent nothing")
	return answers
}

// failures lists what failed, and shows the first.
func failures(t *testing.T, answers []answer) []answer {
	t.Helper()
	var failed []answer
	for _, one := range answers {
		if !one.failed() {
			continue
		}
		failed = append(failed, one)
		if len(failed) <= 10 {
			t.Logf("failed: %s %s after %s: %d %s", one.Time.Format("15:04:05.000"), one.Client, one.Latency, one.Code, one.Error)
		}
	}
	return failed
}
