package integration

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/yaml"
)

// TestNetworkPolicyLetsThePortsIn holds that the policy and the Deployment speak of the same.
func TestNetworkPolicyLetsThePortsIn(t *testing.T) {
	var deployment appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict(rendered(t, "Deployment")[0], &deployment))
	var policy networkingv1.NetworkPolicy
	require.NoError(t, yaml.UnmarshalStrict(rendered(t, "NetworkPolicy")[0], &policy))
	ports := map[int32]string{}
	for _, port := range deployment.Spec.Template.Spec.Containers[0].Ports {
		ports[port.ContainerPort] = port.Name
	}
	open := map[string]int{}
	for _, rule := range policy.Spec.Ingress {
		for _, port := range rule.Ports {
			open[ports[port.Port.IntVal]] = len(rule.From)
		}
	}
	assert.Equal(t, map[string]int{"webhook": 0, "metrics": 1}, open, "from anywhere, from Prometheus")
	assert.Equal(t, []networkingv1.NetworkPolicyEgressRule{{}}, policy.Spec.Egress, "nothing is held up, whatever else says so")
	assert.Equal(t, deployment.Spec.Template.Labels, policy.Spec.PodSelector.MatchLabels)
}

// TestOneReplicaAnswers holds what keeps one there while nodes are drained, fail, or a new
// version comes. A selector that matches nothing would keep nobody.
func TestOneReplicaAnswers(t *testing.T) {
	var deployment appsv1.Deployment
	require.NoError(t, yaml.UnmarshalStrict(rendered(t, "Deployment")[0], &deployment))
	budgets := rendered(t, "PodDisruptionBudget")
	require.Len(t, budgets, 1)
	var budget policyv1.PodDisruptionBudget
	require.NoError(t, yaml.UnmarshalStrict(budgets[0], &budget))
	pods := deployment.Spec.Template.Labels

	assert.EqualValues(t, 2, *deployment.Spec.Replicas)
	assert.Equal(t, new(intstr.FromInt32(0)), deployment.Spec.Strategy.RollingUpdate.MaxUnavailable)
	assert.Equal(t, deployment.Namespace, budget.Namespace)
	assert.Equal(t, pods, budget.Spec.Selector.MatchLabels)
	assert.Equal(t, new(intstr.FromInt32(1)), budget.Spec.MinAvailable)
	assert.Equal(t, new(policyv1.AlwaysAllow), budget.Spec.UnhealthyPodEvictionPolicy)

	var spread []string
	for _, constraint := range deployment.Spec.Template.Spec.TopologySpreadConstraints {
		spread = append(spread, constraint.TopologyKey)
		assert.EqualValues(t, 1, constraint.MaxSkew)
		assert.Equal(t, corev1.ScheduleAnyway, constraint.WhenUnsatisfiable, "one node is enough for both")
		assert.Equal(t, pods, constraint.LabelSelector.MatchLabels)
		assert.Equal(t, []string{appsv1.DefaultDeploymentUniqueLabelKey}, constraint.MatchLabelKeys, "replicas that leave do not count")
	}
	assert.Equal(t, []string{corev1.LabelHostname, corev1.LabelTopologyZone}, spread)
}
