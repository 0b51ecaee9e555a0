package facts

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// cluster answers lists of Services in pages, and lists of EndpointSlices by their labels.
type cluster struct {
	client.Reader

	services []corev1.Service
	slices   []discoveryv1.EndpointSlice
	reads    int
}

func (s *cluster) List(_ context.Context, list client.ObjectList, options ...client.ListOption) error {
	s.reads++
	asked := (&client.ListOptions{}).ApplyOptions(options)
	switch list := list.(type) {
	case *corev1.ServiceList:
		list.Items = s.services
		if asked.Limit > 0 {
			from := 0
			if asked.Continue != "" {
				if _, err := fmt.Sscan(asked.Continue, &from); err != nil {
					return err
				}
			}
			to := min(from+int(asked.Limit), len(s.services))
			list.Items = s.services[from:to]
			if to < len(s.services) {
				list.Continue = fmt.Sprint(to)
			}
		}
	case *discoveryv1.EndpointSliceList:
		for _, slice := range s.slices {
			if !asked.LabelSelector.Matches(labels.Set(slice.Labels)) {
				continue
			}
			if asked.Limit > 0 && len(list.Items) == int(asked.Limit) {
				list.Continue = "more"
				break
			}
			list.Items = append(list.Items, slice)
		}
	}
	return nil
}

// fronts are Services by these names in front of blue, each with as many slices of one
// ready pod.
func fronts(each int, ready ...bool) cluster {
	s := cluster{}
	for i, serves := range ready {
		service := live(fmt.Sprintf("s%04d", i), map[string]string{"app": "shop", "tealgate.dev/color": "blue"})
		s.services = append(s.services, *service)
		for range each {
			s.slices = append(s.slices, discoveryv1.EndpointSlice{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{discoveryv1.LabelServiceName: service.Name}},
				Endpoints: []discoveryv1.Endpoint{{
					Conditions: discoveryv1.EndpointConditions{Ready: new(serves)},
					TargetRef:  &corev1.ObjectReference{Kind: "Pod", Name: "shop-blue-6d-x1"},
				}},
			})
		}
	}
	return s
}

func TestCarriersDoNotDependOnNames(t *testing.T) {
	blue := map[string]string{"app": "shop", "tealgate.dev/color": "blue"}
	green := map[string]string{"app": "shop", "tealgate.dev/color": "green"}
	many := make([]bool, maxCarriers+1)
	for name, test := range map[string]struct {
		stored cluster
		// others are Services of another application beside these.
		others int
		ready  map[string]int
		err    string
		// reads are those of Traffic, and of CarriersNow.
		reads, readsNow int
	}{
		"none": {ready: map[string]int{}},
		"the last of four serves": {
			stored: fronts(1, false, false, false, true), reads: 1, readsNow: 2,
			ready: map[string]int{"s0000": 0, "s0001": 0, "s0002": 0, "s0003": 1},
		},
		"among 1200 of others": {
			stored: fronts(1, false, true), others: 1200, reads: 1, readsNow: 3,
			ready: map[string]int{"s0000": 0, "s0001": 1},
		},
		"as many as are read": {
			stored: fronts(0, many[1:]...), reads: 1, readsNow: 2,
			ready: func() map[string]int {
				all := map[string]int{}
				for i := range maxCarriers {
					all[fmt.Sprintf("s%04d", i)] = 0
				}
				return all
			}(),
		},
		"one more": {
			stored: fronts(1, many...), readsNow: 1,
			err: "more than 100 Services of namespace shop send traffic to the same pods",
		},
		"more slices than are read": {
			stored: fronts(maxCarrierSlices+1, false), reads: 1, readsNow: 2,
			err: "there are more than 500 EndpointSlices of Services s0000 in namespace shop",
		},
		"more Services than are read": {
			stored: fronts(1, true), others: maxPages * servicesPerPage, reads: 1, readsNow: maxPages,
			ready: map[string]int{"s0000": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for i := range test.others {
				test.stored.services = append(test.stored.services, *live(fmt.Sprintf("o%04d", i), map[string]string{"app": "other"}))
			}
			for way, read := range map[string]struct {
				carriers func(*Gatherer) ([]Carrier, error)
				reads    int
				err      string
			}{
				"Leaving": {func(g *Gatherer) ([]Carrier, error) {
					gathered, err := g.Traffic(t.Context(), "shop", Touched{Leaving: blue}, None())
					return gathered.Live, err
				}, test.reads, test.err},
				"Coming": {func(g *Gatherer) ([]Carrier, error) {
					gathered, err := g.Traffic(t.Context(), "shop", Touched{Coming: blue, Before: green}, None())
					return gathered.Doors, err
				}, test.reads, test.err},
				"CarriersNow": {
					func(g *Gatherer) ([]Carrier, error) { return g.CarriersNow(t.Context(), "shop", blue) }, test.readsNow,
					map[bool]string{true: "namespace shop has more than 5000 Services", false: test.err}[test.others >= 5000],
				},
			} {
				cached, now := test.stored, test.stored
				got, err := read.carriers(New(Options{Cached: &cached, Live: &now}))
				assert.Equal(t, read.reads, now.reads, way)
				if read.err != "" {
					assert.EqualError(t, err, read.err, way)
					continue
				}
				require.NoError(t, err, way)
				ready := map[string]int{}
				for _, carrier := range got {
					ready[carrier.Name] = carrier.Ready
				}
				assert.Equal(t, test.ready, ready, way)
			}
		})
	}
}

func TestCarriersNowAreThoseOfNow(t *testing.T) {
	blue := map[string]string{"app": "shop", "tealgate.dev/color": "blue"}
	of := func(color string) *corev1.Service { return new(shop(color)) }
	going, preview := of("blue"), of("blue")
	going.DeletionTimestamp = new(metav1.Now())
	preview.Labels = map[string]string{"tealgate.dev/role": "preview"}
	for name, test := range map[string]struct {
		cached, now *corev1.Service
		want        int
	}{
		"it stays":            {of("blue"), of("blue"), 1},
		"it moved away":       {of("blue"), of("green"), 0},
		"it moved here":       {of("green"), of("blue"), 1},
		"it is being deleted": {of("blue"), going, 0},
		"it became a preview": {of("blue"), preview, 0},
		"it was one":          {preview, preview, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := New(Options{
				Cached: &cluster{services: []corev1.Service{*test.cached}}, Live: &cluster{services: []corev1.Service{*test.now}},
			})
			got, err := g.CarriersNow(t.Context(), "shop", blue)
			require.NoError(t, err)
			assert.Len(t, got, test.want)
		})
	}
}

// TestTraffic holds which Services are in front of pods that are relabelled from blue to
// green, and that one read is for all of them.
func TestTraffic(t *testing.T) {
	blue := map[string]string{"app": "shop", "tealgate.dev/color": "blue"}
	green := map[string]string{"app": "shop", "tealgate.dev/color": "green"}
	stored := cluster{services: []corev1.Service{
		*live("on-green", green), *live("on-both", map[string]string{"app": "shop"}), *live("on-blue", blue), *live("on-cart", map[string]string{"app": "cart"}),
	}}
	for name, test := range map[string]struct {
		reason      string
		touched     Touched
		live, doors []string
		reads       int
	}{
		"Relabelled": {"they leave one and come to another", Touched{blue, green, blue}, []string{"on-blue", "on-both"}, []string{"on-green"}, 1},
		"New":        {"a Service without a color is a door too", Touched{Coming: green}, nil, []string{"on-both", "on-green"}, 1},
		"Replaced":   {"they go and come back", Touched{Leaving: green}, []string{"on-both", "on-green"}, nil, 1},
		"Untouched":  {"nothing is asked", Touched{}, nil, nil, 0},
		"Alone":      {"no Service is in front", Touched{Leaving: map[string]string{"app": "worker"}}, nil, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			cached, now := stored, cluster{}
			got, err := New(Options{Cached: &cached, Live: &now}).Traffic(t.Context(), "shop", test.touched, Facts{})
			require.NoError(t, err)
			names := func(carriers []Carrier) []string {
				var found []string
				for _, carrier := range carriers {
					found = append(found, carrier.Name)
				}
				return found
			}
			assert.Equal(t, test.live, names(got.Live), test.reason)
			assert.Equal(t, test.doors, names(got.Doors), test.reason)
			assert.Equal(t, test.reads, now.reads)
			assert.Equal(t, test.reads, got.Reads)
		})
	}
}
