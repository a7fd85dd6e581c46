//go:build race

package pdf

const raced = true
