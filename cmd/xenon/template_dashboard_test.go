package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/xenon-auth/xenon/shared/web"
)

var searchedMetric = regexp.MustCompile(`\{Xenon(?:,(\w+))?\} MetricName="(\w+)"`)

// metricsOnDashboard returns the metrics of Xenon that a dashboard shows, with their dimension.
func metricsOnDashboard(t *testing.T, body string) (all []web.Metric) {
	t.Helper()
	var dashboard struct {
		Widgets []struct {
			Properties struct {
				Title   string  `json:"title"`
				Metrics [][]any `json:"metrics"`
			} `json:"properties"`
		} `json:"widgets"`
	}
	if err := json.Unmarshal([]byte(body), &dashboard); err != nil {
		t.Fatal(err)
	}
	for _, w := range dashboard.Widgets {
		for _, m := range w.Properties.Metrics {
			switch first := m[0].(type) {
			case string:
				if first != web.MetricNamespace {
					continue // a metric of AWS, not of Xenon
				}
				dimension := ""
				if len(m) > 2 {
					dimension = m[2].(string)
				}
				all = append(all, web.Metric{Name: m[1].(string), Dimension: dimension})
			case map[string]any:
				found := searchedMetric.FindStringSubmatch(first["expression"].(string))
				if found == nil {
					t.Fatalf("the widget %q: got the expression %v, want a search for a metric of Xenon",
						w.Properties.Title, first["expression"])
				}
				all = append(all, web.Metric{Name: found[2], Dimension: found[1]})
			}
		}
	}
	return all
}

// For CloudWatch, a metric with another dimension is another metric. On the dashboard, its graph would be empty.
func TestDashboardShowsMetricsOfTheFunctions(t *testing.T) {
	body, ok := readTemplateNode(t).valueAt("Resources", "Dashboard", "Properties", "DashboardBody").(string)
	if !ok {
		t.Fatal("template.yaml has no resource Dashboard with a DashboardBody")
	}
	got := metricsOnDashboard(t, strings.TrimPrefix(body, "!Sub "))
	var want []web.Metric
	for _, m := range web.Metrics {
		want = append(want, web.Metric{Name: m.Name, Dimension: m.Dimension})
	}
	byName := func(a, b web.Metric) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(got, byName)
	slices.SortFunc(want, byName)
	if diff := cmp.Diff(want, slices.Compact(got)); diff != "" {
		t.Errorf("metrics of the functions and of the dashboard, want the same (-functions +dashboard):\n%s", diff)
	}
}
