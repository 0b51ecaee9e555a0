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
	user, err := c.authority.user(name, groups)
	if err != nil {
		return "", fmt.Errorf("user %q: %w", name, err)
	}
	return c.writeKubeconfig("user-"+name, credentialAuth(user))
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
	return c.writeKubeconfig("serviceaccount-"+namespace+"-"+name, auth{
		info:      clientcmdapi.AuthInfo{Token: token.Status.Token},
		namespace: namespace,
	})
}

// auth is what differs between the kubeconfigs of a cluster.
type auth struct {
	info      clientcmdapi.AuthInfo
	namespace string
}

func credentialAuth(c credential) auth {
	return auth{info: clientcmdapi.AuthInfo{ClientCertificateData: c.cert, ClientKeyData: c.key}}
}

// writeKubeconfig makes a new file whose name begins with label.
func (c *Cluster) writeKubeconfig(label string, a auth) (string, error) {
	config := clientcmdapi.NewConfig()
	config.Clusters["env"] = &clientcmdapi.Cluster{
		Server:                   c.Config.Host,
		CertificateAuthorityData: c.authority.pem,
	}
	config.AuthInfos["env"] = &a.info
	config.Contexts["env"] = &clientcmdapi.Context{Cluster: "env", AuthInfo: "env", Namespace: a.namespace}
	config.CurrentContext = "env"

	content, err := clientcmd.Write(*config)
	if err != nil {
		return "", fmt.Errorf("kubeconfig of %q: %w", label, err)
	}
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
