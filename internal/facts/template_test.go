package facts

import (
	"testing"

	"github.com/stretchr/testify/assert"
	corev1 "k8s.io/api/core/v1"
)

func container(env ...corev1.EnvVar) []corev1.Container {
	return []corev1.Container{{Name: "web", Env: env}}
}

func TestSettingsLetNoOtherLiteralOut(t *testing.T) {
	for name, test := range map[string]struct {
		reason     string
		env, value string
		kind       string
		isNotAFact bool
	}{
		"Profile":       {reason: "a profile", env: "SPRING_PROFILES_ACTIVE", value: "prod", kind: "profile"},
		"Properties":    {reason: "Spring reads this form too", env: "spring.profiles.active", value: "prod", kind: "profile"},
		"Node":          {reason: "a profile", env: "NODE_ENV", value: "production", kind: "profile"},
		"Nacos":         {reason: "coordinates", env: "NACOS_SERVER_ADDR", value: "nacos:8848", kind: "centre"},
		"SpringNacos":   {reason: "coordinates", env: "SPRING_CLOUD_NACOS_CONFIG_NAMESPACE", value: "prod", kind: "centre"},
		"NacosAsSpring": {reason: "Spring leaves dashes out", env: "SPRING_CLOUD_NACOS_CONFIG_SERVERADDR", value: "nacos:8848", kind: "centre"},
		"DubboAsSpring": {reason: "Spring leaves dashes out", env: "DUBBO_CONFIGCENTER_ADDRESS", value: "nacos:8848", kind: "centre"},
		"Import":        {reason: "coordinates", env: "SPRING_CONFIG_IMPORT", value: "configserver:http://config", kind: "centre"},
		"Password":      {reason: "of a centre, and secret", env: "NACOS_PASSWORD", value: "x", isNotAFact: true},
		"Token":         {reason: "of a centre, and secret", env: "CONSUL_HTTP_TOKEN", value: "x", isNotAFact: true},
		"ApolloSecret":  {reason: "of a centre, and secret", env: "APOLLO_ACCESSKEY_SECRET", value: "x", isNotAFact: true},
		"Discovery":     {reason: "registration may differ", env: "SPRING_CLOUD_NACOS_DISCOVERY_GROUP", value: "x", isNotAFact: true},
		"Other":         {reason: "nobody knows what it holds", env: "DB_URL", value: "x", isNotAFact: true},
		"Userinfo":      {reason: "the address may hold a password", env: "SPRING_CONFIG_IMPORT", value: "configserver:http://a:b@c", isNotAFact: true},
		"Empty":         {reason: "nothing to compare", env: "NODE_ENV", isNotAFact: true},
		"FromElsewhere": {reason: "its value is not here", env: "NODE_ENV", isNotAFact: true},
	} {
		t.Run(name, func(t *testing.T) {
			want := []Setting{}
			if !test.isNotAFact {
				want = append(want, Setting{Container: "web", Env: test.env, Kind: test.kind, Value: test.value})
			}
			assert.Equal(t, want, settings(container(corev1.EnvVar{Name: test.env, Value: test.value})), test.reason)
		})
	}
	long := corev1.EnvVar{Name: "NODE_ENV", Value: string(make([]byte, maxSettingBytes+1))}
	assert.Empty(t, settings(container(long)), "no profile is that long")
}

func TestWhatATemplateNames(t *testing.T) {
	yes := true
	named := func(name string) corev1.LocalObjectReference { return corev1.LocalObjectReference{Name: name} }
	configMap := func(name string, optional *bool) corev1.EnvFromSource {
		return corev1.EnvFromSource{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: named(name), Optional: optional}}
	}
	volume := func(source corev1.VolumeSource) corev1.Volume { return corev1.Volume{Name: "v", VolumeSource: source} }
	pod := &corev1.PodSpec{
		InitContainers: []corev1.Container{{Name: "init", EnvFrom: []corev1.EnvFromSource{configMap("of-init", nil)}}},
		Containers: []corev1.Container{{
			Name: "web",
			EnvFrom: []corev1.EnvFromSource{
				configMap("env-from", nil), configMap("optional", &yes),
				{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: named("whole")}},
			},
			Env: []corev1.EnvVar{
				{Name: "A", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{LocalObjectReference: named("env")}}},
				{Name: "B", ValueFrom: &corev1.EnvVarSource{}},
			},
		}},
		Volumes: []corev1.Volume{
			volume(corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{LocalObjectReference: named("volume")}}),
			volume(corev1.VolumeSource{Secret: &corev1.SecretVolumeSource{SecretName: "mounted"}}),
			volume(corev1.VolumeSource{Projected: &corev1.ProjectedVolumeSource{Sources: []corev1.VolumeProjection{
				{ConfigMap: &corev1.ConfigMapProjection{LocalObjectReference: named("projected")}},
				{Secret: &corev1.SecretProjection{LocalObjectReference: named("projected-secret")}},
			}}}),
			volume(corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}),
			volume(corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}),
		},
	}
	assert.Equal(t, map[string]bool{"of-init": true, "env-from": true, "env": true, "volume": true, "projected": true}, namesConfigMaps(pod))
	assert.Equal(t, []Secret{{Container: "web", Name: "whole"}, {Name: "mounted"}, {Name: "projected-secret"}}, secrets(pod))
	assert.Equal(t, []string{"data"}, claimNames(pod))

	empty := &corev1.PodSpec{}
	assert.Empty(t, namesConfigMaps(empty))
	assert.Equal(t, []Secret{}, secrets(empty), "never nil: a rule must be able to walk it")
	assert.Equal(t, []string{}, claimNames(empty))
}
