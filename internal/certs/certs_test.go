package certs

import (
	"bytes"
	"crypto/tls"
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	clocktesting "k8s.io/utils/clock/testing"
)

const day24 = 24 * time.Hour

func made(t *testing.T, at time.Time, names ...string) *pair {
	t.Helper()
	p, err := generate(names, at, DefaultLifetime)
	require.NoError(t, err)
	return p
}

func TestOptions(t *testing.T) {
	for name, test := range map[string]struct {
		options Options
		want    string
	}{
		"NoNames":  {Options{}, "certificate: no names to serve"},
		"TooShort": {Options{Names: []string{"a"}, Lifetime: time.Minute}, "certificate: a lifetime of 1m0s is less than 1h0m0s"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(test.options)
			assert.EqualError(t, err, test.want)
		})
	}
	keeper, err := New(Options{Names: []string{"a"}})
	require.NoError(t, err)
	assert.Equal(t, 30*day24, keeper.options.RenewBefore)
	assert.Equal(t, maxSettle, keeper.options.Settle)
	keeper, err = New(Options{Names: []string{"a"}, Lifetime: 3 * time.Hour})
	require.NoError(t, err)
	assert.Equal(t, time.Hour, keeper.options.RenewBefore)
	keeper, err = New(Options{Names: []string{"a"}, CertManager: true})
	require.NoError(t, err)
	assert.Equal(t, maxSettle, keeper.options.Settle, "API servers learn of a CA as late, whoever has written it")
}

func TestGood(t *testing.T) {
	now := time.Now()
	names := []string{"tealgate-webhook.tealgate-system.svc", "127.0.0.1", "localhost", "::1"}
	p := made(t, now, names...)
	for name, test := range map[string]struct {
		reason string
		names  []string
		in     time.Duration
		want   bool
	}{
		"AllNames":       {"what it was made for", names, 0, true},
		"OneOfThem":      {"fewer names are served as well", names[1:2], 0, true},
		"AnotherName":    {"a changed Service needs a new one", []string{"tealgate-webhook.other.svc"}, 0, false},
		"OneMoreName":    {"all of them, not some", append([]string{"other"}, names...), 0, false},
		"AnotherAddress": {"addresses count like names", []string{"127.0.0.2"}, 0, false},
		"ShortForm":      {"no part of a name", []string{"tealgate-webhook"}, 0, false},
		"BeforeItsEnd":   {"to the last minute", names, DefaultLifetime - time.Minute, true},
		"AfterItsEnd":    {"expired", names, DefaultLifetime + time.Minute, false},
		"SlowClock":      {"an API server whose clock is behind accepts it", names, -59 * time.Minute, true},
		"BeforeItsStart": {"by more than clocks differ", names, -61 * time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, p.good(test.names, now.Add(test.in)), test.reason)
		})
	}
	assert.False(t, (*pair)(nil).good(names, now), "none is not good")
}

// The CA can sign no other CA, and what is stored has no key of it.
func TestGenerate(t *testing.T) {
	p := made(t, time.Now(), "localhost")
	authorities := parse(p.ca)
	require.Len(t, authorities, 1)
	assert.True(t, authorities[0].IsCA)
	assert.True(t, authorities[0].MaxPathLenZero)
	assert.False(t, p.serving.Leaf.IsCA)
	assert.Len(t, p.serving.Certificate, 1, "the CA is not sent along")
	key, err := tls.X509KeyPair(p.ca, p.key)
	assert.Error(t, err, "%v", key)
	assert.Equal(t, 1, bytes.Count(p.key, []byte("BEGIN")))
	assert.NotEqual(t, authorities[0].SubjectKeyId, parse(made(t, time.Now(), "localhost").ca)[0].SubjectKeyId,
		"two CAs of the same second are told apart")
}

func TestDecode(t *testing.T) {
	now := time.Now()
	current, next := made(t, now, "localhost"), made(t, now, "localhost")
	full := stored{current: current, next: next, ca: join(now, next.ca, current.ca)}
	good := full.encode(nil)
	with := func(key string, value []byte) map[string][]byte {
		changed := maps.Clone(good)
		changed[key] = value
		return changed
	}
	for name, test := range map[string]struct {
		reason        string
		data          map[string][]byte
		current, next bool
		why           string
	}{
		"Good":        {"what was stored is read", good, true, true, ""},
		"Nothing":     {"a Secret that somebody made ahead", nil, false, false, "tls: failed to find any PEM data in certificate input"},
		"NoCA":        {"nothing could go into the caBundle", with(keyCA, nil), false, false, ""},
		"GarbageCA":   {"likewise", with(keyCA, []byte("x")), false, false, ""},
		"OtherCA":     {"a client that trusts it would refuse both", with(keyCA, made(t, now, "localhost").ca), false, false, ""},
		"AnotherKey":  {"half of one and half of another", with(corev1.TLSPrivateKeyKey, next.key), false, true, "tls: private key does not match public key"},
		"Garbage":     {"not PEM", with(corev1.TLSCertKey, []byte("x")), false, true, "tls: failed to find any PEM data in certificate input"},
		"GarbageNext": {"the current one is as good", with(keyNext, []byte("x")), true, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := decode(test.data)
			assert.Equal(t, test.current, s.current.good([]string{"localhost"}, now), test.reason)
			assert.Equal(t, test.next, s.next.good([]string{"localhost"}, now), test.reason)
			if test.why != "" {
				assert.EqualError(t, s.why, test.why)
			}
		})
	}
	full.next = nil
	data := full.encode(with("of-somebody", []byte("x")))
	assert.NotContains(t, data, keyNext)
	assert.NotContains(t, data, keyNextKey, "no key is left behind")
	assert.Contains(t, data, "of-somebody")
}

func TestJoin(t *testing.T) {
	now := time.Now()
	old, young := made(t, now.Add(-80*day24), "localhost"), made(t, now, "localhost")
	both := join(now, young.ca, old.ca)
	assert.Equal(t, append(parse(young.ca), parse(old.ca)...), parse(both))
	assert.Equal(t, both, join(now, both, old.ca, young.ca), "each once, in the order of the first")
	assert.Equal(t, both, join(now, both, []byte("Cg==")), "what is no certificate is left out")
	assert.Equal(t, both, join(now.Add(10*day24), both), "while one that differs in its clock may think it good")
	assert.Equal(t, young.ca, join(now.Add(10*day24+2*backdate), both), "then it goes")
	assert.Empty(t, join(now))

	assert.True(t, complete(both, young.ca, now), "more than wanted is left there")
	assert.False(t, complete(young.ca, both, now), "one is missing")
	assert.True(t, complete(young.ca, both, now.Add(11*day24)), "what has expired is not wanted")
	assert.False(t, complete(both, young.ca, now.Add(11*day24)), "nor left there")

	var many []byte
	for range maxBundle {
		many = append(many, made(t, now, "localhost").ca...)
	}
	assert.Len(t, parse(join(now, young.ca, many)), maxBundle, "it does not grow without end")
	assert.True(t, bytes.HasPrefix(join(now, young.ca, many), young.ca), "the first counts first")
}

// Replicas whose clocks differ do not take out and put back in turn: the CA that has ended goes
// once, and nobody writes before or after.
func TestClocksDiffer(t *testing.T) {
	now := time.Now()
	old, young := made(t, now.Add(-80*day24), "localhost"), made(t, now, "localhost")
	wanted := join(now, young.ca, old.ca) // The Secret has both until the next rotation.
	bundle, writes := wanted, 0
	for at := -2 * backdate; at <= 3*backdate; at += time.Minute {
		for _, behind := range []time.Duration{0, backdate - time.Minute} {
			clock := old.notAfter().Add(at - behind)
			if complete(bundle, wanted, clock) {
				continue
			}
			writes++
			bundle = merge(clock, wanted, bundle)
			assert.True(t, complete(bundle, wanted, clock), "a write is enough")
		}
	}
	assert.Equal(t, 1, writes)
	assert.Equal(t, young.ca, bundle)
	assert.Equal(t, append(parse(young.ca), parse(old.ca)...), parse(merge(now, young.ca, old.ca)), "what is there stays")
}

// What is presented is what is good at the time, and nothing below TLS 1.3 is spoken.
func TestConfigure(t *testing.T) {
	keeper, err := New(Options{Names: []string{"localhost"}, Clock: clocktesting.NewFakePassiveClock(time.Now())})
	require.NoError(t, err)
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	keeper.Configure(config)
	assert.EqualValues(t, tls.VersionTLS13, config.MinVersion)
	_, err = config.GetCertificate(&tls.ClientHelloInfo{})
	require.EqualError(t, err, "no certificate to serve yet")
	for range 2 {
		p := made(t, time.Now(), "localhost")
		keeper.serve(p)
		serving, err := config.GetCertificate(&tls.ClientHelloInfo{})
		require.NoError(t, err)
		assert.Equal(t, p.serving.Certificate, serving.Certificate)
	}
}

// Nothing is served before every API server had the time to learn of its CA.
func TestSettled(t *testing.T) {
	p, other, now := made(t, time.Now(), "localhost"), made(t, time.Now(), "localhost"), time.Now()
	s := settling{}
	for n, look := range []struct {
		p       *pair
		trusted bool
		after   time.Duration
		want    bool
		left    time.Duration
	}{
		{p, true, 0, false, time.Minute},
		{p, true, 40 * time.Second, false, 20 * time.Second},
		{p, false, 41 * time.Second, false, resync},
		{p, true, 42 * time.Second, false, time.Minute},
		{p, true, 102 * time.Second, true, 0},
		{other, true, 103 * time.Second, false, time.Minute},
		{nil, true, time.Hour, false, resync},
	} {
		settled, left := s.settled(look.p, look.trusted, now.Add(look.after), time.Minute)
		assert.Equal(t, look.want, settled, "look %d", n)
		assert.Equal(t, look.left, left, "look %d", n)
	}
}
