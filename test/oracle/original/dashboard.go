package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"sort"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

type readDashboard struct {
	Problems []string            `json:"problems"`
	Read     dashboard.Dashboard `json:"read"`
}

// aboutDashboard reads a dashboard by the schemas that Grafana makes its SDKs from: strictly, for the problems, and as
// Grafana itself does, without what it does not know. A panel or query that is none of these is a problem.
func aboutDashboard(raw json.RawMessage) (any, error) {
	runtime := cog.NewRuntime()
	runtime.RegisterPanelcfgVariant(heatmap.VariantConfig())
	runtime.RegisterPanelcfgVariant(stat.VariantConfig())
	runtime.RegisterPanelcfgVariant(table.VariantConfig())
	runtime.RegisterPanelcfgVariant(timeseries.VariantConfig())
	runtime.RegisterDataqueryVariant(prometheus.VariantConfig())

	strict := dashboard.Dashboard{}
	problems := problemsIn(strict.UnmarshalJSONStrict(raw))
	lenient := dashboard.Dashboard{}
	if err := json.Unmarshal(raw, &lenient); err != nil {
		return readDashboard{Problems: append(problems, err.Error())}, nil
	}
	problems = append(problems, problemsIn(lenient.Validate())...)
	problems = append(problems, problemsInFields(raw)...)
	for _, entry := range lenient.Panels {
		if entry.Panel == nil {
			continue
		}
		if _, known := runtime.ConfigForPanelcfgVariant(entry.Panel.Type); !known {
			problems = append(problems, fmt.Sprintf("unknown panel type %q", entry.Panel.Type))
		}
		for _, query := range entry.Panel.Targets {
			if query.DataqueryType() != "prometheus" {
				problems = append(problems, fmt.Sprintf("unknown query type %q", query.DataqueryType()))
			}
		}
	}
	sort.Strings(problems)
	return readDashboard{Problems: problems, Read: lenient}, nil
}

// problemsInFields reads strictly what the SDK reads leniently even where it is asked to be strict.
func problemsInFields(raw json.RawMessage) []string {
	var board struct {
		Panels []struct {
			FieldConfig json.RawMessage `json:"fieldConfig"`
		} `json:"panels"`
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		return []string{err.Error()}
	}
	problems := []string{}
	for index, panel := range board.Panels {
		fields := dashboard.FieldConfigSource{}
		for _, problem := range problemsIn(fields.UnmarshalJSONStrict(panel.FieldConfig)) {
			problems = append(problems, fmt.Sprintf("panels[%d].fieldConfig.%s", index, problem))
		}
	}
	return problems
}

// problemsIn splits what the SDK returns. Where it found nothing that is a list without entries, which is not nil.
func problemsIn(err error) []string {
	problems := []string{}
	var list cog.BuildErrors
	if errors.As(err, &list) {
		for _, one := range list {
			problems = append(problems, one.Error())
		}
	} else if err != nil {
		problems = append(problems, err.Error())
	}
	return problems
}
