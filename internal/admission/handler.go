package admission

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"

	"github.com/tealgate/tealgate/internal/admission/message"
	"github.com/tealgate/tealgate/internal/policy"
)

// defaultTimeout is the timeoutSeconds of the manifests, for a caller that does
// not say how long it waits.
const defaultTimeout = 3 * time.Second

type (
	budgetKey  struct{}
	reachedKey struct{}
)

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

// countMalformed counts what never becomes a request: bodies that are not an
// AdmissionReview. Controller-runtime answers them with an error of the API's form.
func (w *Webhooks) countMalformed(e entry, next http.Handler) http.Handler {
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		reached := false
		ctx := context.WithValue(request.Context(), reachedKey{}, &reached)
		next.ServeHTTP(response, request.WithContext(ctx))
		if !reached {
			w.metrics.requests.WithLabelValues(e.name, "none", outcomeMalformed).Inc()
		}
	})
}

// handler gives a judge its deadline, survives its panic, and turns every
// failure into the answer that the entry's mode asks for.
func (w *Webhooks) handler(e entry) admission.HandlerFunc {
	return func(ctx context.Context, request admission.Request) admission.Response {
		started := time.Now()
		if reached, ok := ctx.Value(reachedKey{}).(*bool); ok {
			*reached = true
		}
		limit := budget(ctx)
		ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no decision within %s", limit))
		defer cancel()

		r, err := newReview(request, e.mode)
		var response admission.Response
		if err == nil {
			r.language = w.languageOf(ctx, request.Namespace)
			response, err = w.judgeInTime(ctx, e, r)
		}
		if err != nil {
			response = w.failed(ctx, e, request, err)
		}
		w.metrics.answered(e.name, request.Kind.Kind, outcome(response, err), time.Since(started))
		return response
	}
}

// judgeInTime returns when the deadline passes, even if the judge is inside
// something that does not look at its context.
func (w *Webhooks) judgeInTime(ctx context.Context, e entry, r *review) (admission.Response, error) {
	type result struct {
		response admission.Response
		err      error
	}
	done := make(chan result, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				logf.FromContext(ctx).Error(fmt.Errorf("panic: %v", p), "webhook recovered", "stack", string(debug.Stack()))
				done <- result{err: fmt.Errorf("internal error: %v", p)}
			}
		}()
		response, err := e.judge(ctx, r)
		done <- result{response, err}
	}()
	select {
	case r := <-done:
		return r.response, r.err
	case <-ctx.Done():
		return admission.Response{}, context.Cause(ctx)
	}
}

// failed answers our own failure: it denies in closed entries and never in others.
func (w *Webhooks) failed(ctx context.Context, e entry, request admission.Request, err error) admission.Response {
	logf.FromContext(ctx).Error(err, "could not decide", "webhook", e.name, "closed", e.closed)
	language := w.languageOf(ctx, request.Namespace)
	if !e.closed {
		return admission.Allowed("").WithWarnings(message.UndecidedAllowed(language, err))
	}
	code := http.StatusInternalServerError
	if errors.Is(err, errBadRequest) {
		code = http.StatusBadRequest
	}
	return admission.Errored(int32(code), errors.New(message.Undecided(language, err)))
}

// languageOf never fails: a namespace that is not known has the default.
func (w *Webhooks) languageOf(ctx context.Context, namespace string) policy.Language {
	return language(w.namespaces.Labels(ctx, namespace), w.language)
}
