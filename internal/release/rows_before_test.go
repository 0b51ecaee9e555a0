package release_test

import (
	"time"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

// fromNew: nobody has looked at it, or its status is lost or of another version.
func fromNew() map[string]row {
	return map[string]row{
		"New/Observed":      {"", func(*world) {}, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"New/NoColor":       {"", func(w *world) { w.selects("") }, want{"", "", "", "Service shop selects no color, Service shop-grpc selects no color", ""}},
		"New/NoService":     {"", func(w *world) { w.Services = nil }, want{"", "", "", "there is no Service", ""}},
		"New/LostRelease":   {"", func(w *world) { w.State.Phase = release.Watching }, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"New/UnknownPhase":  {release.Watching, func(w *world) { w.State.Phase = "Baking" }, want{"Baking", "", "", "status.phase is \"Baking\", which this version of tealgate does not know", color.Green}},
		"New/UnknownPaused": {release.Watching, func(w *world) { w.State.Phase = "Baking"; w.Paused = true; w.rests(); w.Paused = false }, want{"Baking", "", "", "status.phase is \"Baking\", which this version of tealgate does not know", color.Green}},
	}
}

// fromIdle: no release is on its way.
func fromIdle() map[string]row {
	return map[string]row{
		"Idle/Nothing":          {release.Idle, func(*world) {}, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"Idle/SameVersion":      {release.Idle, func(w *world) { w.deploy(color.Green, "1.4.0", 3) }, want{release.Idle, "", "", "blue is live with 1.4.0; green has the same version", color.Blue}},
		"Idle/Unlabelled":       {release.Idle, func(w *world) { w.deploy(color.Green, "", 3) }, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"Idle/RequestedSame":    {release.Idle, func(w *world) { w.deploy(color.Green, "1.4.0", 3); w.Requested = "1" }, want{release.Deploying, "", "", "green has just been deployed: Decisions count from the next second on", color.Blue}},
		"Idle/RequestedNothing": {release.Idle, func(w *world) { w.Requested = "1" }, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"Idle/MovedByHand":      {release.Idle, func(w *world) { w.deploy(color.Green, "1.4.0", 3); w.selects(color.Green) }, want{release.Idle, "", "", "green is live with 1.4.0; blue has the same version", color.Green}},
		"Idle/Split":            {release.Idle, func(w *world) { w.selects(color.Green, "shop-grpc") }, want{release.Idle, "", "", "Service shop selects blue, Service shop-grpc selects green", color.Blue}},
		"Idle/Paused":           {release.Idle, func(w *world) { w.Paused = true; w.deploy(color.Green, "1.5.0", 3) }, want{release.Idle, "", "", "paused, or releases are frozen: only a rollback goes on", color.Blue}},
		"Idle/InPlace":          {release.Idle, func(w *world) { w.deploy(color.Blue, "1.4.1", 3) }, want{release.Idle, "", "", "blue is live with 1.4.1; deploy to green to begin a release", color.Blue}},
		"Idle/NoService":        {release.Idle, func(w *world) { w.Services = nil }, want{release.Idle, "", "", "there is no Service", ""}},
		"Idle/Resumed":          {release.Idle, func(w *world) { w.Paused = true; w.rests(); w.deploy(color.Green, "1.5.0", 3); w.Paused = false }, want{release.Deploying, "", "", "green has just been deployed: Decisions count from the next second on", color.Blue}},
		"Idle/PreviewAstray":    {release.Idle, func(w *world) { w.shows(color.Blue) }, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
		"Idle/Dead":             {release.Idle, func(w *world) { w.ready(color.Blue, 0) }, want{release.Idle, "", "", "blue is live with 1.4.0 and has no ready pod for Services shop, shop-grpc, and neither has green: repair blue, or deploy to green to begin a release", color.Blue}},
		"Idle/DeadBeside":       {release.Idle, func(w *world) { w.deploy(color.Green, "1.4.0", 3); w.ready(color.Blue, 0) }, want{release.Idle, "", "", "blue is live with 1.4.0 and has no ready pod for Services shop, shop-grpc, and green has: kubectl tealgate release shop brings its 1.4.0 live", color.Blue}},
		"Idle/DeadAndNew":       {release.Idle, func(w *world) { w.ready(color.Blue, 0); w.deploy(color.Green, "1.5.0", 1) }, want{release.Deploying, "", "", "green has just been deployed: Decisions count from the next second on", color.Blue}},
		"Idle/DeadAndBack":      {release.Idle, func(w *world) { w.ready(color.Blue, 0); w.rests(); w.ready(color.Blue, 1) }, want{release.Idle, "", "", "blue is live with 1.4.0; deploy to green to begin a release", color.Blue}},
	}
}

// fromDeploying: green is not complete.
func fromDeploying() map[string]row {
	return map[string]row{
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
		"Deploying/Incomplete": {release.Deploying, func(w *world) {
			w.change(color.Green, func(d *release.Deployment) { d.Ready, d.Incomplete = 3, "1 old pods are still there" })
		}, want{release.Deploying, "", "", "shop-green: 1 old pods are still there", color.Blue}},
		"Deploying/Rollback":       {release.Deploying, func(w *world) { w.decide(release.Rollback, "mia", "") }, want{release.Idle, release.Aborted, "Rollback", "", color.Blue}},
		"Deploying/ServiceDropped": {release.Deploying, func(w *world) { w.selects("", "shop"); w.ready(color.Green, 3) }, want{release.Deploying, "", "", "Service shop selects no color, not blue", ""}},
		"Deploying/Resumed":        {release.Deploying, func(w *world) { w.Paused = true; w.rests(); w.pass(time.Hour); w.Paused = false }, want{release.Deploying, "", "", "Service shop: green has 1 ready pod, blue serves with 3; Service shop-grpc: green has 1 ready pod, blue serves with 3", color.Blue}},
	}
}

// fromVerifying: one check is open.
func fromVerifying() map[string]row {
	return map[string]row{
		"Verifying/Open":           {release.Verifying, func(*world) {}, want{release.Verifying, "", "", "check login is open", color.Blue}},
		"Verifying/JobFailed":      {release.Verifying, func(w *world) { w.job(release.StageVerify, "smoke", "exit 1: login is down") }, want{release.Idle, release.Aborted, "VerificationFailed", "", color.Blue}},
		"Verifying/Deadline":       {release.Verifying, func(w *world) { w.pass(11 * time.Minute) }, want{release.Idle, release.Aborted, "VerifyDeadline", "", color.Blue}},
		"Verifying/NoGo":           {release.Verifying, func(w *world) { w.decide(release.NoGo, "mia", "") }, want{release.Idle, release.Aborted, "NoGo", "", color.Blue}},
		"Verifying/DeployedAgain":  {release.Verifying, func(w *world) { w.deploy(color.Green, "1.5.1", 3); w.ready(color.Green, 0) }, want{release.Deploying, "", "", "Service shop: green has 0 ready pods, blue serves with 3; Service shop-grpc: green has 0 ready pods, blue serves with 3", color.Blue}},
		"Verifying/CheckedByOther": {release.Verifying, func(w *world) { w.decide(release.Checked, "kim", "logout") }, want{release.Verifying, "", "", "check login is open", color.Blue}},
		"Verifying/NotReady":       {release.Verifying, func(w *world) { w.ready(color.Green, 2) }, want{release.Verifying, "", "", "Service shop: green has 2 ready pods, blue serves with 3; Service shop-grpc: green has 2 ready pods, blue serves with 3", color.Blue}},
		"Verifying/NoPreview":      {release.Verifying, func(w *world) { w.Services[0].Preview.Missing = true }, want{release.Verifying, "", "", "there is no preview Service shop-preview", color.Blue}},
		"Verifying/PreviewBehind":  {release.Verifying, func(w *world) { w.Services[0].Preview.Serving[color.Green] = 0 }, want{release.Verifying, "", "", "preview Service shop-preview does not show green yet", color.Blue}},
		"Verifying/PreviewAstray":  {release.Verifying, func(w *world) { w.shows(color.Blue) }, want{release.Verifying, "", "", "check login is open", color.Blue}},
		"Verifying/JobRuns":        {release.Verifying, func(w *world) { w.Jobs[smoke] = release.Job{} }, want{release.Verifying, "", "", "job smoke has not succeeded yet; check login is open", color.Blue}},
		"Verifying/Deleted":        {release.Verifying, func(w *world) { w.remove(color.Green) }, want{release.Idle, release.Aborted, "Deleted", "", color.Blue}},
		"Verifying/MovedByHand":    {release.Verifying, func(w *world) { w.selects(color.Green) }, want{release.Idle, release.Superseded, "MovedByHand", "", color.Green}},
		"Verifying/Rollback":       {release.Verifying, func(w *world) { w.decide(release.Rollback, "mia", "") }, want{release.Idle, release.Aborted, "Rollback", "", color.Blue}},
		"Verifying/Checked":        {release.Verifying, func(w *world) { w.pass(1); w.decide(release.Checked, "kim", "login") }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1", color.Blue}},
		"Verifying/Resumed":        {release.Verifying, func(w *world) { w.Paused = true; w.rests(); w.pass(time.Hour); w.Paused = false }, want{release.Verifying, "", "", "check login is open", color.Blue}},
	}
}

// fromAwaiting: nobody has decided.
func fromAwaiting() map[string]row {
	return map[string]row{
		"Awaiting/Nobody":         {release.AwaitingDecision, func(*world) {}, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1", color.Blue}},
		"Awaiting/Deployer":       {release.AwaitingDecision, func(w *world) { w.pass(1); w.decide(release.Go, "lee", "") }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; that of lee does not count: who deployed may not decide", color.Blue}},
		"Awaiting/ServiceAccount": {release.AwaitingDecision, func(w *world) { w.pass(1); w.decide(release.Go, "system:serviceaccount:shop:ci", "") }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; that of system:serviceaccount:shop:ci does not count: a ServiceAccount of this namespace may not decide", color.Blue}},
		"Awaiting/GoForAnother":   {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.Decisions[len(w.Decisions)-1].Release = "shop-2" }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1", color.Blue}},
		"Awaiting/TooOld":         {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.Decisions[len(w.Decisions)-1].At = start }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1; that of mia does not count: it is older than what it is about", color.Blue}},
		"Awaiting/NoGoBeatsGo":    {release.AwaitingDecision, func(w *world) { w.decide(release.Go, "mia", ""); w.decide(release.NoGo, "ann", "") }, want{release.Idle, release.Aborted, "NoGo", "", color.Blue}},
		"Awaiting/NoGoAndDeployed": {release.AwaitingDecision, func(w *world) {
			w.Paused = true
			w.rests()
			w.decide(release.NoGo, "ann", "")
			w.deploy(color.Green, "1.6.0", 3)
			w.Paused = false
		}, want{release.Deploying, "", "", "green has just been deployed: Decisions count from the next second on", color.Blue}},
		"Awaiting/NoGoAndDeployedSame": {release.AwaitingDecision, func(w *world) {
			w.decide(release.NoGo, "ann", "")
			w.change(color.Green, func(d *release.Deployment) { d.Revision = "hash-other" })
		}, want{release.Idle, release.Aborted, "NoGo", "blue is live with 1.4.0; 1.5.0 on green was there before: kubectl tealgate release shop begins one all the same", color.Blue}},
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
		"Awaiting/Go":        {release.AwaitingDecision, func(w *world) { w.pass(1); w.decide(release.Go, "mia", "") }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Awaiting/Automatic": {release.AwaitingDecision, func(w *world) { w.State.Release.Spec.Approval.Automatic = true }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Awaiting/NotFitForEver": {release.AwaitingDecision, func(w *world) {
			w.pass(23 * time.Hour)
			w.decide(release.Go, "mia", "")
			w.ready(color.Green, 2)
			w.pass(2 * time.Hour)
		}, want{release.Idle, release.Aborted, "NotReady", "", color.Blue}},
		"Awaiting/Rollback":        {release.AwaitingDecision, func(w *world) { w.decide(release.Rollback, "mia", "") }, want{release.Idle, release.Aborted, "Rollback", "", color.Blue}},
		"Awaiting/Deleted":         {release.AwaitingDecision, func(w *world) { w.remove(color.Green) }, want{release.Idle, release.Aborted, "Deleted", "", color.Blue}},
		"Awaiting/MovedByHand":     {release.AwaitingDecision, func(w *world) { w.selects(color.Green) }, want{release.Idle, release.Superseded, "MovedByHand", "", color.Green}},
		"Awaiting/NoGoAndBlueDead": {release.AwaitingDecision, func(w *world) { w.ready(color.Blue, 0); w.decide(release.NoGo, "mia", "") }, want{release.Idle, release.Aborted, "NoGo", "blue is live with 1.4.0 and has no ready pod for Services shop, shop-grpc, and green has: kubectl tealgate release shop brings its 1.5.0 live", color.Blue}},
		"Awaiting/Paused":          {release.AwaitingDecision, func(w *world) { w.Paused = true; w.decide(release.Go, "mia", "") }, want{release.AwaitingDecision, "", "", "paused, or releases are frozen: only a rollback goes on", color.Blue}},
		"Awaiting/Resumed":         {release.AwaitingDecision, func(w *world) { w.Paused = true; w.rests(); w.pass(deep); w.Paused = false }, want{release.AwaitingDecision, "", "", "0 of 1 Go for shop-1", color.Blue}},
	}
}
