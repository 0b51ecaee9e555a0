package audit

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func object(namespace, name string) unstructured.Unstructured {
	o := unstructured.Unstructured{Object: map[string]any{}}
	o.SetNamespace(namespace)
	o.SetName(name)
	return o
}

// paged is a list that was read already.
func paged(objects ...unstructured.Unstructured) *cursor { return &cursor{page: objects, ended: true} }

// TestNextNamespace holds the order of the API server: that of "namespace/name".
func TestNextNamespace(t *testing.T) {
	lists := []*cursor{
		paged(object("shop-a", "web"), object("shop", "a"), object("shop", "b"), object("shop2", "x")),
		paged(object("default", "kubernetes"), object("shop-a", "web"), object("shop-b", "x"), object("shop", "web")),
	}
	var names []string
	for {
		name, ok, err := nextNamespace(t.Context(), lists...)
		require.NoError(t, err)
		if !ok {
			break
		}
		names = append(names, name)
		for _, list := range lists {
			for len(list.page) > 0 && list.page[0].GetNamespace() == name {
				list.drop()
			}
		}
	}
	assert.Equal(t, []string{"default", "shop-a", "shop-b", "shop", "shop2"}, names)
}

// TestTake holds what a list may bring that was begun anew, and that disorder is not
// taken for progress.
func TestTake(t *testing.T) {
	names := func(c *cursor) (names []string) {
		for _, o := range c.page {
			names = append(names, o.GetName())
		}
		return names
	}
	c := &cursor{}
	require.NoError(t, c.take([]unstructured.Unstructured{object("shop", "a"), object("shop", "c")}))
	assert.EqualError(t, c.take([]unstructured.Unstructured{object("shop", "b")}), "the API server lists shop/b behind shop/c")

	c = &cursor{last: "shop/c", again: true}
	require.NoError(t, c.take([]unstructured.Unstructured{object("shop", "a"), object("shop", "b")}))
	assert.Empty(t, c.page, "all was seen")
	require.NoError(t, c.take([]unstructured.Unstructured{object("shop", "c"), object("shop", "d")}))
	assert.Equal(t, []string{"d"}, names(c))
	assert.EqualError(t, c.take([]unstructured.Unstructured{object("shop", "d")}), "the API server lists shop/d behind shop/d", "only once anew")
}

func TestLeft(t *testing.T) {
	c := &cursor{page: []unstructured.Unstructured{object("shop", "a")}, remaining: 3}
	assert.Equal(t, 4, c.left())
}
