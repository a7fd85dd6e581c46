-- name: DescribeTicket :exec
update tickets set subject = sqlc.arg(subject), description = sqlc.arg(description),
  version = version + 1, updated_at = clock_timestamp()
where id = sqlc.arg(id);

-- name: ToolWasDone :one
-- Whether a tool of that name succeeded in a conversation.
select exists (
  select 1 from conversation_events
  where conversation_id = sqlc.arg(conversation_id) and kind = 'tool_result'
    and convert_from(body, 'UTF8')::jsonb @> jsonb_build_object('name', sqlc.arg(name)::text, 'ok', true)
)::bool as done;

-- name: CompanyName :one
select name from companies where id = sqlc.arg(id);
