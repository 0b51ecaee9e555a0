package env

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// UserKubeconfig writes a kubeconfig file for a user who is in groups and returns
// its path. The user has the rights that RBAC gives to the name and the groups:
// none at first. Each call writes a new file in Dir.
func (c *Cluster) UserKubeconfig(name string, groups ...string) (string, error) {
	user, err := c.plane.addUser(name, groups, nil)
	if err != nil {
		return "", fmt.Errorf("user %q: %w", name, err)
	}
	content, err := user.KubeConfig()
	if err != nil {
		return "", fmt.Errorf("user %q: %w", name, err)
	}
	return c.writeKubeconfig("user-"+name, content)
}

// ServiceAccountKubeconfig writes a kubeconfig file with a token for a service
// account that exists and returns its path. The token is good for a day; its
// namespace is the file's default. Each call writes a new file in Dir.
func (c *Cluster) ServiceAccountKubeconfig(ctx context.Context, namespace, name string) (string, error) {
	day := int64(24 * 60 * 60)
	token, err := c.client.CoreV1().ServiceAccounts(namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: &day},
	}, metav1.CreateOptions{})
	if err != nil {
		return "", fmt.Errorf("token for service account %s/%s: %w", namespace, name, err)
	}
	config, err := clientcmd.LoadFromFile(c.Kubeconfig)
	if err != nil {
		return "", err
	}
	current := config.Contexts[config.CurrentContext]
	current.Namespace = namespace
	config.AuthInfos[current.AuthInfo] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	content, err := clientcmd.Write(*config)
	if err != nil {
		return "", err
	}
	return c.writeKubeconfig("serviceaccount-"+namespace+"-"+name, content)
}

// reroute changes what a kubeconfig file says of the cluster.
func reroute(path string, reach func(*clientcmdapi.Cluster)) error {
	config, err := clientcmd.LoadFromFile(path)
	if err != nil {
		return err
	}
	reach(config.Clusters[config.Contexts[config.CurrentContext].Cluster])
	return clientcmd.WriteToFile(*config, path)
}

// writeKubeconfig makes a new file whose name begins with label.
func (c *Cluster) writeKubeconfig(label string, content []byte) (string, error) {
	file, err := os.CreateTemp(c.Dir, fileName(label)+"-*.kubeconfig")
	if err != nil {
		return "", fmt.Errorf("kubeconfig of %q: %w", label, err)
	}
	if _, err := file.Write(content); err != nil {
		file.Close()
		return "", fmt.Errorf("kubeconfig of %q: %w", label, err)
	}
	return filepath.Clean(file.Name()), file.Close()
}

// fileName replaces what a user's name may have and a file's should not:
// "system:serviceaccount:a:b", "jane@example.com/x".
func fileName(label string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return '_'
	}, label)
}
