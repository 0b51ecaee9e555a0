// Command check measures `kubectl tealgate check` on folders of 1,000 and of 2,000
// manifests: processor time on one core, the largest memory, and how the time grows. It
// prints; it judges nothing, because machines are shared and noisy.
//
//	go run ./test/bench/check
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// rounds are interleaved, and the best of each size counts: noise only adds.
const rounds = 3

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/check:", err)
		os.Exit(1)
	}
}

func run() error {
	dir, err := os.MkdirTemp("", "tealgate-bench-check-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	binary := filepath.Join(dir, "kubectl-tealgate")
	build := exec.Command("go", "build", "-o", binary, "github.com/tealgate/tealgate/cmd/kubectl-tealgate")
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, output)
	}
	sizes := []int{1000, 2000}
	measured := map[int][]measurement{}
	for _, size := range sizes {
		if err := write(filepath.Join(dir, fmt.Sprint(size)), size); err != nil {
			return err
		}
	}
	for range rounds {
		for _, size := range sizes {
			m, err := measure(binary, filepath.Join(dir, fmt.Sprint(size)))
			if err != nil {
				return err
			}
			measured[size] = append(measured[size], m)
		}
	}
	fmt.Println("manifests  time on one core  largest memory")
	best := map[int]measurement{}
	for _, size := range sizes {
		best[size] = slices.MinFunc(measured[size], func(a, b measurement) int { return int(a.took - b.took) })
		fmt.Printf("%9d  %14.2fs  %11d MB\n", size, best[size].took.Seconds(), best[size].rss>>20)
	}
	fmt.Printf("twice the manifests take %.2f times the time\n", best[sizes[1]].took.Seconds()/best[sizes[0]].took.Seconds())
	return nil
}

type measurement struct {
	took time.Duration
	// rss is in bytes.
	rss int64
}

// measure runs one check. GOMAXPROCS=1 is what one core is to a Go program.
func measure(binary, dir string) (measurement, error) {
	check := exec.Command(binary, "check", "-f", dir, "-o", "json")
	check.Env = append(os.Environ(), "GOMAXPROCS=1")
	var stderr bytes.Buffer
	check.Stderr = &stderr
	err := check.Run()
	if exit := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return measurement{}, fmt.Errorf("%w\n%s", err, stderr.String())
	}
	usage, ok := check.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return measurement{}, errors.New("this system tells no memory of a process")
	}
	took := check.ProcessState.UserTime() + check.ProcessState.SystemTime()
	return measurement{took: took, rss: usage.Maxrss << 10}, nil
}

// write makes applications of two colors and a Service in ten namespaces. Every
// fifth lacks its probe, so that denials are written too.
func write(dir string, manifests int) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for i := range manifests {
		app, namespace := fmt.Sprintf("app-%d", i/3), fmt.Sprintf("team-%d", i/3%10)
		text := service
		name := app
		if kind := i % 3; kind > 0 {
			text, name = deployment, app+[]string{"", "-blue", "-green"}[kind]
			if i/3%5 == 0 {
				text = strings.ReplaceAll(text, "        readinessProbe: {httpGet: {path: /readyz, port: http}}\n", "")
			}
		}
		text = strings.NewReplacer("APP", app, "NAME", name, "NAMESPACE", namespace).Replace(text)
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

const service = `apiVersion: v1
kind: Service
metadata: {name: APP, namespace: NAMESPACE}
spec:
  selector: {app: APP, tealgate.dev/color: blue}
  ports: [{port: 80, targetPort: http}]
`

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, namespace: NAMESPACE}
spec:
  replicas: 3
  selector: {matchLabels: {app: APP}}
  template:
    metadata: {labels: {app: APP, app.kubernetes.io/version: '1.4.0'}}
    spec:
      containers:
      - name: web
        image: shop/web:1.4.0
        lifecycle: {preStop: {sleep: {seconds: 5}}}
        ports: [{name: http, containerPort: 8080}]
        readinessProbe: {httpGet: {path: /readyz, port: http}}
        env:
        - {name: LOG_LEVEL, value: info}
        - {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: 'http://otel-collector.monitoring:4317'}
        - {name: DB_URL, valueFrom: {secretKeyRef: {name: APP, key: DB_URL}}}
        envFrom: [{configMapRef: {name: APP}}]
        resources: {requests: {cpu: 100m, memory: 128Mi}}
`
