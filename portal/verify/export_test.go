package verify

import "io"

// What tests look at from outside.
var (
	StepOf   = stepOf
	CodeFrom = func(r io.Reader) (string, error) { return codeFrom(r) }
)
