package rulebook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/tealgate/tealgate/internal/policy"
	"github.com/tealgate/tealgate/internal/settings"
)

const (
	// buildTimeout bounds compiling and testing one set of sources. On an idle processor
	// it takes a quarter of a second, two seconds for as much as sources may hold. The
	// rest is for pods that get a tenth of one.
	buildTimeout = 30 * time.Second
	// loadTimeout bounds one load, with the search for the source that is to blame.
	loadTimeout = 2 * time.Minute
)

// Edition is what is in force: one set of rules with settings. Immutable.
type Edition struct {
	// Rules are tuned by Settings.
	Rules    *policy.Engine
	Settings *settings.Settings
	// Digest is equal where the same files are in force, on every replica.
	Digest string
	// Since is when this replica put it into force.
	Since time.Time
	// Sources say what became of each source, settings included, in the order of names.
	Sources []Status

	built *Built
}

// State is what became of a source.
type State string

// The states.
const (
	// InForce: as it stands.
	InForce State = "in force"
	// LastGood: what it held before, because it cannot be loaded as it stands.
	LastGood State = "last good"
	// SetAside: nothing of it. The embedded rules that it replaced are in force.
	SetAside State = "set aside"
)

// Status is what became of one source.
type Status struct {
	Source Source
	State  State
	// Problems keep it from being loaded as it stands. Of a source that is in force
	// they are doubts, such as a rule that is set and does not exist.
	Problems policy.Problems

	// held is what is in force of it; nil for nothing.
	held     *Source
	settings bool
}

// Wanted is what is to be in force.
type Wanted struct {
	Sources []Source
	// Settings are the file of the platform team's settings; nil where there is none.
	Settings *Source
}

// Book holds the edition that is in force. Edition is safe for concurrent use and
// never blocks; loads come one after the other.
type Book struct {
	base    []*policy.Module
	program string
	current atomic.Pointer[Edition]
	// tried says that sources were loaded, well or not; loaded, that it went well once.
	tried, loaded atomic.Bool
	reloads       *prometheus.CounterVec
	// building is held while something is compiled: one at a time, or a burst of
	// ConfigMaps would take the processor from the requests.
	building chan struct{}
	loading  sync.Mutex
	// changed has room for one word that there is a new edition.
	changed chan struct{}
}

// Open puts the embedded rules and the default settings into force. An error means
// that the program itself is broken. The metrics go to registerer, once.
func Open(ctx context.Context, registerer prometheus.Registerer) (*Book, error) {
	base, err := Embedded()
	if err != nil {
		return nil, err
	}
	built, err := Build(ctx, base, nil)
	if err != nil {
		return nil, fmt.Errorf("embedded policies: %w", err)
	}
	if err := built.Engine.Complete(); err != nil {
		return nil, fmt.Errorf("embedded policies: %w", err)
	}
	program, err := programDigest()
	if err != nil {
		return nil, err
	}
	b := &Book{
		base: base, program: program, building: make(chan struct{}, 1), changed: make(chan struct{}, 1),
	}
	edition, err := b.edition(built, nil, settings.Default())
	if err != nil {
		return nil, err
	}
	b.current.Store(edition)
	b.register(registerer)
	return b, nil
}

// Edition returns what is in force now.
func (b *Book) Edition() *Edition { return b.current.Load() }

// Ready returns an error until sources were loaded once, well or not.
func (b *Book) Ready() error {
	if !b.tried.Load() {
		return errors.New("policies were not loaded yet")
	}
	return nil
}

// Frozen says whether no release may go on: the settings say so, or nobody can know what
// they say, because they were set aside or never loaded.
func (b *Book) Frozen() bool {
	edition := b.Edition()
	status := edition.settingsStatus()
	return !b.loaded.Load() || status != nil && status.State == SetAside || edition.Settings.Freeze
}

// Load puts into force what is wanted, as far as it is good, and says what became of
// each source in the new edition. Where nothing changed it does nothing. An error
// means that nothing was decided: what was in force stays. It is worth trying again
// after an error, and where again says so.
func (b *Book) Load(ctx context.Context, wanted Wanted) (again bool, err error) {
	b.loading.Lock()
	defer b.loading.Unlock()
	defer b.tried.Store(true)
	last := b.Edition()
	if last.holds(wanted) {
		b.loaded.Store(true)
		return false, nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, loadTimeout, fmt.Errorf("policies were not loaded within %s", loadTimeout))
	defer cancel()
	edition, err := b.next(ctx, last, wanted)
	if err != nil {
		b.reloads.WithLabelValues(outcomeFailed).Inc()
		return true, err
	}
	b.current.Store(edition)
	b.loaded.Store(true)
	edition.log(ctx, last)
	b.reloads.WithLabelValues(edition.outcome()).Inc()
	select {
	case b.changed <- struct{}{}:
	default:
	}
	return edition.unsure(), nil
}

func (b *Book) next(ctx context.Context, last *Edition, wanted Wanted) (*Edition, error) {
	built, statuses, err := last.built, last.policies(), error(nil)
	if !sameSources(last.policies(), wanted.Sources) || last.unsure() {
		built, statuses, err = settle(ctx, b.try, last.policies(), wanted.Sources)
	}
	if err != nil {
		return nil, err
	}
	chosen, status := chooseSettings(last, wanted.Settings)
	if status != nil {
		if err := chosen.Check(built.Engine.Rules()); err != nil && status.State == InForce {
			status.Problems = settingsProblems(status.Source, err)
		}
		statuses = append(slices.Clone(statuses), *status)
	}
	return b.edition(built, statuses, chosen)
}

func (b *Book) edition(built *Built, statuses []Status, chosen *settings.Settings) (*Edition, error) {
	engine, err := built.Engine.Tuned(chosen.Tuning())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(statuses, func(a, b Status) int { return cmp.Compare(a.Source.Name, b.Source.Name) })
	return &Edition{
		Rules: engine, Settings: chosen, Digest: digest(b.program, statuses), Since: time.Now(), Sources: statuses, built: built,
	}, nil
}

// try builds one set of sources within its time. An error that is not Problems means
// that ctx has ended.
func (b *Book) try(ctx context.Context, sources []Source) (*Built, error) {
	select {
	case b.building <- struct{}{}:
		defer func() { <-b.building }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, buildTimeout)
	defer cancel()
	built, err := Build(limited, b.base, sources)
	var problems policy.Problems
	switch {
	case err == nil:
		return built, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case limited.Err() != nil:
		return nil, policy.Problems{{Kind: policy.TooSlow, Detail: fmt.Sprintf("compiling and testing took more than %s", buildTimeout)}}
	case !errors.As(err, &problems):
		return nil, policy.Problems{{Kind: policy.Fails, Detail: err.Error()}}
	default:
		return nil, err
	}
}

// holds says that a load would change nothing.
func (e *Edition) holds(wanted Wanted) bool {
	if !sameSources(e.policies(), wanted.Sources) || e.unsure() {
		return false
	}
	status := e.settingsStatus()
	if status == nil || wanted.Settings == nil {
		return status == nil && wanted.Settings == nil
	}
	return status.Source.same(*wanted.Settings)
}

// unsure says that a source was set aside for what may have been the machine's fault.
func (e *Edition) unsure() bool {
	return slices.ContainsFunc(e.Sources, func(s Status) bool {
		return slices.ContainsFunc(s.Problems, func(p policy.Problem) bool { return p.Kind == policy.TooSlow })
	})
}

// policies are the sources without the settings.
func (e *Edition) policies() []Status {
	return slices.DeleteFunc(slices.Clone(e.Sources), func(s Status) bool { return s.settings })
}

func (e *Edition) settingsStatus() *Status {
	if i := slices.IndexFunc(e.Sources, func(s Status) bool { return s.settings }); i >= 0 {
		return &e.Sources[i]
	}
	return nil
}

func sameSources(statuses []Status, wanted []Source) bool {
	return slices.EqualFunc(statuses, sorted(wanted), func(s Status, w Source) bool { return s.Source.same(w) })
}

func sorted(sources []Source) []Source {
	return slices.SortedFunc(slices.Values(sources), func(a, b Source) int { return strings.Compare(a.Name, b.Name) })
}

// log says what changed.
func (e *Edition) log(ctx context.Context, last *Edition) {
	log := logf.FromContext(ctx)
	before := map[string]Status{}
	for _, status := range last.Sources {
		before[status.Source.Name] = status
	}
	for _, status := range e.Sources {
		was, known := before[status.Source.Name]
		delete(before, status.Source.Name)
		switch {
		case known && was.State == status.State && was.Source.same(status.Source):
		case len(status.Problems) > 0:
			log.Error(status.Problems, "policy source", "source", status.Source.Name, "state", status.State)
		default:
			log.Info("policy source", "source", status.Source.Name, "state", status.State)
		}
	}
	for name := range before {
		log.Info("policy source", "source", name, "state", "gone")
	}
	log.Info("policies in force", "digest", e.Digest, "before", last.Digest, "rules", len(e.Rules.Rules()))
}
