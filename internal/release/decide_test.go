package release_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

func same(a, b release.State) bool { return reflect.DeepEqual(a, b) }

// TestRelease walks the whole way of the flow chart.
func TestRelease(t *testing.T) {
	w := newWorld().until(t, release.Retiring)
	assert.Equal(t, color.Green, w.State.Live)
	w.pass(31 * time.Minute)
	w.rest(t)

	r := w.State.Release
	assert.Equal(t, release.Idle, w.State.Phase)
	assert.Equal(t, release.Succeeded, r.Outcome)
	assert.Equal(t, "green is live with 1.5.0; blue is retired", r.Message)
	assert.Equal(t, "shop-1", r.Name)
	assert.Equal(t, []string{"mia"}, r.DecidedBy)
	assert.Equal(t, "1.4.0", w.State.Settled)
	assert.Equal(t, []release.Act{
		release.Run{Job: release.JobKey{Stage: release.StageVerify, Name: "smoke"}},
		release.Run{Job: release.JobKey{Stage: release.StageBefore, Name: "pause-consumers"}},
		release.Move{Services: []string{"shop", "shop-grpc"}, To: color.Green},
		release.Run{Job: release.JobKey{Stage: release.StageAfter, Name: "resume-consumers"}},
		release.Show{Service: "shop-preview", To: color.Blue},
		release.Run{Job: release.JobKey{Stage: release.StageWatch, Name: "probe"}},
		release.Remove{Deployments: []string{"shop-blue"}},
	}, w.acts)
	assert.Equal(t, []string{"Observed", "Started", "Deployed", "Verified", "Decided", "Switched", "Passed", "Succeeded"}, w.notes)
}

// TestThereAndBack: the next release takes the same path in the other direction.
func TestThereAndBack(t *testing.T) {
	w := newWorld().until(t, release.Retiring)
	w.pass(31 * time.Minute)
	w.rest(t)
	w.pass(time.Hour)
	w.Jobs = nil
	w.deploy(color.Blue, "1.6.0", 3)
	w.rest(t)
	w.pass(time.Second)
	w.rest(t)
	assert.Equal(t, release.Verifying, w.State.Phase)
	assert.Equal(t, "shop-2", w.State.Release.Name)
	assert.Equal(t, color.Blue, w.State.Release.To)
	require.Len(t, w.State.History, 1)
	assert.Equal(t, release.Succeeded, w.State.History[0].Outcome)
}

// TestDecide is the table of states: where a release stands, what happens, what comes of it.
func TestDecide(t *testing.T) {
	const deep = 48 * time.Hour
	type want struct {
		phase   release.Phase
		outcome release.Outcome
		// reason is why the release ended or rolls back, waits what a resting one says.
		reason, waits string
		// live is the color that the Services select in the end.
		live color.Color
	}
	for name, test := range map[string]struct {
		from   release.Phase
		happen func(*world)
		want   want
	}{
		// Idle.
		"Idle/Nothing":          {release.Idle, func(*world) {}, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"Idle/SameVersion":      {release.Idle, func(w *world) { w.deploy(color.Green, "1.4.0", 3) }, want{release.Idle, "", "", "blue is live with 1.4.0; green has the same version", color.Blue}},
		"Idle/Unlabelled":       {release.Idle, func(w *world) { w.deploy(color.Green, "", 3) }, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"Idle/RequestedSame":    {release.Idle, func(w *world) { w.deploy(color.Green, "1.4.0", 3); w.Requested = "1" }, want{release.Deploying, "", "", "green has just been deployed: Decisions count from the next second on", color.Blue}},
		"Idle/RequestedNothing": {release.Idle, func(w *world) { w.Requested = "1" }, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"Idle/MovedByHand":      {release.Idle, func(w *world) { w.deploy(color.Green, "1.4.0", 3); w.selects(color.Green) }, want{release.Idle, "", "", "green is live with 1.4.0; blue has the same version", color.Green}},
		"Idle/Split":            {release.Idle, func(w *world) { w.selects(color.Green, "shop-grpc") }, want{release.Idle, "", "", "Service shop selects blue, Service shop-grpc selects green", color.Blue}},
		"Idle/Paused":           {release.Idle, func(w *world) { w.Paused = true; w.deploy(color.Green, "1.5.0", 3) }, want{release.Idle, "", "", "paused, or releases are frozen: only a rollback goes on", color.Blue}},
		"Idle/InPlace":          {release.Idle, func(w *world) { w.deploy(color.Blue, "1.4.1", 3) }, want{release.Idle, "", "", "blue is live with 1.4.1; deploy to green to begin a release", color.Blue}},

		// Deploying.
		"Deploying/NotComplete":   {release.Deploying, func(*world) {}, want{release.Deploying, "", "", "Service shop: green has 1 ready pod, blue serves with 3; Service shop-grpc: green has 1 ready pod, blue serves with 3", color.Blue}},
		"Deploying/Complete":      {release.Deploying, func(w *world) { w.ready(color.Green, 3) }, want{release.Verifying, "", "", "check login is open", color.Blue}},
		"Deploying/TooSmall":      {release.Deploying, func(w *world) { w.scale(color.Green, 1) }, want{release.Verifying, "", "", "check login is open", color.Blue}},
		"Deploying/ScaledBack":    {release.Deploying, func(w *world) { w.scale(color.Green, 1); w.step(); w.step(); w.scale(color.Green, 1) }, want{release.Deploying, "", "", "shop-green was scaled to 3, and something has set 1 again: write 3 where it is set", color.Blue}},
		"Deploying/Autoscaler":    {release.Deploying, func(w *world) { w.scale(color.Green, 1); w.autoscaled(color.Green) }, want{release.Deploying, "", "", "HorizontalPodAutoscaler shop keeps shop-green at 1: set its minReplicas to 3", color.Blue}},
		"Deploying/Deadline":      {release.Deploying, func(w *world) { w.pass(16 * time.Minute) }, want{release.Idle, release.Aborted, "DeployDeadline", "", color.Blue}},
		"Deploying/NoGo":          {release.Deploying, func(w *world) { w.decide(release.NoGo, "mia", "") }, want{release.Idle, release.Aborted, "NoGo", "", color.Blue}},
		"Deploying/Deleted":       {release.Deploying, func(w *world) { w.remove(color.Green) }, want{release.Idle, release.Aborted, "Deleted", "", color.Blue}},
		"Deploying/DeployedAgain": {release.Deploying, func(w *world) { w.deploy(color.Green, "1.5.1", 3); w.ready(color.Green, 0) }, want{release.Deploying, "", "", "Service shop: green has 0 ready pods, blue serves with 3; Service shop-grpc: green has 0 ready pods, blue serves with 3", color.Blue}},
		"Deploying/PortMissing": {release.Deploying, func(w *world) {
			w.ready(color.Green, 3)
			w.Services[0].Unfit = unfit("no pod of green listens on http")
		}, want{release.Deploying, "", "", "Service shop: no pod of green listens on http", color.Blue}},
		"Deploying/MovedByHand": {release.Deploying, func(w *world) { w.selects(color.Green) }, want{release.Idle, release.Superseded, "MovedByHand", "", color.Green}},
		"Deploying/Paused":      {release.Deploying, func(w *world) { w.Paused = true; w.pass(time.Hour) }, want{release.Deploying, "", "", "paused, or releases are frozen: only a rollback goes on", color.Blue}},

		// Verifying.
		"Verifying/Open":           {release.Verifying, func(*world) {}, want{release.Verifying, "", "", "check login is open", color.Blue}},
		"Verifying/JobFailed":      {release.Verifying, func(w *world) { w.job(release.StageVerify, "smoke", "exit 1: login is down") }, want{release.Idle, release.Aborted, "VerificationFailed", "", color.Blue}},
		"Verifying/Deadline":       {release.Verifying, func(w *world) { w.pass(11 * time.Minute) }, want{release.Idle, release.Aborted, "VerifyDeadline", "", color.Blue}},
		"Verifying/NoGo":           {release.Verifying, func(w *world) { w.decide(release.NoGo, "mia", "") }, want{release.Idle, release.Aborted, "NoGo", "", color.Blue}},
		"Verifying/DeployedAgain":  {release.Verifying, func(w *world) { w.deploy(color.Green, "1.5.1", 3); w.ready(color.Green, 0) }, want{release.Deploying, "", "", "Service shop: green has 0 ready pods, blue serves with 3; Service shop-grpc: green has 0 ready pods, blue serves with 3", color.Blue}},
		"Verifying/CheckedByOther": {release.Verifying, func(w *world) { w.decide(release.Checked, "kim", "logout") }, want{release.Verifying, "", "", "check login is open", color.Blue}},

		// AwaitingDecision.
		"Awaiting/Nobody":           {release.AwaitingDecision, func(*world) {}, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1", color.Blue}},
		"Awaiting/Deployer":         {release.AwaitingDecision, func(w *world) { w.pass(1); w.decide(release.Go, "lee", "") }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; that of lee does not count: who deployed may not decide", color.Blue}},
		"Awaiting/ServiceAccount":   {release.AwaitingDecision, func(w *world) { w.pass(1); w.decide(release.Go, "system:serviceaccount:shop:ci", "") }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; that of system:serviceaccount:shop:ci does not count: a ServiceAccount of this namespace may not decide", color.Blue}},
		"Awaiting/GoForAnother":     {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.Decisions[len(w.Decisions)-1].Release = "shop-2" }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1", color.Blue}},
		"Awaiting/TooOld":           {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.Decisions[len(w.Decisions)-1].At = start }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; that of mia does not count: it is older than what it is about", color.Blue}},
		"Awaiting/NoGoBeatsGo":      {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.decide(release.NoGo, "ann", "") }, want{release.Idle, release.Aborted, "NoGo", "", color.Blue}},
		"Awaiting/Crowded":          {release.AwaitingDecision, func(w *world) { w.Crowded = true; w.decide(release.Go, "mia", "") }, want{release.AwaitingDecision, "", "", "shop-1 has more Decisions than are read, and a NoGo may be among them: delete those that do not count", color.Blue}},
		"Awaiting/CrowdedAutomatic": {release.AwaitingDecision, func(w *world) { w.Crowded = true; w.State.Release.Spec.Approval.Automatic = true }, want{release.AwaitingDecision, "", "", "shop-1 has more Decisions than are read, and a NoGo may be among them: delete those that do not count", color.Blue}},
		"Awaiting/CrowdedLong":      {release.AwaitingDecision, func(w *world) { w.Crowded = true; w.pass(25 * time.Hour) }, want{release.Idle, release.Aborted, "TooManyDecisions", "", color.Blue}},
		"Awaiting/NotFit":           {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.ready(color.Green, 2) }, want{release.AwaitingDecision, "", "", "decided, but Service shop: green has 2 ready pods, blue serves with 3; Service shop-grpc: green has 2 ready pods, blue serves with 3", color.Blue}},
		"Awaiting/Unmeasured":       {release.AwaitingDecision, func(w *world) { w.Samples = nil; w.decide(release.Go, "mia", "") }, want{release.AwaitingDecision, "", "", "decided; first the signals of blue are measured, to compare with", color.Blue}},
		"Awaiting/UnmeasuredLate":   {release.AwaitingDecision, func(w *world) { w.Samples = nil; w.pass(time.Hour); w.decide(release.Go, "mia", "") }, want{release.AwaitingDecision, "", "", "decided; first the signals of blue are measured, to compare with", color.Blue}},
		"Awaiting/NeverMeasured": {release.AwaitingDecision, func(w *world) {
			w.Samples = nil
			w.pass(time.Minute)
			w.decide(release.Go, "mia", "")
			w.pass(time.Minute)
		}, want{release.Watching, "", "", "check order is open; signal errors: not measured yet", color.Green}},
		"Awaiting/NoDecision":    {release.AwaitingDecision, func(w *world) { w.pass(25 * time.Hour) }, want{release.Idle, release.Aborted, "NoDecision", "", color.Blue}},
		"Awaiting/DeployedAfter": {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.deploy(color.Green, "1.5.1", 3); w.Jobs = nil }, want{release.Deploying, "", "", "green has just been deployed: Decisions count from the next second on", color.Blue}},
		"Awaiting/SameSecond":    {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.State.Release.Revised = w.now }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; that of mia does not count: it is older than what it is about", color.Blue}},
		"Awaiting/Robot":         {release.AwaitingDecision, func(w *world) { w.State.Release.Deployers = []string{"system:serviceaccount:ci:robot"} }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; a robot deployed, so that deployer and decider differ cannot be proven", color.Blue}},
		"Awaiting/Twice": {release.AwaitingDecision, func(w *world) {
			w.State.Release.Spec.Approval.Approvals = 2
			w.decide(release.Go, "mia", "")
			w.decide(release.Go, "mia", "")
		}, want{release.AwaitingDecision, "", "", "1 of 2 Go for shop-1", color.Blue}},

		// Switching.
		"Switching/Hook":           {release.Switching, func(*world) {}, want{release.Switching, "", "", "job pause-consumers has not succeeded yet", color.Blue}},
		"Switching/HookFailed":     {release.Switching, func(w *world) { w.job(release.StageBefore, "pause-consumers", "") }, want{release.Idle, release.Aborted, "HookFailed", "", color.Blue}},
		"Switching/NoGoLate":       {release.Switching, func(w *world) { w.decide(release.NoGo, "ann", "") }, want{release.Switching, "", "", "job pause-consumers has not succeeded yet", color.Blue}},
		"Switching/Rollback":       {release.Switching, func(w *world) { w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.Aborted, "Rollback", "", color.Blue}},
		"Switching/Deadline":       {release.Switching, func(w *world) { w.pass(11 * time.Minute) }, want{release.Idle, release.Aborted, "SwitchDeadline", "", color.Blue}},
		"Switching/Half":           {release.Switching, func(w *world) { w.half(); w.ready(color.Green, 2) }, want{release.Idle, release.RolledBack, "NotReady", "", color.Blue}},
		"Switching/HalfPaused":     {release.Switching, func(w *world) { w.half(); w.Paused = true }, want{release.Idle, release.RolledBack, "Paused", "", color.Blue}},
		"Switching/HalfManual":     {release.Switching, func(w *world) { w.manual(); w.half(); w.ready(color.Green, 0) }, want{release.Switching, "", "", "green has no ready pod behind Service shop (NoReadyPods). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Switching/HalfManualLong": {release.Switching, func(w *world) { w.manual(); w.half(); w.ready(color.Green, 0); w.pass(2 * time.Minute) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Switching/HalfOn":         {release.Switching, func(w *world) { w.half() }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Switching/Dropped":        {release.Switching, func(w *world) { w.half(); w.selects("", "shop-grpc") }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},

		// Watching.
		"Watching/Well":          {release.Watching, func(*world) {}, want{release.Watching, "", "", "check order is open", color.Green}},
		"Watching/SignalFails":   {release.Watching, func(w *world) { w.sample(0.02, 1000, "") }, want{release.Idle, release.RolledBack, "SignalFailed", "", color.Blue}},
		"Watching/SignalRises":   {release.Watching, func(w *world) { w.sample(0.0013, 1000, "") }, want{release.Idle, release.RolledBack, "SignalFailed", "", color.Blue}},
		"Watching/NoData":        {release.Watching, func(w *world) { w.sample(0, 0, "no data"); w.pass(time.Hour) }, want{release.Watching, "", "", "the watch is over, but check order is open; signal errors: no data", color.Green}},
		"Watching/FewSamples":    {release.Watching, func(w *world) { w.sample(1, 3, "") }, want{release.Watching, "", "", "check order is open; signal errors: 3 of 100 samples", color.Green}},
		"Watching/NoDataForEver": {release.Watching, func(w *world) { w.sample(0, 0, "no data"); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/Decision":      {release.Watching, func(w *world) { w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Watching/Crowded":       {release.Watching, func(w *world) { w.Crowded = true; w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/NoPods":        {release.Watching, func(w *world) { w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/Deleted":       {release.Watching, func(w *world) { w.remove(color.Green) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/CrashLoop": {release.Watching, func(w *world) {
			w.change(color.Green, func(d *release.Deployment) { d.Crashing = []string{"shop-green-1"} })
		}, want{release.Idle, release.RolledBack, "CrashLoop", "", color.Blue}},
		"Watching/Restarts":       {release.Watching, func(w *world) { w.change(color.Green, func(d *release.Deployment) { d.Restarts = 3 }) }, want{release.Idle, release.RolledBack, "Restarts", "", color.Blue}},
		"Watching/OneLess":        {release.Watching, func(w *world) { w.ready(color.Green, 2) }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Watching/HookFailed":     {release.Watching, func(w *world) { w.job(release.StageAfter, "resume-consumers", "exit 1") }, want{release.Idle, release.RolledBack, "JobFailed", "", color.Blue}},
		"Watching/Manual":         {release.Watching, func(w *world) { w.manual(); w.ready(color.Green, 0) }, want{release.Watching, "", "", "green has no ready pod behind Service shop (NoReadyPods). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Watching/ManualLong":     {release.Watching, func(w *world) { w.manual(); w.ready(color.Green, 0); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/ManualJob":      {release.Watching, func(w *world) { w.manual(); w.job(release.StageWatch, "probe", "exit 1"); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/ManualSignal":   {release.Watching, func(w *world) { w.manual(); w.sample(0.5, 1000, ""); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/ManualSaid":     {release.Watching, func(w *world) { w.manual(); w.ready(color.Green, 0); w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Watching/MovedBack":      {release.Watching, func(w *world) { w.selects(color.Blue) }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Watching/MovedOne":       {release.Watching, func(w *world) { w.selects(color.Blue, "shop") }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Watching/Frozen":         {release.Watching, func(w *world) { w.Paused = true; w.pass(deep) }, want{release.Watching, "", "", "paused, or releases are frozen: only a rollback goes on", color.Green}},
		"Watching/FrozenBroken":   {release.Watching, func(w *world) { w.Paused = true; w.rest(t); w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/FrozenSignal":   {release.Watching, func(w *world) { w.Paused = true; w.rest(t); w.sample(0.5, 1000, "") }, want{release.Idle, release.RolledBack, "SignalFailed", "", color.Blue}},
		"Watching/FrozenJob":      {release.Watching, func(w *world) { w.Paused = true; w.rest(t); w.job(release.StageWatch, "probe", "exit 1") }, want{release.Idle, release.RolledBack, "JobFailed", "", color.Blue}},
		"Watching/FrozenDecision": {release.Watching, func(w *world) { w.Paused = true; w.rest(t); w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Watching/FrozenManual":   {release.Watching, func(w *world) { w.manual(); w.Paused = true; w.rest(t); w.sample(0.5, 1000, ""); w.pass(deep) }, want{release.Watching, "", "", "signal errors is 0.5, above 0.01 (SignalFailed). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Watching/OldIsSmall":     {release.Watching, func(w *world) { w.scale(color.Blue, 0); w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/BothDead":       {release.Watching, func(w *world) { w.ready(color.Blue, 0); w.ready(color.Green, 0) }, want{release.RollingBack, "", "NoReadyPods", "blue has no ready pod for Services shop, shop-grpc", color.Green}},
		"Watching/ChangedAfter":   {release.Watching, func(w *world) { w.deploy(color.Green, "1.5.1", 3) }, want{release.Watching, "", "", "check order is open", color.Green}},

		// Retiring.
		"Retiring/Waits":      {release.Retiring, func(*world) {}, want{release.Retiring, "", "", "blue stays until then, to go back to", color.Green}},
		"Retiring/Decision":   {release.Retiring, func(w *world) { w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Retiring/NoPods":     {release.Retiring, func(w *world) { w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Retiring/Manual":     {release.Retiring, func(w *world) { w.manual(); w.ready(color.Green, 0); w.pass(31 * time.Minute) }, want{release.Retiring, "", "", "green has no ready pod behind Service shop (NoReadyPods). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Retiring/ManualLong": {release.Retiring, func(w *world) { w.manual(); w.ready(color.Green, 0); w.pass(2 * time.Hour) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Retiring/StillUsed":  {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.Services[1].Serving[color.Blue] = 1 }, want{release.Retiring, "", "", "Service shop-grpc still has blue", color.Green}},
		"Retiring/UsedLong":   {release.Retiring, func(w *world) { w.pass(2 * time.Hour); w.Services[1].Serving[color.Blue] = 1 }, want{release.Idle, release.Succeeded, "Kept", "", color.Green}},
		"Retiring/Busy":       {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(&release.Sample{Value: 0.5}) }, want{release.Retiring, "", "", "its traffic is 0.5, not 0", color.Green}},
		"Retiring/Unknown":    {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(nil) }, want{release.Retiring, "", "", "its traffic is not measured yet", color.Green}},
		"Retiring/Quiet":      {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(&release.Sample{}) }, want{release.Idle, release.Succeeded, "Finished", "", color.Green}},
		"Retiring/Keep":       {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.State.Release.Spec.Retire.Keep = true }, want{release.Idle, release.Succeeded, "Kept", "", color.Green}},
		"Retiring/TooLate":    {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.step(); w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.Succeeded, "Finished", "", color.Green}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld().until(t, test.from)
			test.happen(w)
			plan := w.rest(t)
			assert.Equal(t, test.want.phase, w.State.Phase)
			var outcome release.Outcome
			var reason string
			if w.State.Release != nil {
				outcome, reason = w.State.Release.Outcome, w.State.Release.Reason
			}
			assert.Equal(t, test.want.outcome, outcome)
			assert.Equal(t, test.want.reason, reason)
			if test.want.waits != "" {
				assert.Equal(t, test.want.waits, plan.Message)
			}
			assert.Equal(t, test.want.live, w.Services[0].Color)
		})
	}
}

func unfit(why string) map[color.Color][]string { return map[color.Color][]string{color.Green: {why}} }

func (w *world) autoscaled(c color.Color) {
	w.change(c, func(d *release.Deployment) { d.Autoscaler = "shop" })
}

// job makes a job fail.
func (w *world) job(stage release.Stage, name, message string) {
	w.Jobs[release.JobKey{Stage: stage, Name: name}] = release.Job{Failed: true, Message: message}
}

func (w *world) sample(value, samples float64, trouble string) {
	w.Samples = map[string]release.Sample{"errors": {Value: value, Samples: samples, Trouble: trouble}}
}

func (w *world) manual() { w.State.Release.Spec.ManualRollback = true }

func (w *world) busy(sample *release.Sample) {
	w.State.Release.Spec.Retire.Evidence = true
	w.OldTraffic = sample
}

// half lets the hook pass and moves one Service of two.
func (w *world) half() {
	w.Jobs[release.JobKey{Stage: release.StageBefore, Name: "pause-consumers"}] = release.Job{Succeeded: true}
	w.step()
	w.selects(color.Green, "shop")
}

// TestAfterAnAbort: the same version does not begin again by itself, a person can say so.
func TestAfterAnAbort(t *testing.T) {
	w := newWorld().until(t, release.AwaitingDecision)
	w.decide(release.NoGo, "mia", "")
	w.rest(t)
	assert.Equal(t, release.Aborted, w.State.Release.Outcome)
	assert.Equal(t, []release.Act{release.Remove{Deployments: []string{"shop-green"}}}, w.acts[len(w.acts)-1:])

	w.deploy(color.Green, "1.5.0", 3)
	plan := w.rest(t)
	assert.Equal(t, release.Idle, w.State.Phase)
	assert.Equal(t, "blue is live with 1.4.0; 1.5.0 on green was there before: kubectl tealgate release shop begins one all the same", plan.Message)

	w.Requested = "again"
	w.Jobs = nil
	w.rest(t)
	w.pass(time.Second)
	w.rest(t)
	assert.Equal(t, release.Verifying, w.State.Phase)
	assert.Equal(t, "shop-2", w.State.Release.Name)
}

// TestLostStatus: what stands there is the baseline, and no name is given twice.
func TestLostStatus(t *testing.T) {
	w := newWorld().until(t, release.AwaitingDecision)
	w.State, w.Highest = release.State{}, 1
	w.rest(t)
	assert.Equal(t, release.Idle, w.State.Phase)
	w.deploy(color.Green, "1.5.1", 3)
	w.rest(t)
	assert.Equal(t, "shop-2", w.State.Release.Name)
}

// TestRetireOnce: what a GitOps robot sets again after it was retired stays.
func TestRetireOnce(t *testing.T) {
	w := newWorld().until(t, release.Retiring)
	w.pass(31 * time.Minute)
	require.True(t, w.step(), "the order is recorded")
	require.True(t, w.State.Release.Retired)
	w.scale(color.Blue, 0)
	w.scale(color.Blue, 3)
	before := len(w.acts)
	w.rest(t)
	assert.Equal(t, release.Idle, w.State.Phase)
	assert.Len(t, w.acts, before, "the order was spent")
}

// TestPauseStopsTheClock: a deadline is not used up while people have stopped the release.
func TestPauseStopsTheClock(t *testing.T) {
	w := newWorld().until(t, release.Verifying)
	w.Paused = true
	w.rest(t)
	w.pass(time.Hour)
	w.Paused = false
	w.rest(t)
	assert.Equal(t, release.Verifying, w.State.Phase)
	w.pass(11 * time.Minute)
	w.rest(t)
	assert.Equal(t, "VerifyDeadline", w.State.Release.Reason)
}

// TestFastest: whoever decides at once, when a release asks for it, is heard: nothing is asked
// in the second in which something was deployed, because Decisions have whole seconds.
func TestFastest(t *testing.T) {
	for _, fraction := range []time.Duration{0, time.Microsecond, 500 * time.Millisecond, time.Second - time.Microsecond} {
		w := newWorld()
		w.rest(t)
		w.pass(time.Minute + fraction)
		w.deploy(color.Green, "1.5.0", 3)
		asked := map[release.Phase]func(){
			release.Verifying:        func() { w.decide(release.Checked, "kim", "login") },
			release.AwaitingDecision: func() { w.decide(release.Go, "mia", "") },
			release.Watching:         func() { w.decide(release.Checked, "kim", "order") },
		}
		for range 100 {
			plan := w.rest(t)
			if decide := asked[w.State.Phase]; decide != nil {
				decide()
				delete(asked, w.State.Phase)
				continue
			}
			if w.State.Phase == release.Retiring {
				break
			}
			w.pass(plan.Wake.Sub(w.now))
		}
		assert.Equal(t, release.Retiring, w.State.Phase, fraction)
		assert.Empty(t, asked, fraction)
		assert.Empty(t, w.State.Release.Outcome, fraction)
	}
}
