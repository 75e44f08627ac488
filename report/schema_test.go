package report

import (
	"encoding/json"
	"slices"
	"testing"
)

// Every key that a line can have is described, and what is described is a key.
func TestMeanings(t *testing.T) {
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(data, &root); err != nil {
		t.Fatal(err)
	}
	count := 0
	var check func(any)
	check = func(v any) {
		m, _ := v.(map[string]any)
		properties, _ := m["properties"].(map[string]any)
		for name, p := range properties {
			count++
			if says, _ := p.(map[string]any)["description"].(string); says == "" && m["required"] == nil {
				t.Errorf("%s has no meaning: add it to meaning.go", name)
			}
		}
		for _, v := range m {
			check(v)
		}
	}
	check(root)
	if count < 100 {
		t.Errorf("%d keys", count)
	}
	for _, view := range Views() {
		for _, name := range ColumnNames(View(view)) {
			if Meaning(name) == "" {
				t.Errorf("the column %s of %s has no meaning: add it to meaning.go", name, view)
			}
		}
	}
	if Meaning("no such column") != "" || slices.Contains(Views(), "") {
		t.Error("what is no column has a meaning")
	}
}
