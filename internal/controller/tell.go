package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/tealgate/tealgate/internal/api/v1alpha1"
	"github.com/tealgate/tealgate/internal/notify"
	"github.com/tealgate/tealgate/internal/settings"
)

// NotificationsSecret is the only Secret in tealgate's namespace that may hold the addresses
// of those who are told of releases: one key each.
const NotificationsSecret = "tealgate-notifications"

// maxNotes bounds what is passed on of the release notes.
const maxNotes = 4 << 10

// teller makes one attempt to tell somebody. What it says is read when it is sent.
type teller struct {
	live   client.Reader
	sender *notify.Sender
}

// tell posts a notification to one target. No error has the target's address in it.
func (t *teller) tell(ctx context.Context, bg *v1alpha1.BlueGreen, news *v1alpha1.Notification, target *settings.Notification) error {
	template, err := t.template(ctx, target)
	if err != nil {
		return err
	}
	address, err := t.address(ctx, target)
	if err != nil {
		return err
	}
	event := eventOf(bg, news)
	if r := bg.Status.Release; r != nil && r.Name == news.Release {
		if event.ReleaseNotes, err = t.notes(ctx, bg); err != nil {
			return err
		}
		if news.Event == notify.Started || news.Event == notify.DecisionNeeded {
			event.Preview, err = t.preview(ctx, bg)
		}
	}
	if err != nil {
		return err
	}
	body, err := template.Body(event)
	if err != nil {
		return fmt.Errorf("its template: %w", err)
	}
	return t.sender.Post(ctx, address, body)
}

func (t *teller) address(ctx context.Context, target *settings.Notification) (string, error) {
	if target.SecretKey == "" {
		return target.URL, nil
	}
	secret := &corev1.Secret{}
	if err := t.live.Get(ctx, client.ObjectKey{Namespace: v1alpha1.Namespace, Name: NotificationsSecret}, secret); err != nil {
		return "", fmt.Errorf("its address: %w", err)
	}
	address := strings.TrimSpace(string(secret.Data[target.SecretKey]))
	if address == "" {
		return "", fmt.Errorf("its address: Secret %s has nothing under the key %q", NotificationsSecret, target.SecretKey)
	}
	return address, nil
}

func (t *teller) template(ctx context.Context, target *settings.Notification) (*notify.Template, error) {
	switch from := target.TemplateFrom; {
	case target.Template != nil:
		return target.Template, nil
	case from == nil:
		return notify.Default(), nil
	default:
		held := &corev1.ConfigMap{}
		if err := t.live.Get(ctx, client.ObjectKey{Namespace: v1alpha1.Namespace, Name: from.ConfigMap}, held); err != nil {
			return nil, fmt.Errorf("its template: %w", err)
		}
		text, there := held.Data[from.Key]
		if !there {
			return nil, fmt.Errorf("its template: ConfigMap %s has no key %q", from.ConfigMap, from.Key)
		}
		parsed, err := notify.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("its template in ConfigMap %s: %w", from.ConfigMap, err)
		}
		return parsed, nil
	}
}

// notes are the release notes on the Deployments of the new color, each once.
func (t *teller) notes(ctx context.Context, bg *v1alpha1.BlueGreen) (string, error) {
	var found []string
	for i := range bg.Status.Release.Deployments {
		if bg.Status.Release.Deployments[i].Revision == nil {
			continue
		}
		deployment := &appsv1.Deployment{}
		err := t.live.Get(ctx, client.ObjectKey{Namespace: bg.Namespace, Name: bg.Status.Release.Deployments[i].Name}, deployment)
		if client.IgnoreNotFound(err) != nil {
			return "", err
		}
		if notes := deployment.Annotations[v1alpha1.AnnotationReleaseNotes]; notes != "" && !slices.Contains(found, notes) {
			found = append(found, notes)
		}
	}
	all := strings.Join(found, "\n")
	if len(all) > maxNotes {
		all = strings.ToValidUTF8(all[:maxNotes], "") + "..."
	}
	return all, nil
}

// preview is where the new color answers before the switch.
func (t *teller) preview(ctx context.Context, bg *v1alpha1.BlueGreen) (string, error) {
	if bg.Status.Release.Spec == nil {
		return "", nil
	}
	for _, pair := range bg.Status.Release.Spec.Services {
		if pair.Preview == nil {
			continue
		}
		service := &corev1.Service{}
		err := t.live.Get(ctx, client.ObjectKey{Namespace: bg.Namespace, Name: pair.Preview.Name}, service)
		if client.IgnoreNotFound(err) != nil {
			return "", err
		}
		if err == nil && len(service.Spec.Ports) > 0 {
			return serviceURL(service), nil
		}
	}
	return "", nil
}

// serviceURL is where a Service answers in the cluster. The port is the first one.
func serviceURL(service *corev1.Service) string {
	return fmt.Sprintf("http://%s.%s.svc:%d", service.Name, service.Namespace, service.Spec.Ports[0].Port)
}

// notify goes on telling, and takes what was told out of the status. It says when to look
// again.
func (r *Releaser) notify(ctx context.Context, bg *v1alpha1.BlueGreen) (wake time.Time, err error) {
	left, wake := r.notifier.advance(ctx, bg)
	if apiequality.Semantic.DeepEqual(left, bg.Status.Notifications) {
		return wake, nil
	}
	before := bg.DeepCopy()
	bg.Status.Notifications = left
	err = r.patchStatus(ctx, bg, before)
	if err == nil && wake.IsZero() && len(left) > 0 {
		// What stood behind something that has just been told is due now.
		wake = r.now()
	}
	return wake, err
}

// sooner is the earlier of two times; one that is not set is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}
