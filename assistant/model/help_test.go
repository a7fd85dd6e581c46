package model_test

import (
	"errors"
	"testing"

	"github.com/conserje/conserje/assistant/model"
)

func reasonOf(err error) model.Reason {
	if e, ok := errors.AsType[*model.Error](err); ok {
		return e.Reason
	}
	return ""
}

func asError(t testing.TB, err error) *model.Error {
	t.Helper()
	var e *model.Error
	if !errors.As(err, &e) {
		t.Fatalf("not an error of the model: %v", err)
	}
	return e
}
