package api

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/danielgtaylor/huma/v2"

	"github.com/conserje/conserje/portal/desk"
	"github.com/conserje/conserje/portal/tickets"
)

// The rooms below know nothing of OpenAPI; here stands what their types are in
// the document, so that a generated client has the words and not plain text.

func describeTypes(r huma.Registry) {
	describe[desk.ID, uuidText](r)
	describe[desk.Language, languageWord](r)
	describe[desk.Role, roleWord](r)
	describe[desk.Kind, kindWord](r)
	describe[desk.Code, codeWord](r)
	describe[desk.Operation, operationWord](r)
	describe[desk.ActionState, actionStateWord](r)
	describe[desk.Outcome, outcomeWord](r)
	describe[tickets.StatusKind, statusKindWord](r)
	describe[tickets.FieldKind, fieldKindWord](r)
	describe[tickets.Mode, modeWord](r)
	describe[tickets.Resolution, resolutionWord](r)
	describe[tickets.Priority, priorityWord](r)
	describe[tickets.Origin, originWord](r)
	describe[json.RawMessage, openObject](r)
}

func describe[T any, As huma.SchemaProvider](r huma.Registry) {
	r.RegisterTypeAlias(reflect.TypeFor[T](), reflect.TypeFor[As]())
}

// words is the schema of a text that is one of a few words.
func words[T ~string](list ...T) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, w := range list {
		s.Enum = append(s.Enum, string(w))
	}
	return s
}

type (
	uuidText        string
	languageWord    string
	roleWord        string
	kindWord        string
	codeWord        string
	operationWord   string
	actionStateWord string
	outcomeWord     string
	statusKindWord  string
	fieldKindWord   string
	modeWord        string
	resolutionWord  string
	priorityWord    string
	originWord      string
	openObject      struct{}
)

// Schema is a UUID.
func (uuidText) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
}

// Schema lists the languages.
func (languageWord) Schema(huma.Registry) *huma.Schema { return words(desk.Languages()...) }

// Schema lists the roles.
func (roleWord) Schema(huma.Registry) *huma.Schema {
	return words(desk.RoleContact, desk.RoleMainContact, desk.RoleTechnician, desk.RoleAdmin)
}

// Schema lists the kinds of events.
func (kindWord) Schema(huma.Registry) *huma.Schema {
	return words(desk.KindUserMessage, desk.KindAssistantMessage, desk.KindStaffMessage, desk.KindToolCall, desk.KindToolResult,
		desk.KindAction, desk.KindTicket, desk.KindHandoff, desk.KindRating, desk.KindNote, desk.KindTurnEnded)
}

// Schema lists the codes.
func (codeWord) Schema(huma.Registry) *huma.Schema {
	return words(slices.Sorted(maps.Keys(statuses))...)
}

// Schema lists the operations.
func (operationWord) Schema(huma.Registry) *huma.Schema { return words(desk.Operations()...) }

// Schema lists the states of actions.
func (actionStateWord) Schema(huma.Registry) *huma.Schema { return words(desk.ActionStates()...) }

// Schema lists the outcomes of actions.
func (outcomeWord) Schema(huma.Registry) *huma.Schema {
	return words(desk.OutcomeDeviceVerified, desk.OutcomeAssumed, desk.OutcomeNone)
}

// Schema lists the kinds of statuses.
func (statusKindWord) Schema(huma.Registry) *huma.Schema { return words(tickets.StatusKinds()...) }

// Schema lists the kinds of fields.
func (fieldKindWord) Schema(huma.Registry) *huma.Schema {
	return words(append(tickets.FieldKinds(), tickets.FieldColumn)...)
}

// Schema lists the resolutions.
func (resolutionWord) Schema(huma.Registry) *huma.Schema { return words(tickets.Resolutions()...) }

// Schema lists what users may do with a field.
func (modeWord) Schema(huma.Registry) *huma.Schema {
	return words(tickets.ModeEdit, tickets.ModeReadOnly, tickets.ModeHidden)
}

// anyValue is a value of a field: text, number, yes or no, a choice or several,
// or null.
type anyValue json.RawMessage

// UnmarshalJSON keeps it as it was sent; the field knows what it should be.
func (v *anyValue) UnmarshalJSON(raw []byte) error {
	*v = append((*v)[:0], raw...)
	return nil
}

// Schema is any JSON value.
func (anyValue) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Description: "A value of the field's kind; null empties it."}
}

func valuesOf(in map[string]anyValue) tickets.Values {
	out := tickets.Values{}
	for k, v := range in {
		out[k] = json.RawMessage(v)
	}
	return out
}

// Schema lists the priorities.
func (priorityWord) Schema(huma.Registry) *huma.Schema { return words(tickets.Priorities()...) }

// Schema lists the origins.
func (originWord) Schema(huma.Registry) *huma.Schema {
	return words(tickets.FromChat, tickets.FromForm, tickets.FromHandoff, tickets.FromAction)
}

// Schema is any object, or null.
func (openObject) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeObject, Nullable: true, AdditionalProperties: true}
}

// idOrNobody is an id where the empty text means nobody.
type idOrNobody string

// Schema is a UUID or the empty text.
func (idOrNobody) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{
		Type:    huma.TypeString,
		Pattern: "^([0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})?$", PatternDescription: "an id, or empty for nobody",
	}
}

// optionalID is an id, or nothing.
type optionalID string

func (id optionalID) id() desk.ID { return desk.ID(id) }

// Schema is a UUID or the empty text.
func (optionalID) Schema(r huma.Registry) *huma.Schema { return idOrNobody("").Schema(r) }
