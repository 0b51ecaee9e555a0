package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// pageTimeout bounds the reading of one page.
const pageTimeout = 30 * time.Second

// maxExpired is how often in a row a list may be refused for its age.
const maxExpired = 3

// cursor goes through a list, one page in memory at a time. The API server lists in
// the order of its storage; see key. A list that grows too old on the way is taken
// up where it was: no object comes twice, and objects that come or go meanwhile may
// or may not be seen.
type cursor struct {
	reader client.Reader
	kind   schema.GroupVersionKind
	// where has the limit, and what else narrows the list.
	where []client.ListOption
	// mayLack, if set, says of an error that it makes the list an empty one.
	mayLack func(error) bool

	page  []unstructured.Unstructured
	token string
	// last is the key of the last object of the pages that were read.
	last string
	// again says that the list was begun anew: up to last, all was seen.
	again   bool
	ended   bool
	expired int
	// remaining is how many objects are behind the page, as far as the API server
	// says it.
	remaining int64
}

// key orders objects as the API server's storage does. A slash sorts behind a
// hyphen: the namespace shop-a comes before shop.
func key(object *unstructured.Unstructured) string {
	return prefix(object.GetNamespace()) + object.GetName()
}

// prefix is what the keys of a namespace begin with.
func prefix(namespace string) string { return namespace + "/" }

// peek returns the object that comes next, nil at the end.
func (c *cursor) peek(ctx context.Context) (*unstructured.Unstructured, error) {
	for len(c.page) == 0 && !c.ended {
		err := c.read(ctx)
		if err != nil && c.mayLack != nil && c.mayLack(err) {
			c.ended = true
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("listing %ss: %w", c.kind.Kind, err)
		}
	}
	if len(c.page) == 0 {
		return nil, nil //nolint:nilnil // the end is no error
	}
	return &c.page[0], nil
}

// drop goes on to the object behind the one that peek has returned.
func (c *cursor) drop() {
	c.page[0] = unstructured.Unstructured{}
	c.page = c.page[1:]
}

// each gives to take what comes next of a namespace, one object after the other.
func (c *cursor) each(ctx context.Context, namespace string, take func(*unstructured.Unstructured) error) error {
	for {
		object, err := c.peek(ctx)
		if err != nil || object == nil || object.GetNamespace() != namespace {
			return err
		}
		if err := take(object); err != nil {
			return err
		}
		c.drop()
	}
}

// left is how many objects are not dropped yet, as far as it is known.
func (c *cursor) left() int { return len(c.page) + int(c.remaining) }

func (c *cursor) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, pageTimeout, fmt.Errorf("no page within %s", pageTimeout))
	defer cancel()
	list := &unstructured.UnstructuredList{}
	list.SetGroupVersionKind(c.kind.GroupVersion().WithKind(c.kind.Kind + "List"))
	err := c.reader.List(ctx, list, append(slices.Clip(c.where), client.Continue(c.token))...)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case apierrors.IsResourceExpired(err) && c.token != "" && c.expired < maxExpired:
		c.expired++
		// The API server offers to go on at the same place with what is there now.
		// Where it does not, the list begins anew.
		c.token = offered(err)
		c.again = c.again || c.token == ""
		return nil
	case err != nil:
		return err
	}
	c.token, c.expired, c.remaining = list.GetContinue(), 0, 0
	c.ended = c.token == ""
	if remaining := list.GetRemainingItemCount(); remaining != nil {
		c.remaining = *remaining
	}
	return c.take(list.Items)
}

// offered is the token that comes with a refusal, empty if none does.
func offered(err error) string {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return status.Status().Continue
	}
	return ""
}

// take keeps what was not seen yet. Objects that come out of order would be taken
// for another visit to a namespace that is done: that is an error.
func (c *cursor) take(items []unstructured.Unstructured) error {
	for i := range items {
		k := key(&items[i])
		if k <= c.last {
			if c.again {
				continue
			}
			return fmt.Errorf("the API server lists %s behind %s", k, c.last)
		}
		c.last, c.again = k, false
		c.page = append(c.page, items[i])
	}
	return nil
}
