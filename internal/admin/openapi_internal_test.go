package admin

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"
)

// mounted are the paths of the description that are no routes.
var mounted = []string{"/metrics"}

// Every route has a description with the methods that it serves, but for HEAD and OPTIONS, and for POST where
// nothing is changed; and nothing else has one.
func TestEveryRouteIsDescribed(t *testing.T) {
	var document struct{ Paths map[string]map[string]any }
	if err := json.Unmarshal([]byte(description), &document); err != nil {
		t.Fatal(err)
	}
	described := map[methods][]string{asks: {"get"}, acts: {"get", "post"}, posts: {"post"}, gets: {"get"}}
	for path, r := range routes {
		got := slices.Sorted(maps.Keys(document.Paths[path]))
		if !slices.Equal(got, described[r.methods]) {
			t.Errorf("%s is described for %v, want %v", path, got, described[r.methods])
		}
	}
	for path := range document.Paths {
		if _, ok := routes[path]; !ok && !slices.Contains(mounted, path) {
			t.Errorf("%s is described, and no route", path)
		}
	}
}

// The keys of an item are described, and the description names no other.
func TestEveryKeyOfAnItemIsDescribed(t *testing.T) {
	var document struct {
		Components struct {
			Schemas map[string]struct{ Properties map[string]any }
		}
	}
	if err := json.Unmarshal([]byte(description), &document); err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(document.Components.Schemas["Item"].Properties))
	if want := slices.Sorted(slices.Values(keyNames[:])); !slices.Equal(got, want) {
		t.Errorf("described are %v, want %v", got, want)
	}
}
