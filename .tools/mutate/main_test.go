package main

import "testing"

// Who changes a check must change the table with it, or make mutate says nothing about it any more.
func TestEveryCheckOfTheTableStandsInTheSourcesOnce(t *testing.T) {
	t.Chdir("../..")
	for _, m := range mutants {
		if _, err := m.source(); err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
	}
}
