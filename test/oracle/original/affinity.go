package main

import (
	"encoding/json"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/component-helpers/scheduling/corev1/nodeaffinity"
)

type affinityAnswer struct {
	// As the scheduler decides, from nodeSelector and required affinity together.
	matchAnswer
	// Whether the required affinity alone matches, and whether every term of it is valid.
	Required bool `json:"required"`
	Valid    bool `json:"valid"`
}

func aboutAffinity(raw json.RawMessage) (any, error) {
	var c struct {
		NodeSelector map[string]string `json:"nodeSelector"`
		Required     *v1.NodeSelector  `json:"required"`
		Node         struct {
			Name   string            `json:"name"`
			Labels map[string]string `json:"labels"`
		} `json:"node"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	node := &v1.Node{ObjectMeta: metav1.ObjectMeta{Name: c.Node.Name, Labels: c.Node.Labels}}
	pod := &v1.Pod{Spec: v1.PodSpec{NodeSelector: c.NodeSelector}}
	var answer affinityAnswer
	if c.Required != nil {
		pod.Spec.Affinity = &v1.Affinity{
			NodeAffinity: &v1.NodeAffinity{RequiredDuringSchedulingIgnoredDuringExecution: c.Required},
		}
		if selector, err := nodeaffinity.NewNodeSelector(c.Required); err == nil {
			answer.Required, answer.Valid = selector.Match(node), true
		} else {
			answer.Required, _ = nodeaffinity.NewLazyErrorNodeSelector(c.Required).Match(node)
		}
	}
	matches, err := nodeaffinity.GetRequiredNodeAffinity(pod).Match(node)
	answer.Matches = matches
	if err != nil {
		answer.Error = err.Error()
	}
	return answer, nil
}
