-- name: LockConversation :one
select last_seq, last_hash from conversations where id = sqlc.arg(id) for update;

-- name: InsertEvent :exec
-- The event and the head of its conversation, in one round trip.
with event as (
  insert into conversation_events (tenant_id, conversation_id, seq, kind, body, at, salt, prev_hash, hash)
  values (sqlc.arg(tenant_id), sqlc.arg(conversation_id), sqlc.arg(seq), sqlc.arg(kind), sqlc.arg(body),
          sqlc.arg(at), sqlc.arg(salt), sqlc.arg(prev_hash), sqlc.arg(hash))
  returning conversation_id, seq, hash, at
)
update conversations c set last_seq = event.seq, last_hash = event.hash, last_at = event.at
from event where c.id = event.conversation_id;

-- name: EventsAfter :many
select seq, kind, body, at from conversation_events
where conversation_id = sqlc.arg(conversation_id) and seq > sqlc.arg(after)
order by seq limit sqlc.arg(at_most);

-- name: ChainAfter :many
select seq, kind, body, at, salt, prev_hash, hash from conversation_events
where conversation_id = sqlc.arg(conversation_id) and seq > sqlc.arg(after)
order by seq limit sqlc.arg(at_most);

-- name: ConversationHead :one
select last_seq, last_hash from conversations where id = sqlc.arg(id);

-- name: LastSeqs :many
select id, last_seq from conversations where id = any(sqlc.arg(ids)::uuid[]);

-- name: ConversationOfTicket :one
select conversation_id from tickets where number = sqlc.arg(number);
