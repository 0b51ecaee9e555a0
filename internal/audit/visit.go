package audit

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/tealgate/tealgate/internal/admission"
	"github.com/tealgate/tealgate/internal/facts"
)

const (
	// objectTimeout bounds what is read and asked about one object.
	objectTimeout = 30 * time.Second
	// atOnce is how many objects of a namespace are judged at the same time: most of
	// the time is spent in waiting for the API server.
	atOnce = 8
)

// visit is the audit of one namespace.
type visit struct {
	*auditor

	name     string
	around   surroundings
	judge    *admission.Judge
	subjects []*subject
	services []*corev1.Service
	leads    []lead
}

// subject is a Deployment or a Service on its way through a visit. It is kept as
// JSON, which takes far less memory than what it decodes to.
type subject struct {
	kind, name string
	stored     []byte
	member     *facts.Member
	verdict    admission.Verdict
	failed     error
}

func newVisit(a *auditor, name string) *visit {
	around := newSurroundings(a.Reader)
	judge := admission.NewJudge(admission.JudgeOptions{Edition: a.Edition, Facts: around, Language: a.Language})
	return &visit{auditor: a, name: name, around: around, judge: judge}
}

// add takes an object that the API server has listed.
func (v *visit) add(object *unstructured.Unstructured) error {
	if _, err := facts.Slim(object); err != nil {
		return err
	}
	raw, err := json.Marshal(object.Object)
	if err != nil {
		return err
	}
	s := &subject{kind: object.GetKind(), name: object.GetName(), stored: raw}
	v.subjects = append(v.subjects, s)
	if s.kind == kindService {
		var service corev1.Service
		if s.failed = json.Unmarshal(raw, &service); s.failed == nil {
			v.around.snapshot.AddService(&service)
			v.services = append(v.services, &service)
		}
		return nil
	}
	var deployment appsv1.Deployment
	if s.failed = json.Unmarshal(raw, &deployment); s.failed == nil {
		s.member = v.around.snapshot.AddDeployment(&deployment)
	}
	return nil
}

// run judges all objects.
func (v *visit) run(ctx context.Context) (Namespace, error) {
	v.progress(len(v.subjects), 0)
	var group errgroup.Group
	group.SetLimit(atOnce)
	for _, s := range v.subjects {
		group.Go(func() error {
			defer v.progress(0, 1)
			if s.failed == nil && ctx.Err() == nil {
				s.failed = v.decide(ctx, s)
			}
			return nil
		})
	}
	_ = group.Wait() // what fails is in the subject
	if ctx.Err() != nil {
		return Namespace{}, context.Cause(ctx)
	}
	return v.sum()
}

func (v *visit) decide(ctx context.Context, s *subject) error {
	ctx, cancel := context.WithTimeoutCause(ctx, objectTimeout, fmt.Errorf("no answer within %s", objectTimeout))
	defer cancel()
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(s.stored); err != nil {
		return err
	}
	var err error
	if s.verdict, err = v.judge.Standing(ctx, object); err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
