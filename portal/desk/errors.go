package desk

import (
	"errors"
	"fmt"
)

// Code names a kind of failure. The web interface has a sentence for each code
// in every language; the REST layer maps each to one HTTP status.
type Code string

// The codes. A new one needs a status in portal/api and a text in every
// catalogue of portal/web; tests hold both.
const (
	CodeInvalid            Code = "invalid"              // malformed or out of range; Field says where
	CodeNotFound           Code = "not_found"            // absent, or not this viewer's: the two are never told apart
	CodeConflict           Code = "conflict"             // somebody changed it meanwhile
	CodeUnauthenticated    Code = "unauthenticated"      // no session
	CodeSessionExpired     Code = "session_expired"      // there was a session
	CodeBadCredentials     Code = "bad_credentials"      // login or password wrong; which one is not said
	CodeAccountLocked      Code = "account_locked"       // too many failures; params: retry_after_seconds
	CodeLoginTaken         Code = "login_taken"          // params: login
	CodeEmailTaken         Code = "email_taken"          // params: email
	CodeNameTaken          Code = "name_taken"           // params: name
	CodeBadLogin           Code = "bad_login"            // not written as user names are
	CodeBadEmail           Code = "bad_email"            // not written as mail addresses are
	CodeBadDomain          Code = "bad_domain"           // params: domain
	CodePublicDomain       Code = "domain_public"        // anybody can have an address there; params: domain
	CodeDomainTaken        Code = "domain_taken"         // params: domain, company
	CodeNotEmpty           Code = "company_not_empty"    // params: people, devices, tickets, conversations, articles
	CodeCompanyNeeded      Code = "company_needed"       // users belong to a company, staff to none
	CodeLastAdmin          Code = "last_admin"           // nobody would be left who may change settings
	CodeOwnAccount         Code = "own_account"          // a colleague does this, and not the person
	CodeNoMail             Code = "no_mail"              // this installation sends no mail
	CodeNoAddress          Code = "no_address"           // this person has no mail address
	CodeLinkOver           Code = "link_over"            // used, run out, or void by another change of the password
	CodeResetCode          Code = "reset_code"           // of a forgotten password: not right, or over; which one is not said
	CodeTableUnreadable    Code = "table_unreadable"     // no table of text
	CodeTooManyRows        Code = "too_many_rows"        // params: max
	CodeRowBroken          Code = "row_broken"           // its quotes do not fit
	CodeRowTwice           Code = "row_twice"            // params: line
	CodeRowStaff           Code = "row_staff"            // imports leave staff alone
	CodeUnknownCompany     Code = "unknown_company"      // params: name
	CodeBadValue           Code = "bad_value"            // params: value
	CodeNewPassword        Code = "new_password_needed"  // choose another password first
	CodeRateLimited        Code = "rate_limited"         // params: retry_after_seconds
	CodeForbidden          Code = "forbidden"            // the role may not do this
	CodePolicy             Code = "policy"               // a portal policy refuses; params: rule
	CodeEmptyText          Code = "empty_text"           // nothing to say
	CodeTextTooHard        Code = "text_too_hard"        // an article that takes too much time or memory to show
	CodeTextTooLong        Code = "text_too_long"        // params: max
	CodeInvalidUTF8        Code = "invalid_utf8"         // text is not UTF-8, or has a NUL
	CodeFrameTooLarge      Code = "frame_too_large"      // a socket frame above 64 KiB
	CodeUnknownFrame       Code = "unknown_frame"        // a socket frame of a type we do not know
	CodeBadFrame           Code = "bad_frame"            // a socket frame that is not the JSON it should be
	CodeIDReused           Code = "id_reused"            // the same message id with another text
	CodeUnsupportedFile    Code = "unsupported_file"     // params: name, supported
	CodeBrokenFrontMatter  Code = "broken_front_matter"  // params: name, line
	CodeMissingTitle       Code = "missing_title"        // params: name
	CodeBrokenFile         Code = "broken_file"          // damaged, or not what its name says; params: name
	CodeDraftExists        Code = "draft_exists"         // an import would overwrite what somebody is writing; params: name
	CodeOtherAudience      Code = "other_audience"       // an import would move an article to other readers; params: name
	CodeModelKey           Code = "model_key"            // the provider refuses our key
	CodeModelUnavailable   Code = "model_unavailable"    // no model of the chain answers
	CodeEmbeddingDimension Code = "embedding_dimension"  // params: want, got
	CodeHandedOff          Code = "handed_off"           // a technician has the conversation
	CodeTooLarge           Code = "too_large"            // request body above its limit; params: max
	CodeUnsupported        Code = "unsupported"          // a media type, protocol version or method we do not serve
	CodeUnavailable        Code = "unavailable"          // the database or another part is away; try again
	CodeInternal           Code = "internal"             // our fault; the log knows more
	CodeSMSUnavailable     Code = "sms_unavailable"      // no text messages here; an authenticator app works
	CodePhoneNeeded        Code = "phone_needed"         // no number on file yet
	CodePhoneUnusable      Code = "phone_unusable"       // not a mobile number that codes may go to
	CodeWrong              Code = "code_wrong"           // params: attempts_left, where the code is one of ours
	CodeExpired            Code = "code_expired"         // too old, void, or never asked for
	CodeUsed               Code = "code_used"            // each code works once
	CodeAttempts           Code = "code_attempts"        // its five attempts are spent
	CodeFactorWaits        Code = "factor_waits"         // a changed factor does not count yet; params: retry_after_seconds
	CodeFactorHeld         Code = "factor_held"          // the same, because of what staff did; an admin can release it
	CodeCodeNeeded         Code = "code_needed"          // the log-in asks for the authenticator's code besides the password
	CodeFactorNeeded       Code = "second_factor_needed" // set up an authenticator app first
	CodeAdminNeeded        Code = "admin_needed"         // a technician may not; an admin may
	CodeOldFactor          Code = "old_factor_needed"    // the present factor has to agree first
	CodeActionChanged      Code = "action_changed"       // what was confirmed is not what would be done now
	CodeInUse              Code = "in_use"               // tickets have what would be removed; params: what, name, tickets
	CodeBuiltIn            Code = "built_in"             // the portal itself needs it; params: name
	CodeConversationFull   Code = "conversation_full"    // so long that a new one has to be begun
	CodeTaken              Code = "taken"                // another one has this name; params: name
	CodeFieldRequired      Code = "field_required"       // a form needs it; params: name
	CodeUnknownVariable    Code = "unknown_variable"     // a text has one that there is not; params: name
	CodeMerged             Code = "ticket_merged"        // it goes on in another ticket; params: ticket, number, where the viewer sees it
	CodeMergeCompany       Code = "merge_company"        // tickets of two companies stay apart
	CodeMergePerson        Code = "merge_person"         // its user could not see the other one; params: name, number
	CodeMergeDone          Code = "merge_done"           // nobody works on the other one any more; params: number
	CodeFileTooLarge       Code = "file_too_large"       // params: name, max in megabytes
	CodePictureTooLarge    Code = "picture_too_large"    // more pixels than are decoded; params: name, max in megapixels
	CodeFileProgram        Code = "file_program"         // something that runs; params: name
	CodeTooManyFiles       Code = "too_many_files"       // params: max
	CodeFileQuota          Code = "file_quota"           // the person's megabytes of the day; params: max
	CodeFileGone           Code = "file_gone"            // not there, or not loose any more: send it again
	CodeStorageFull        Code = "storage_full"         // no room for files; everything else works
	CodeFileLocked         Code = "file_locked"          // protected by a password; params: name
	CodeFileNoText         Code = "file_no_text"         // pictures of text; params: name
	CodeTooManyPages       Code = "too_many_pages"       // params: name, max
	CodeFileTooHard        Code = "file_too_hard"        // too much time or memory to read; params: name
	CodeSourceAddress      Code = "source_address"       // not an address on the web, or one that is not fetched from here; params: url
	CodeSourcePrivate      Code = "source_private"       // its host is inside of a network; params: host
	CodeSourceAway         Code = "source_away"          // does not answer; params: host
	CodeSourceStatus       Code = "source_status"        // answers with an error; params: status
	CodeSourceElsewhere    Code = "source_elsewhere"     // leads to another place; params: url
	CodeSourceKind         Code = "source_kind"          // no page that can be read; params: kind
	CodeSourceEmpty        Code = "source_empty"         // names no page under its prefix; params: prefix
	CodeSourceMany         Code = "source_many"          // lists more pages than are taken; params: max
	CodeSourceBlank        Code = "source_blank"         // a page without text
	CodeSourceTaken        Code = "source_taken"         // there is a source of this address; params: url
	CodeTemplateVariable   Code = "template_variable"    // no such variable; params: line, variable, supported
	CodeTemplateBroken     Code = "template_broken"      // params: line, near
	CodeTemplateMissing    Code = "template_missing"     // what the message is sent for is not in it; params: variable
	CodeTemplateSecret     Code = "template_secret"      // not in a subject; params: variable
	CodeNotAgain           Code = "not_again"            // the message is out, or its words are gone
	CodeNoUndo             Code = "no_undo"              // this cannot be undone
	CodeChangedMeanwhile   Code = "changed_meanwhile"    // what would be undone holds no longer
)

// Error is the one error type that reaches people. Message is safe to show
// and in English; clients translate by Code and Params. Err is the cause: it
// is logged and never shown.
type Error struct {
	Code    Code
	Message string
	Field   string
	Params  map[string]any
	Err     error
}

// Error returns the code and the safe message, then the cause for the log.
func (e *Error) Error() string {
	s := string(e.Code) + ": " + e.Message
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// With returns a copy that carries one more parameter for the client's text.
func (e *Error) With(key string, value any) *Error {
	c := *e
	c.Params = map[string]any{key: value}
	for k, v := range e.Params {
		if k != key {
			c.Params[k] = v
		}
	}
	return &c
}

// On returns a copy that names the field at fault.
func (e *Error) On(field string) *Error {
	c := *e
	c.Field = field
	return &c
}

// OnField names the field of an error that a check of one value returned; nil
// stays nil.
func OnField(field string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.On(field)
	}
	return err
}

// Errorf makes an Error with a safe message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an Error around a cause that people must not see.
func Wrap(code Code, err error, message string) *Error {
	return &Error{Code: code, Message: message, Err: err}
}

// CodeOf returns the code of the first Error in err's chain, CodeInternal for
// any other error, and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}
