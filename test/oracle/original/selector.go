package main

import (
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

type matchAnswer struct {
	Matches bool   `json:"matches"`
	Error   string `json:"error,omitempty"`
}

func aboutSelector(raw json.RawMessage) (any, error) {
	var c struct {
		Selector *metav1.LabelSelector `json:"selector"`
		Labels   labels.Set            `json:"labels"`
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return nil, err
	}
	selector, err := metav1.LabelSelectorAsSelector(c.Selector)
	if err != nil {
		return matchAnswer{Error: err.Error()}, nil
	}
	return matchAnswer{Matches: selector.Matches(c.Labels)}, nil
}
