-- name: CodeAwaited :one
-- Whether a person may be about to enter a one-time code: an action of theirs
-- waits for confirmation or code, or a code is on its way to them.
select (exists (
  select 1 from actions a where a.user_id = sqlc.arg(user_id) and a.state in ('proposed', 'confirmed') and a.ended_at is null
) or exists (
  select 1 from challenges c where c.user_id = sqlc.arg(user_id) and c.used_at is null and c.void_at is null and c.expires_at > now()
))::bool as awaited;
