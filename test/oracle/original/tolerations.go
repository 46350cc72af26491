package main

import (
	"encoding/json"

	v1 "k8s.io/api/core/v1"
	"k8s.io/component-helpers/scheduling/corev1"
	"k8s.io/klog/v2"
)

type tolerationsAnswer struct {
	// Per toleration, per taint.
	Tolerates [][]bool `json:"tolerates"`
	// The first taint that keeps the pod off the node; absent where none does.
	Untolerated *v1.Taint `json:"untolerated,omitempty"`
	// The same with the comparison operators of the feature gate TaintTolerationComparisonOperators.
	Compared [][]bool `json:"compared"`
}

func aboutTolerations(raw json.RawMessage) (any, error) {
	var c struct {
		Tolerations []v1.Toleration `json:"tolerations"`
		Taints      []v1.Taint      `json:"taints"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	quiet := klog.Logger{}
	answer := tolerationsAnswer{
		Tolerates: tolerated(quiet, c.Tolerations, c.Taints, false),
		Compared:  tolerated(quiet, c.Tolerations, c.Taints, true),
	}
	taint, found := corev1.FindMatchingUntoleratedTaint(quiet, c.Taints, c.Tolerations, keepsPodsOff, false)
	if found {
		answer.Untolerated = &taint
	}
	return answer, nil
}

// The filter of the scheduler's TaintToleration plugin.
func keepsPodsOff(taint *v1.Taint) bool {
	return taint.Effect == v1.TaintEffectNoSchedule || taint.Effect == v1.TaintEffectNoExecute
}

func tolerated(logger klog.Logger, tolerations []v1.Toleration, taints []v1.Taint, compare bool) [][]bool {
	rows := make([][]bool, len(tolerations))
	for i := range tolerations {
		rows[i] = make([]bool, len(taints))
		for j := range taints {
			rows[i][j] = tolerations[i].ToleratesTaint(logger, &taints[j], compare)
		}
	}
	return rows
}
