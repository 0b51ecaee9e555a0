package release_test

import (
	"math"
	"time"

	"github.com/tealgate/tealgate/internal/color"
	"github.com/tealgate/tealgate/internal/release"
)

// fromSwitching: a hook runs.
func fromSwitching() map[string]row {
	return map[string]row{
		"Switching/Hook":           {release.Switching, func(*world) {}, want{release.Switching, "", "", "job pause-consumers has not succeeded yet", color.Blue}},
		"Switching/HookFailed":     {release.Switching, func(w *world) { w.job(release.StageBefore, "pause-consumers", "") }, want{release.Idle, release.Aborted, "HookFailed", "", color.Blue}},
		"Switching/NoGoLate":       {release.Switching, func(w *world) { w.decide(release.NoGo, "ann", "") }, want{release.Switching, "", "", "job pause-consumers has not succeeded yet", color.Blue}},
		"Switching/FewerNow":       {release.Switching, func(w *world) { w.hooked(); w.scale(color.Green, 2); w.ready(color.Blue, 2) }, want{release.Switching, "", "", "Service shop: green has 2 ready pods of 3; Service shop-grpc: green has 2 ready pods of 3", color.Blue}},
		"Switching/FewerLong":      {release.Switching, func(w *world) { w.hooked(); w.scale(color.Green, 2); w.ready(color.Blue, 2); w.pass(11 * time.Minute) }, want{release.Idle, release.Aborted, "SwitchDeadline", "", color.Blue}},
		"Switching/Rollback":       {release.Switching, func(w *world) { w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.Aborted, "Rollback", "", color.Blue}},
		"Switching/Deadline":       {release.Switching, func(w *world) { w.pass(11 * time.Minute) }, want{release.Idle, release.Aborted, "SwitchDeadline", "", color.Blue}},
		"Switching/Half":           {release.Switching, func(w *world) { w.half(); w.ready(color.Green, 2) }, want{release.Idle, release.RolledBack, "NotReady", "", color.Blue}},
		"Switching/HalfPaused":     {release.Switching, func(w *world) { w.half(); w.Paused = true }, want{release.Idle, release.RolledBack, "Paused", "", color.Blue}},
		"Switching/HalfManual":     {release.Switching, func(w *world) { w.manual(); w.half(); w.ready(color.Green, 0) }, want{release.Switching, "", "", "green has no ready pod behind Service shop (NoReadyPods). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Switching/HalfManualLong": {release.Switching, func(w *world) { w.manual(); w.half(); w.ready(color.Green, 0); w.pass(2 * time.Minute) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Switching/HalfOn":         {release.Switching, func(w *world) { w.half() }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Switching/Dropped":        {release.Switching, func(w *world) { w.half(); w.selects("", "shop-grpc") }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Switching/Moves":          {release.Switching, func(w *world) { w.hooked() }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Switching/HookStarts":     {release.Switching, func(w *world) { w.Jobs = nil }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Switching/NotReady":       {release.Switching, func(w *world) { w.hooked(); w.ready(color.Green, 2) }, want{release.Switching, "", "", "Service shop: green has 2 ready pods, blue serves with 3; Service shop-grpc: green has 2 ready pods, blue serves with 3", color.Blue}},
		"Switching/ShortBefore":    {release.Switching, func(w *world) { w.hooked(); w.step(); w.ready(color.Green, 2) }, want{release.Switching, "", "", "Service shop: green has 2 ready pods, blue serves with 3; Service shop-grpc: green has 2 ready pods, blue serves with 3", color.Blue}},
		"Switching/PausedBefore":   {release.Switching, func(w *world) { w.hooked(); w.step(); w.Paused = true }, want{release.Switching, "", "", "paused, or releases are frozen: only a rollback goes on", color.Blue}},
		"Switching/Resumed": {release.Switching, func(w *world) {
			w.hooked()
			w.step()
			w.Paused = true
			w.rests()
			w.pass(time.Hour)
			w.Paused = false
		}, want{release.Watching, "", "", "check order is open", color.Green}},
		"Switching/DeployedAgain": {release.Switching, func(w *world) { w.deploy(color.Green, "1.5.1", 3); w.Jobs = nil }, want{release.Deploying, "", "", "green has just been deployed: Decisions count from the next second on", color.Blue}},
		"Switching/Deleted":       {release.Switching, func(w *world) { w.remove(color.Green) }, want{release.Idle, release.Aborted, "Deleted", "", color.Blue}},
		"Switching/MovedByHand":   {release.Switching, func(w *world) { w.selects(color.Green) }, want{release.Idle, release.Superseded, "MovedByHand", "", color.Green}},
		"Switching/HalfDecision":  {release.Switching, func(w *world) { w.half(); w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Switching/HalfLateNoGo":  {release.Switching, func(w *world) { w.half(); w.decide(release.NoGo, "ann", ""); w.decide(release.Rollback, "mia", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Switching/HalfDead":      {release.Switching, func(w *world) { w.half(); w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Switching/HalfCrash":     {release.Switching, func(w *world) { w.half(); w.crashes() }, want{release.Idle, release.RolledBack, "CrashLoop", "", color.Blue}},
		"Switching/HalfRestarts":  {release.Switching, func(w *world) { w.half(); w.restarts() }, want{release.Idle, release.RolledBack, "Restarts", "", color.Blue}},
		"Switching/HalfLong":      {release.Switching, func(w *world) { w.half(); w.pass(2 * time.Minute) }, want{release.Idle, release.RolledBack, "SwitchDeadline", "", color.Blue}},
		"Switching/SlicesFollow":  {release.Switching, func(w *world) { w.hooked(); w.astray = 1 }, want{release.Switching, "", "", "the slices of Service shop-grpc hold 3 of green and 1 others", color.Green}},
		"Switching/SlicesNever": {release.Switching, func(w *world) {
			w.hooked()
			w.astray = 1
			w.rests()
			w.pass(2 * time.Minute)
			w.rests()
			w.astray = 0
			w.settle()
		}, want{release.Idle, release.RolledBack, "EndpointsDeadline", "", color.Blue}},
	}
}

// fromWatching: one check is open.
func fromWatching() map[string]row {
	return map[string]row{
		"Watching/Well":                 {release.Watching, func(*world) {}, want{release.Watching, "", "", "check order is open", color.Green}},
		"Watching/SignalFails":          {release.Watching, func(w *world) { w.sample(0.02, 1000, "") }, want{release.Idle, release.RolledBack, "SignalFailed", "", color.Blue}},
		"Watching/SignalRises":          {release.Watching, func(w *world) { w.sample(0.0013, 1000, "") }, want{release.Idle, release.RolledBack, "SignalFailed", "", color.Blue}},
		"Watching/NoData":               {release.Watching, func(w *world) { w.sample(0, 0, "no data"); w.pass(time.Hour) }, want{release.Watching, "", "", "the watch is over, but check order is open; signal errors: no data", color.Green}},
		"Watching/FewSamples":           {release.Watching, func(w *world) { w.sample(1, 3, "") }, want{release.Watching, "", "", "check order is open; signal errors: 3 of 100 samples", color.Green}},
		"Watching/NoDataForEver":        {release.Watching, func(w *world) { w.sample(0, 0, "no data"); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/Decision":             {release.Watching, func(w *world) { w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Watching/LateNoGoThenRollback": {release.Watching, func(w *world) { w.decide(release.NoGo, "ann", ""); w.decide(release.Rollback, "mia", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Watching/Crowded":              {release.Watching, func(w *world) { w.Crowded = true; w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/NoPods":               {release.Watching, func(w *world) { w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/Deleted":              {release.Watching, func(w *world) { w.remove(color.Green) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/CrashLoop": {release.Watching, func(w *world) {
			w.change(color.Green, func(d *release.Deployment) { d.Crashing = []string{"shop-green-1"} })
		}, want{release.Idle, release.RolledBack, "CrashLoop", "", color.Blue}},
		"Watching/Restarts": {release.Watching, func(w *world) { w.change(color.Green, func(d *release.Deployment) { d.Restarts = 3 }) }, want{release.Idle, release.RolledBack, "Restarts", "", color.Blue}},
		"Watching/OneLess":  {release.Watching, func(w *world) { w.ready(color.Green, 2) }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Watching/RestartsAfterRevised": {release.Watching, func(w *world) {
			w.State.Release.Restarts = map[string]int32{"shop-green": 2}
			w.deploy(color.Green, "1.5.1", 3)
			w.rests()
			w.restarts()
		}, want{release.Idle, release.RolledBack, "Restarts", "", color.Blue}},
		"Watching/HookFailed":     {release.Watching, func(w *world) { w.job(release.StageAfter, "resume-consumers", "exit 1") }, want{release.Idle, release.RolledBack, "JobFailed", "", color.Blue}},
		"Watching/Manual":         {release.Watching, func(w *world) { w.manual(); w.ready(color.Green, 0) }, want{release.Watching, "", "", "green has no ready pod behind Service shop (NoReadyPods). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Watching/ManualLong":     {release.Watching, func(w *world) { w.manual(); w.ready(color.Green, 0); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/ManualJob":      {release.Watching, func(w *world) { w.manual(); w.job(release.StageWatch, "probe", "exit 1"); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/ManualSignal":   {release.Watching, func(w *world) { w.manual(); w.sample(0.5, 1000, ""); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Watching/ManualSaid":     {release.Watching, func(w *world) { w.manual(); w.ready(color.Green, 0); w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Watching/MovedBack":      {release.Watching, func(w *world) { w.selects(color.Blue) }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Watching/MovedOne":       {release.Watching, func(w *world) { w.selects(color.Blue, "shop") }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Watching/Frozen":         {release.Watching, func(w *world) { w.Paused = true; w.pass(deep) }, want{release.Watching, "", "", "paused, or releases are frozen: only a rollback goes on", color.Green}},
		"Watching/FrozenBroken":   {release.Watching, func(w *world) { w.Paused = true; w.rests(); w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/FrozenSignal":   {release.Watching, func(w *world) { w.Paused = true; w.rests(); w.sample(0.5, 1000, "") }, want{release.Idle, release.RolledBack, "SignalFailed", "", color.Blue}},
		"Watching/FrozenJob":      {release.Watching, func(w *world) { w.Paused = true; w.rests(); w.job(release.StageWatch, "probe", "exit 1") }, want{release.Idle, release.RolledBack, "JobFailed", "", color.Blue}},
		"Watching/FrozenDecision": {release.Watching, func(w *world) { w.Paused = true; w.rests(); w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Watching/FrozenManual":   {release.Watching, func(w *world) { w.manual(); w.Paused = true; w.rests(); w.sample(0.5, 1000, ""); w.pass(deep) }, want{release.Watching, "", "", "signal errors is 0.5, above 0.01 (SignalFailed). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Watching/OldIsSmall":     {release.Watching, func(w *world) { w.scale(color.Blue, 0); w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Watching/BothDead":       {release.Watching, func(w *world) { w.ready(color.Blue, 0); w.ready(color.Green, 0) }, want{release.RollingBack, "", "NoReadyPods", "blue has no ready pod for Services shop, shop-grpc", color.Green}},
		"Watching/ChangedAfter":   {release.Watching, func(w *world) { w.deploy(color.Green, "1.5.1", 3) }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Watching/Passed":         {release.Watching, func(w *world) { w.pass(15 * time.Minute); w.decide(release.Checked, "kim", "order") }, want{release.Retiring, "", "", "blue stays until then, to go back to", color.Green}},
		"Watching/JobFailed":      {release.Watching, func(w *world) { w.job(release.StageWatch, "probe", "exit 1") }, want{release.Idle, release.RolledBack, "JobFailed", "", color.Blue}},
		"Watching/JobRuns":        {release.Watching, func(w *world) { w.Jobs[probe] = release.Job{} }, want{release.Watching, "", "", "job probe has not succeeded yet; check order is open", color.Green}},
		"Watching/JobStarts":      {release.Watching, func(w *world) { delete(w.Jobs, probe) }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Watching/PreviewAstray":  {release.Watching, func(w *world) { w.shows(color.Green) }, want{release.Watching, "", "", "check order is open", color.Green}},
		"Watching/Dropped":        {release.Watching, func(w *world) { w.selects("") }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Watching/ManualLongDead": {release.Watching, func(w *world) { w.manual(); w.ready(color.Green, 0); w.pass(deep) }, want{release.Idle, release.Aborted, "NotProven", "green is live with 1.5.0 and has no ready pod for Services shop, shop-grpc, and blue has: kubectl tealgate release shop brings its 1.4.0 live", color.Green}},
		"Watching/Resumed":        {release.Watching, func(w *world) { w.Paused = true; w.rests(); w.pass(deep); w.Paused = false }, want{release.Watching, "", "", "check order is open", color.Green}},
	}
}

// fromRetiring: blue may still be needed.
func fromRetiring() map[string]row {
	return map[string]row{
		"Retiring/Waits":                {release.Retiring, func(*world) {}, want{release.Retiring, "", "", "blue stays until then, to go back to", color.Green}},
		"Retiring/Decision":             {release.Retiring, func(w *world) { w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Retiring/LateNoGoThenRollback": {release.Retiring, func(w *world) { w.decide(release.NoGo, "ann", ""); w.decide(release.Rollback, "mia", "") }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"Retiring/NoPods":               {release.Retiring, func(w *world) { w.ready(color.Green, 0) }, want{release.Idle, release.RolledBack, "NoReadyPods", "", color.Blue}},
		"Retiring/Manual":               {release.Retiring, func(w *world) { w.manual(); w.ready(color.Green, 0); w.pass(31 * time.Minute) }, want{release.Retiring, "", "", "green has no ready pod behind Service shop (NoReadyPods). Rollback is manual: kubectl tealgate rollback shop", color.Green}},
		"Retiring/ManualLong":           {release.Retiring, func(w *world) { w.manual(); w.ready(color.Green, 0); w.pass(2 * time.Hour) }, want{release.Idle, release.Aborted, "NotProven", "", color.Green}},
		"Retiring/StillUsed":            {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.Services[1].Serving[color.Blue] = 1 }, want{release.Retiring, "", "", "Service shop-grpc still has blue", color.Green}},
		"Retiring/UsedLong":             {release.Retiring, func(w *world) { w.pass(2 * time.Hour); w.Services[1].Serving[color.Blue] = 1 }, want{release.Idle, release.Succeeded, "Kept", "", color.Green}},
		"Retiring/Busy":                 {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(&release.Sample{Value: 0.5}) }, want{release.Retiring, "", "", "its traffic is 0.5, not 0", color.Green}},
		"Retiring/Unknown":              {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(nil) }, want{release.Retiring, "", "", "its traffic is not measured yet", color.Green}},
		"Retiring/Quiet":                {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(&release.Sample{}) }, want{release.Idle, release.Succeeded, "Finished", "", color.Green}},
		"Retiring/Keep":                 {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.State.Release.Spec.Retire.Keep = true }, want{release.Idle, release.Succeeded, "Kept", "", color.Green}},
		"Retiring/TooLate":              {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.step(); w.decide(release.Rollback, "ann", "") }, want{release.Idle, release.Succeeded, "Finished", "", color.Green}},
		"Retiring/Crash":                {release.Retiring, func(w *world) { w.crashes() }, want{release.Idle, release.RolledBack, "CrashLoop", "", color.Blue}},
		"Retiring/Restarts":             {release.Retiring, func(w *world) { w.restarts() }, want{release.Retiring, "", "", "blue stays until then, to go back to", color.Green}},
		"Retiring/NaN":                  {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(&release.Sample{Value: math.NaN()}) }, want{release.Retiring, "", "", "its traffic is NaN, not 0", color.Green}},
		"Retiring/DeployedAfterOrder":   {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.step(); w.deploy(color.Blue, "1.7.0", 3) }, want{release.Deploying, "", "", "blue has just been deployed: Decisions count from the next second on", color.Green}},
		"Retiring/ScaledAfterOrder":     {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.step(); w.scale(color.Blue, 2) }, want{release.Idle, release.Succeeded, "Kept", "green is live with 1.5.0; 1.4.0 on blue was there before: kubectl tealgate release shop begins one all the same", color.Green}},
		"Retiring/MovedBack":            {release.Retiring, func(w *world) { w.selects(color.Blue) }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Retiring/MovedOne":             {release.Retiring, func(w *world) { w.selects(color.Blue, "shop") }, want{release.Idle, release.RolledBack, "MovedByHand", "", color.Blue}},
		"Retiring/PreviewAstray":        {release.Retiring, func(w *world) { w.shows(color.Green) }, want{release.Retiring, "", "", "blue stays until then, to go back to", color.Green}},
		"Retiring/Finished":             {release.Retiring, func(w *world) { w.pass(31 * time.Minute) }, want{release.Idle, release.Succeeded, "Finished", "green is live with 1.5.0; 1.4.0 on blue was there before: kubectl tealgate release shop begins one all the same", color.Green}},
		"Retiring/Delete":               {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.State.Release.Spec.Retire.Delete = true }, want{release.Idle, release.Succeeded, "Finished", "green is live with 1.5.0; deploy to blue to begin a release", color.Green}},
		"Retiring/FinishedBack":         {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.rests(); w.deploy(color.Blue, "1.4.0", 3) }, want{release.Idle, release.Succeeded, "Finished", "green is live with 1.5.0; 1.4.0 on blue was there before: kubectl tealgate release shop begins one all the same", color.Green}},
		"Retiring/DeleteBack": {release.Retiring, func(w *world) {
			w.pass(31 * time.Minute)
			w.State.Release.Spec.Retire.Delete = true
			w.rests()
			w.deploy(color.Blue, "1.4.0", 3)
		}, want{release.Deploying, "", "", "blue has just been deployed: Decisions count from the next second on", color.Green}},
		"Retiring/DeletedByHand": {release.Retiring, func(w *world) { w.remove(color.Blue); w.pass(31 * time.Minute) }, want{release.Idle, release.Succeeded, "Finished", "green is live with 1.5.0; deploy to blue to begin a release", color.Green}},
		"Retiring/UnknownLong":   {release.Retiring, func(w *world) { w.pass(2 * time.Hour); w.busy(nil) }, want{release.Idle, release.Succeeded, "Kept", "", color.Green}},
		"Retiring/Unmeasurable":  {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.busy(&release.Sample{Trouble: "no data"}) }, want{release.Retiring, "", "", "its traffic is not known: no data", color.Green}},
		"Retiring/NotScaled":     {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.step(); w.pass(2 * time.Hour) }, want{release.Idle, release.Succeeded, "Kept", "", color.Green}},
		"Retiring/DiesTooLate":   {release.Retiring, func(w *world) { w.pass(31 * time.Minute); w.step(); w.ready(color.Green, 0) }, want{release.Idle, release.Succeeded, "Kept", "green is live with 1.5.0 and has no ready pod for Services shop, shop-grpc, and blue has: kubectl tealgate release shop brings its 1.4.0 live", color.Green}},
		"Retiring/Paused":        {release.Retiring, func(w *world) { w.Paused = true; w.pass(time.Hour) }, want{release.Retiring, "", "", "paused, or releases are frozen: only a rollback goes on", color.Green}},
		"Retiring/Resumed":       {release.Retiring, func(w *world) { w.Paused = true; w.rests(); w.pass(time.Hour); w.Paused = false }, want{release.Retiring, "", "", "blue stays until then, to go back to", color.Green}},
	}
}

// fromRollingBack: a person has said so, and no pod of blue is ready.
func fromRollingBack() map[string]row {
	return map[string]row{
		"RollingBack/Waits":        {release.RollingBack, func(*world) {}, want{release.RollingBack, "", "Decision", "blue has no ready pod for Services shop, shop-grpc", color.Green}},
		"RollingBack/Comes":        {release.RollingBack, func(w *world) { w.ready(color.Blue, 1) }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"RollingBack/Scaled":       {release.RollingBack, func(w *world) { w.scale(color.Blue, 0) }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"RollingBack/GreenComes":   {release.RollingBack, func(w *world) { w.ready(color.Green, 3) }, want{release.RollingBack, "", "Decision", "blue has no ready pod for Services shop, shop-grpc", color.Green}},
		"RollingBack/GreenGone":    {release.RollingBack, func(w *world) { w.remove(color.Green) }, want{release.RollingBack, "", "Decision", "blue has no ready pod for Services shop, shop-grpc", color.Green}},
		"RollingBack/MovedByHand":  {release.RollingBack, func(w *world) { w.selects(color.Blue) }, want{release.RollingBack, "", "Decision", "the slices of Service shop hold 0 of blue and 0 others", color.Blue}},
		"RollingBack/Late":         {release.RollingBack, func(w *world) { w.pass(11 * time.Minute) }, want{release.RollingBack, "", "Decision", "not rolled back after 10m0s: blue has no ready pod for Services shop, shop-grpc. Repair blue, or deploy to it: the traffic goes back as soon as it has one", color.Green}},
		"RollingBack/LateComes":    {release.RollingBack, func(w *world) { w.pass(11 * time.Minute); w.rests(); w.ready(color.Blue, 1) }, want{release.Idle, release.RolledBack, "Decision", "", color.Blue}},
		"RollingBack/LateRepaired": {release.RollingBack, func(w *world) { w.pass(11 * time.Minute); w.rests(); w.deploy(color.Blue, "1.4.1", 3) }, want{release.Idle, release.RolledBack, "Decision", "blue is live with 1.4.1; 1.5.0 on green was there before: kubectl tealgate release shop begins one all the same", color.Blue}},
		"RollingBack/LateSlices":   {release.RollingBack, func(w *world) { w.astray = 1; w.ready(color.Blue, 3); w.rests(); w.pass(11 * time.Minute) }, want{release.RollingBack, "", "Decision", "not rolled back after 10m0s: the slices of Service shop-grpc hold 3 of blue and 1 others. Take out of the slices what is not blue: kubectl -n shop get endpointslices", color.Blue}},
		"RollingBack/Never":        {release.RollingBack, func(w *world) { w.pass(deep) }, want{release.Idle, release.Aborted, "RollbackDeadline", "green is live with 1.5.0; 1.4.0 on blue was there before: kubectl tealgate release shop begins one all the same", color.Green}},
		"RollingBack/NeverDead":    {release.RollingBack, func(w *world) { w.ready(color.Green, 0); w.pass(deep) }, want{release.Idle, release.Aborted, "RollbackDeadline", "green is live with 1.5.0 and has no ready pod for Services shop, shop-grpc, and neither has blue: repair green, or deploy to blue to begin a release", color.Green}},
		"RollingBack/NeverAndOld":  {release.RollingBack, func(w *world) { w.ready(color.Green, 0); w.pass(deep); w.rests(); w.ready(color.Blue, 1) }, want{release.Idle, release.Aborted, "RollbackDeadline", "green is live with 1.5.0 and has no ready pod for Services shop, shop-grpc, and blue has: kubectl tealgate release shop brings its 1.4.0 live", color.Green}},
		"RollingBack/NotMoved":     {release.RollingBack, func(w *world) { w.ready(color.Blue, 3); w.pass(deep) }, want{release.Idle, release.Aborted, "RollbackDeadline", "", color.Green}},
		"RollingBack/InPart":       {release.RollingBack, func(w *world) { w.Services[0].Ready[color.Blue] = 1; w.rests(); w.pass(deep) }, want{release.Idle, release.Aborted, "RollbackDeadline", "Service shop selects blue, Service shop-grpc selects green", color.Blue}},
		"RollingBack/Paused":       {release.RollingBack, func(w *world) { w.Paused = true; w.rests(); w.ready(color.Blue, 1) }, want{release.Idle, release.RolledBack, "Decision", "paused, or releases are frozen: only a rollback goes on", color.Blue}},
		"RollingBack/Resumed":      {release.RollingBack, func(w *world) { w.Paused = true; w.rests(); w.pass(time.Hour); w.Paused = false }, want{release.RollingBack, "", "Decision", "blue has no ready pod for Services shop, shop-grpc", color.Green}},
	}
}
