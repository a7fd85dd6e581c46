package verify

// What tests look at from outside.
var (
	StepOf   = stepOf
	CodeFrom = codeFrom
)
