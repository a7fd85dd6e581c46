//go:build race

package desktest

const raced = true
