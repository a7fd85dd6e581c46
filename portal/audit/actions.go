package audit

// Actions lists what the log knows. The web interface has words for each; a
// test holds that nothing else is ever written.
func Actions() []string {
	return []string{
		"session.opened", "session.revoked", "password.changed", "password.given", "password.shown", "password.set_by_link",
		"user.created", "user.changed", "users.imported", "users.exported", "welcome.sent", "company.created", "company.changed",
		"company.deleted", "phone.verified", "phone.kept", "phone.deleted", "phone.deletion_asked", "phone.set_by_staff",
		"phone.replaced_by_staff", "phone.deleted_by_staff", "totp.added", "totp.removed", "totp.removed_by_staff", "sms.budget_spent",
		"ticket.opened", "ticket.described", "ticket.changed", "ticket.replied", "conversation.handed_off", "conversation.taken",
		"conversation.released", "policy.changed", "status.added", "status.changed", "status.ordered", "status.removed", "field.added",
		"field.changed", "field.ordered", "field.removed", "template.changed", "template.restored", "action.proposed",
		"action.not_proposed", "action.confirmed", "action.verified", "action.queued", "action.delivered", "action.running",
		"action.succeeded", "action.failed", "action.unknown", "action.declined", "action.refused", "action.expired", "action.cancelled",
		"action.code_refused", "action.code_not_sent", "action.password_sent_again", "tool.refused", "device.token_made",
		"device.enrolled", "device.assigned", "device.unassigned", "device.trusted", "device.revoked", "device.revoked_came",
		"device.key_seen_twice", "device.word_refused", "software.added", "software.changed", "software.retired", "software.requested",
		"software.approved", "software.declined", "software_source.added", "software_source.changed", "software_source.removed",
		"article.created", "article.drafted", "article.draft_discarded", "article.published", "article.restored", "article.withdrawn",
		"article.set", "article.deleted", "article.language_deleted", "articles.imported", "category.created", "category.changed",
		"category.deleted", "categories.ordered", "message.failed", "message.undelivered", "message.tried_again", "audit.exported",
		"audit.undone", "portal.opened", "demo.software_added", "demo.articles_imported",
		"newcomer.waits", "newcomer.assigned", "newcomer.dismissed", "factor.released", "password.code_sent", "password.set_by_code", "ticket.merged",
		"ticket.joined", "ticket.unmerged", "ticket.parted", "macro.added", "macro.changed", "macro.removed", "view.saved",
		"view.removed", "article.synced", "article.gone", "source.added", "source.removed", "source.synced_now", "file.deleted",
		"review.done", "review.open", "unanswered.done", "unanswered.open",
	}
}
