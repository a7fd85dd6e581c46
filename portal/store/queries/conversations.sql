-- name: CreateConversation :execrows
insert into conversations (tenant_id, id, user_id, company_id, title, language)
values (sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(user_id), sqlc.narg(company_id), sqlc.arg(title), sqlc.arg(language))
on conflict (tenant_id, id) do nothing;

-- name: HoldConversation :one
-- Locks the row: whoever writes into a conversation does so one at a time.
select user_id, company_id, title, language, handoff, handoff_by, last_seq, last_hash from conversations
where id = sqlc.arg(id) for update;

-- name: ConversationByID :one
select c.id, c.user_id, u.name as user_name, c.title, c.language, c.handoff, c.handoff_by, h.name as handoff_name,
       c.last_seq, c.created_at, c.last_at
from conversations c
join users u on u.tenant_id = c.tenant_id and u.id = c.user_id
left join users h on h.tenant_id = c.tenant_id and h.id = c.handoff_by
where c.id = sqlc.arg(id);

-- name: ListConversations :many
-- One person's conversations, or everybody's for staff, newest first.
select c.id, c.user_id, u.name as user_name, c.title, c.language, c.handoff, c.handoff_by, h.name as handoff_name,
       c.last_seq, c.created_at, c.last_at
from conversations c
join users u on u.tenant_id = c.tenant_id and u.id = c.user_id
left join users h on h.tenant_id = c.tenant_id and h.id = c.handoff_by
where (sqlc.narg(owner)::uuid is null or c.user_id = sqlc.narg(owner)::uuid)
  and (sqlc.narg(before)::timestamptz is null
       or (c.last_at, c.id) < (sqlc.narg(before)::timestamptz, sqlc.narg(before_id)::uuid))
order by c.last_at desc, c.id desc
limit sqlc.arg(at_most);

-- name: TitleConversation :exec
update conversations set title = sqlc.arg(title) where id = sqlc.arg(id);

-- name: SetHandoff :exec
update conversations set handoff = sqlc.arg(handoff), handoff_by = sqlc.narg(handoff_by) where id = sqlc.arg(id);

-- name: Said :one
select conversation_id, seq, text_hash from said
where user_id = sqlc.arg(user_id) and message_id = sqlc.arg(message_id);

-- name: RememberSaid :execrows
insert into said (tenant_id, user_id, message_id, conversation_id, seq, text_hash)
values (sqlc.arg(tenant_id), sqlc.arg(user_id), sqlc.arg(message_id), sqlc.arg(conversation_id), sqlc.arg(seq), sqlc.arg(text_hash))
on conflict (tenant_id, user_id, message_id) do nothing;

-- name: EventAt :one
select kind, body from conversation_events
where conversation_id = sqlc.arg(conversation_id) and seq = sqlc.arg(seq);

-- name: ResultOfCall :one
-- The result that an effect left behind, found by our own id of the step.
select body from conversation_events
where conversation_id = sqlc.arg(conversation_id) and seq > sqlc.arg(after) and kind = 'tool_result'
  and convert_from(body, 'UTF8')::jsonb ->> 'call' = sqlc.arg(call)::text
order by seq limit 1;

-- name: HitSay :one
-- Counts one message for its person and in its share of the tenant's count.
-- total is the tenant's hits of this minute before this one, read without
-- locking the other shares.
with hit as (
  insert into limits as l (tenant_id, key, window_start, hits)
  values (sqlc.arg(tenant_id), sqlc.arg(person)::text, now(), 1), (sqlc.arg(tenant_id), sqlc.arg(share)::text, now(), 1)
  on conflict (tenant_id, key) do update set
    hits = case when l.window_start < now() - interval '1 minute' then 1 else l.hits + 1 end,
    window_start = case when l.window_start < now() - interval '1 minute' then now() else l.window_start end
  returning key, hits, greatest(1, ceil(extract(epoch from window_start + interval '1 minute' - now())))::int as retry_after_seconds
)
select p.hits, greatest(p.retry_after_seconds, s.retry_after_seconds)::int as retry_after_seconds,
  (select coalesce(sum(t.hits), 0) from limits t
   where t.key >= 'say:tenant:' and t.key < 'say:tenant;' and t.window_start > now() - interval '1 minute')::bigint as total
from hit p, hit s where p.key = sqlc.arg(person)::text and s.key = sqlc.arg(share)::text;
