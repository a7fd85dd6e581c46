package web

import "strings"

// pages are the addresses that the application has; a star is any one
// segment. A test holds them against the application's own router.
var pages = []string{
	"/", "/login", "/set-password", "/forgot-password", "/sign-up", "/sign-up/confirm", "/account", "/outbox", "/self-service", "/c/*",
	"/articles", "/articles/*", "/tickets", "/tickets/new", "/tickets/*", "/queue", "/queue/*",
	"/admin", "/admin/articles", "/admin/articles/*", "/admin/articles/categories", "/admin/articles/review", "/admin/articles/unanswered", "/admin/articles/sources",
	"/admin/software", "/admin/second-factor",
	"/admin/fields",
	"/admin/macros",
	"/admin/statuses",
	"/admin/templates", "/admin/templates/*", "/admin/audit",
	"/manage", "/manage/devices", "/manage/devices/*", "/manage/actions", "/manage/actions/*",
	"/manage/requests", "/manage/people", "/manage/people/*", "/manage/people/import", "/manage/conversations/*", "/manage/newcomers", "/manage/companies", "/manage/companies/*", "/manage/why",
	"/manage/messages",
}

// isPage reports whether the application has something to show at an address.
// Whether a ticket of that number exists is not known here.
func isPage(name string) bool {
	segments := strings.Split(name, "/")
	for _, page := range pages {
		if fits(strings.Split(page, "/"), segments) {
			return true
		}
	}
	return false
}

func fits(pattern, segments []string) bool {
	if len(pattern) != len(segments) {
		return false
	}
	for i, p := range pattern {
		if p != segments[i] && (p != "*" || segments[i] == "") {
			return false
		}
	}
	return true
}
