package env

import _ "embed"

// What kwok makes of a pod follows from annotations of the pod, which may come
// from the template of a Deployment or from kubectl annotate, and may change at
// any time. The first of these that applies decides; without any the pod runs and
// is ready at once.
const (
	// AnnotationWaiting, with any reason such as "ImagePullBackOff" as its value,
	// keeps the containers waiting for that reason: the pod is Pending.
	AnnotationWaiting = "kwok.tealgate.dev/waiting"

	// AnnotationCrash, if "true", has the containers wait in CrashLoopBackOff
	// after one more restart: the pod is Running and not ready.
	AnnotationCrash = "kwok.tealgate.dev/crash"

	// AnnotationFail has the containers of a Job's pod end with 1, with its value as their
	// termination message.
	AnnotationFail = "kwok.tealgate.dev/fail"

	// AnnotationReady, if "false", lets the containers run but not become ready.
	AnnotationReady = "kwok.tealgate.dev/ready"
)

// stagesYAML tells kwok all of that.
//
//go:embed stages.yaml
var stagesYAML []byte
