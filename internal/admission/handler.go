package admission

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime/debug"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/policy"
)

// defaultTimeout is the timeoutSeconds of the manifests, for a caller that does
// not say how long it waits.
const defaultTimeout = 3 * time.Second

type budgetKey struct{}

// withBudget takes half of the time that the API server waits (it appends
// ?timeout=3s to the URL), so that the readable message is ours and not its
// timeout. The handler's context carries no deadline of its own.
func withBudget(ctx context.Context, request *http.Request) context.Context {
	timeout, err := time.ParseDuration(request.URL.Query().Get("timeout"))
	if err != nil || timeout <= 0 || timeout > 30*time.Second {
		timeout = defaultTimeout
	}
	return context.WithValue(ctx, budgetKey{}, timeout/2)
}

func budget(ctx context.Context) time.Duration {
	if d, ok := ctx.Value(budgetKey{}).(time.Duration); ok {
		return d
	}
	return defaultTimeout / 2
}

// handler gives a judge its deadline, survives its panic, and turns every
// failure into the answer that the entry's mode asks for.
func (w *Webhooks) handler(e entry) admission.HandlerFunc {
	return func(ctx context.Context, request admission.Request) admission.Response {
		started := time.Now()
		limit := budget(ctx)
		ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no decision within %s", limit))
		defer cancel()

		labels := w.labelsOf(ctx, request.Namespace)
		language := language(labels, w.language)
		response, err := inTime(ctx, func() (admission.Response, error) {
			r, err := newReview(request, e.mode, e.reviews)
			if err != nil {
				return admission.Response{}, err
			}
			r.edition, r.language, r.namespaceLabels = w.edition(), language, labels
			return e.judge(ctx, r)
		})
		if err != nil {
			logf.FromContext(ctx).Error(err, "could not decide", "webhook", e.name, "closed", e.closed)
			response = undecided(e, language, err)
		}
		w.metrics.answered(e.name, request.Kind.Kind, outcome(response, err), time.Since(started))
		return response
	}
}

// labelsOf never fails: a namespace that is not known has no labels.
func (w *Webhooks) labelsOf(ctx context.Context, namespace string) map[string]string {
	labels, err := inTime(ctx, func() (map[string]string, error) {
		return w.namespaces.Labels(ctx, namespace), nil
	})
	if err != nil {
		logf.FromContext(ctx).Error(err, "labels of the namespace", "namespace", namespace)
	}
	return labels
}

// inTime returns when ctx ends, even if do is inside something that does not
// look at it; do is then left to end by itself. A panic of do is an error.
func inTime[T any](ctx context.Context, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		returned := result{err: errors.New("internal error: ended without an answer")}
		defer func() {
			if p := recover(); p != nil {
				logf.FromContext(ctx).Error(fmt.Errorf("panic: %v", p), "webhook recovered", "stack", string(debug.Stack()))
				// What a panic says may quote the object: it goes to the log only.
				returned.err = errors.New("internal error, see the log of tealgate")
			}
			if returned.err != nil && ctx.Err() != nil {
				// The answer names the deadline; this says what it was waiting for.
				logf.FromContext(ctx).Error(returned.err, "too late")
			}
			done <- returned
		}()
		makeRoom()
		value, err := do()
		returned = result{value, err}
	}()
	select {
	case r := <-done:
		if r.err != nil && ctx.Err() != nil {
			// The deadline's doing, in whatever words a client puts it.
			return r.value, context.Cause(ctx)
		}
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// makeRoom has the stack grow while it is empty. Rules go deep; growing on the way
// down, from one power of two to the next, copied all that was on it each time.
//
//go:noinline
func makeRoom() byte {
	var room [64 << 10]byte
	return room[len(os.Args)]
}

// undecided answers our own failure: it denies in closed entries and never in others.
func undecided(e entry, language policy.Language, err error) admission.Response {
	if !e.closed {
		return admission.Allowed("").WithWarnings(message.UndecidedAllowed(language, err, e.open))
	}
	response := admission.Errored(http.StatusInternalServerError, errors.New(message.Undecided(language, err)))
	response.Result.Reason = metav1.StatusReasonInternalError
	if errors.Is(err, errBadRequest) {
		response.Result.Code, response.Result.Reason = http.StatusBadRequest, metav1.StatusReasonBadRequest
	}
	return response
}
