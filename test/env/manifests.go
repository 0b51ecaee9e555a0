package env

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	sigsyaml "sigs.k8s.io/yaml"
)

// applyManifests applies what `kubectl apply -k` does to a folder of the repository, manifests
// if none is named, except for tealgate's own Deployment, and with the address of the process
// in the place of the Service; with a timeout of so many seconds, unless that is 0.
func applyManifests(ctx context.Context, c *Cluster, manifests, address string, timeout int64) error {
	repository, err := repositoryDir(ctx)
	if err != nil {
		return err
	}
	dir := filepath.Join(repository, cmp.Or(manifests, "manifests"))
	rendered, err := c.Kubectl(ctx, "kustomize", dir)
	if err != nil || rendered.Code != 0 {
		return errors.Join(err, fmt.Errorf("kustomize %s: %s", dir, rendered.Stderr))
	}
	var documents []string
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(rendered.Stdout), 4096)
	for {
		object := unstructured.Unstructured{}
		if err := decoder.Decode(&object.Object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return fmt.Errorf("manifests: %w", err)
		}
		if object.GetKind() == "Deployment" {
			continue
		}
		callHere(object, address, timeout)
		document, err := sigsyaml.Marshal(object.Object)
		if err != nil {
			return err
		}
		documents = append(documents, string(document))
	}
	return c.apply(ctx, strings.Join(documents, "---\n"))
}

// callHere makes the entries of a webhook configuration call a process, and cert-manager's
// Certificate for it good for its address.
func callHere(object unstructured.Unstructured, address string, timeout int64) {
	if object.GetKind() == "Certificate" && object.GetName() == "tealgate-webhook" {
		host, _, _ := net.SplitHostPort(address)
		spec, _ := object.Object["spec"].(map[string]any)
		spec["ipAddresses"] = []any{host}
	}
	webhooks, _ := object.Object["webhooks"].([]any)
	for _, webhook := range webhooks {
		entry, _ := webhook.(map[string]any)
		client, _ := entry["clientConfig"].(map[string]any)
		service, _ := client["service"].(map[string]any)
		path, _ := service["path"].(string)
		entry["clientConfig"] = map[string]any{"url": "https://" + address + path}
		if timeout > 0 {
			entry["timeoutSeconds"] = timeout
		}
	}
}
