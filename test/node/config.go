package node

import (
	"embed"
	"os"
	"path/filepath"
	"text/template"
)

const (
	// bridge is the interface of the node, which its pods are connected to. Nobody else
	// calls one so.
	bridge = "tealgate0"
	// address of the node, and of the API server on it. Pods have others of podCIDR.
	address     = "10.244.0.1"
	podCIDR     = "10.244.0.0/24"
	serviceCIDR = "10.96.0.0/16"
	// name of the node.
	name = "node"
	// pluginDir is where Debian has the CNI plugins.
	pluginDir = "/usr/lib/cni"
	// prefix begins the names of folders and cgroups of a run, the id of its process ends them.
	prefix = "tealgate-node-"
	// dirVariable is the folder of the run.
	dirVariable = "TEALGATE_NODE_DIR"
)

//go:embed config
var configs embed.FS

// values are what the files of configuration leave open.
type values struct {
	Bridge, PodCIDR, Plugins, Network  string
	Snapshotter, Pause, Cgroup, Resolv string
	KubeletKubeconfig, ProxyKubeconfig string
}

// writeConfigs writes all files of configuration into dir.
func (v values) writeConfigs(dir string) error {
	templates, err := template.ParseFS(configs, "config/*")
	if err != nil {
		return err
	}
	for _, t := range templates.Templates() {
		path := filepath.Join(dir, t.Name())
		if filepath.Ext(path) == ".conflist" {
			path = filepath.Join(v.Network, t.Name())
		}
		file, err := os.Create(path)
		if err != nil {
			return err
		}
		if err := t.Execute(file, v); err != nil {
			file.Close()
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}
