package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTableMatchesPins: a program that go.mod does not pin cannot be built, and a
// pinned one that the table lacks is a leftover.
func TestTableMatchesPins(t *testing.T) {
	for _, m := range modules {
		content, err := os.ReadFile(filepath.Join(m.folder, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, b := range binaries {
			if b.module == m {
				want = append(want, b.pkg)
			}
		}
		got = tools(string(content))
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s/go.mod has tools %q, the table has %q", m.folder, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	tests := map[string]struct {
		only    string
		want    string
		wantErr string
	}{
		"Default": {want: "etcd kube-apiserver kube-controller-manager kube-scheduler kubectl kwok"},
		"Subset":  {only: "kubectl, etcd", want: "etcd kubectl"},
		"Request": {only: "kubelet", want: "kubelet"},
		"Unknown": {only: "kubectl,kubeadm", want: "kubectl", wantErr: `no binary is called "kubeadm"`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			chosen, err := choose(test.only)
			var names []string
			for _, b := range chosen {
				names = append(names, b.name)
			}
			if got := strings.Join(names, " "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			message := ""
			if err != nil {
				message = err.Error()
			}
			if message != test.wantErr {
				t.Errorf("got error %q, want %q", message, test.wantErr)
			}
		})
	}
}

// tools are the packages of the tool directives, one line each or in a block.
func tools(mod string) []string {
	var found []string
	for _, match := range regexp.MustCompile(`(?m)^tool (?:\(\n([^)]*)\)|(\S+))$`).FindAllStringSubmatch(mod, -1) {
		found = append(found, strings.Fields(match[1]+" "+match[2])...)
	}
	return found
}
