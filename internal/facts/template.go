package facts

import (
	"regexp"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// What a pod template names beside single environment variables.

// secrets are those that are taken as a whole. Of a projected volume each counts.
func secrets(pod *corev1.PodSpec) []Secret {
	found := []Secret{}
	for _, container := range pod.Containers {
		for _, from := range container.EnvFrom {
			if from.SecretRef != nil {
				found = append(found, Secret{Container: container.Name, Name: from.SecretRef.Name})
			}
		}
	}
	for _, volume := range pod.Volumes {
		if volume.Secret != nil {
			found = append(found, Secret{Name: volume.Secret.SecretName})
		}
		for _, source := range projected(volume) {
			if source.Secret != nil {
				found = append(found, Secret{Name: source.Secret.Name})
			}
		}
	}
	return found
}

// claimNames are the PersistentVolumeClaims of the namespace that a pod mounts.
func claimNames(pod *corev1.PodSpec) []string {
	found := []string{}
	for _, volume := range pod.Volumes {
		if claim := volume.PersistentVolumeClaim; claim != nil && !slices.Contains(found, claim.ClaimName) {
			found = append(found, claim.ClaimName)
		}
	}
	return found
}

// namesConfigMaps says which ConfigMaps a pod cannot start without.
func namesConfigMaps(pod *corev1.PodSpec) map[string]bool {
	found := map[string]bool{}
	needs := func(name string, optional *bool) {
		if name != "" && (optional == nil || !*optional) {
			found[name] = true
		}
	}
	for _, container := range slices.Concat(pod.InitContainers, pod.Containers) {
		for _, from := range container.EnvFrom {
			if ref := from.ConfigMapRef; ref != nil {
				needs(ref.Name, ref.Optional)
			}
		}
		for _, env := range container.Env {
			if env.ValueFrom != nil && env.ValueFrom.ConfigMapKeyRef != nil {
				needs(env.ValueFrom.ConfigMapKeyRef.Name, env.ValueFrom.ConfigMapKeyRef.Optional)
			}
		}
	}
	for _, volume := range pod.Volumes {
		if volume.ConfigMap != nil {
			needs(volume.ConfigMap.Name, volume.ConfigMap.Optional)
		}
		for _, source := range projected(volume) {
			if source.ConfigMap != nil {
				needs(source.ConfigMap.Name, source.ConfigMap.Optional)
			}
		}
	}
	return found
}

func projected(volume corev1.Volume) []corev1.VolumeProjection {
	if volume.Projected == nil {
		return nil
	}
	return volume.Projected.Sources
}

// Which literals may become facts, by the name in capitals with underscores; where a
// property has a dash, Spring leaves it out of the variable's name. The list is here
// and not in a rule, because what is not on it must not leave this package: literals
// of others may be secret.
var (
	profileNames = regexp.MustCompile(`^(SPRING_PROFILES_(ACTIVE|INCLUDE)|MICRONAUT_ENVIRONMENTS|QUARKUS_PROFILE` +
		`|NODE_ENV|RAILS_ENV|RACK_ENV|APP_ENV|APP_ENVIRONMENT|ENVIRONMENT|GO_ENV|GIN_MODE|FLASK_ENV|DJANGO_SETTINGS_MODULE` +
		`|ASPNETCORE_ENVIRONMENT|DOTNET_ENVIRONMENT|SYMFONY_ENV|MIX_ENV|DEPLOY_ENV|SERVER_ENV)$`)
	centreNames = regexp.MustCompile(`^(APOLLO_(META|ENV|CLUSTER|CONFIG_?SERVICE|APP_?ID|BOOTSTRAP_NAMESPACES)` +
		`|(SPRING_CLOUD_)?NACOS_(CONFIG_)?(SERVER_?ADDRS?|SERVERS|ADDR|HOST|PORT|ENDPOINT|NAMESPACE|NAMESPACE_?ID|TENANT|GROUP|DATA_?ID)` +
		`|SPRING_CLOUD_CONFIG_(URI|LABEL|NAME|PROFILE)|SPRING_CONFIG_IMPORT` +
		`|(SPRING_CLOUD_)?CONSUL_(HTTP_ADDR|ADDR|HOST|PORT|DATACENTER|NAMESPACE|CONFIG_PREFIX|CONFIG_PREFIXES)` +
		`|ETCD_(ENDPOINTS?|ADDRS?|HOSTS?|PREFIX)|ETCDCTL_ENDPOINTS|VAULT_(ADDR|NAMESPACE)` +
		`|DUBBO_CONFIG_?CENTER_(ADDRESS|NAMESPACE|GROUP))$`)
	separators = regexp.MustCompile(`[^A-Za-z0-9]+`)
)

// maxSettingBytes bounds one value; a longer one is no profile and no coordinate.
const maxSettingBytes = 256

// settings are the literals that are known to be no secret.
func settings(containers []corev1.Container) []Setting {
	found := []Setting{}
	for _, container := range containers {
		for i := range container.Env {
			if setting, is := settingOf(&container.Env[i]); is {
				setting.Container = container.Name
				found = append(found, setting)
			}
		}
	}
	return found
}

// settingOf leaves the container open. A value with an @ is left out: it may be an address
// with a password in it.
func settingOf(env *corev1.EnvVar) (Setting, bool) {
	if env.Value == "" || len(env.Value) > maxSettingBytes || strings.Contains(env.Value, "@") {
		return Setting{}, false
	}
	kind := settingKind(env.Name)
	return Setting{Env: env.Name, Kind: kind, Value: env.Value}, kind != ""
}

func settingKind(env string) string {
	switch name := strings.ToUpper(separators.ReplaceAllString(env, "_")); {
	case profileNames.MatchString(name):
		return "profile"
	case centreNames.MatchString(name):
		return "centre"
	default:
		return ""
	}
}
