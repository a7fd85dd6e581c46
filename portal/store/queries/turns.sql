-- name: OpenTurn :one
-- Begins as the named node's when no other turn of the conversation is open,
-- which the caller holds; else, or without a node, it waits.
insert into turns (tenant_id, id, conversation_id, message_seq, state, fence, attempts, node, lease_until, started_at)
select sqlc.arg(tenant_id), sqlc.arg(id), sqlc.arg(conversation_id), sqlc.arg(message_seq),
  case when free.ok then 'running' else 'waiting' end, free.ok::int, free.ok::int,
  case when free.ok then sqlc.arg(node)::text else '' end,
  case when free.ok then clock_timestamp() + make_interval(secs => sqlc.arg(lease_seconds)::float) end,
  case when free.ok then clock_timestamp() end
from (select sqlc.arg(node)::text <> '' and not exists (
        select 1 from turns t where t.conversation_id = sqlc.arg(conversation_id) and t.state <> 'ended') as ok) as free
returning (state = 'running')::bool as running;

-- name: TurnByID :one
select t.id, t.conversation_id, t.message_seq, t.state, t.fence, t.attempts, t.reason,
       (t.stop_requested_at is not null)::bool as stopping,
       coalesce(t.lease_until < clock_timestamp(), true)::bool as lapsed
from turns t where t.id = sqlc.arg(id);

-- name: TurnOfMessage :one
select id from turns where conversation_id = sqlc.arg(conversation_id) and message_seq = sqlc.arg(message_seq);

-- name: OpenTurns :many
-- The turns of a conversation that have not ended, in the order of their
-- messages.
select t.id, t.message_seq, t.state, t.fence, t.attempts, t.reason,
       (t.stop_requested_at is not null)::bool as stopping,
       coalesce(t.lease_until < clock_timestamp(), true)::bool as lapsed
from turns t where t.conversation_id = sqlc.arg(conversation_id) and t.state <> 'ended'
order by t.message_seq;

-- name: ClaimTurn :one
-- A new owner: the fence moves on, and every write of the owner before is
-- refused from now on.
update turns set state = 'running', fence = fence + 1, attempts = attempts + 1, node = sqlc.arg(node),
  lease_until = clock_timestamp() + make_interval(secs => sqlc.arg(lease_seconds)::float),
  started_at = coalesce(started_at, clock_timestamp())
where id = sqlc.arg(id) and state <> 'ended'
returning fence, attempts;

-- name: HoldTurn :one
-- Proves that this owner still has the turn, prolongs its lease, and keeps the
-- row locked until the transaction ends; says whether the turn is to stop.
update turns as t set lease_until = clock_timestamp() + make_interval(secs => sqlc.arg(lease_seconds)::float)
where t.id = sqlc.arg(id) and t.fence = sqlc.arg(fence) and t.state = 'running'
returning (t.stop_requested_at is not null)::bool as stopping, t.reason,
  (exists (select 1 from conversations c join users u on u.tenant_id = c.tenant_id and u.id = c.user_id
           where c.id = t.conversation_id and u.disabled_at is not null))::bool as disabled;

-- name: AskTurnToStop :exec
-- The first who asks decides the reason.
update turns set stop_requested_at = coalesce(stop_requested_at, clock_timestamp()), reason = coalesce(reason, sqlc.arg(reason))
where id = sqlc.arg(id) and state <> 'ended';

-- name: EndTurn :execrows
update turns set state = 'ended', ended_at = clock_timestamp(), reason = sqlc.arg(reason), code = sqlc.narg(code),
  fence = fence + 1, input_tokens = sqlc.arg(input_tokens), output_tokens = sqlc.arg(output_tokens)
where id = sqlc.arg(id) and state <> 'ended';

-- name: HandOverTurn :execrows
-- A node that stops gives the turn back at once; that is no failed attempt.
update turns set lease_until = clock_timestamp() - interval '1 second', attempts = greatest(0, attempts - 1)
where id = sqlc.arg(id) and fence = sqlc.arg(fence) and state = 'running';

-- name: NextTurn :one
select id from turns where conversation_id = sqlc.arg(conversation_id) and state = 'waiting'
order by message_seq limit 1;

-- name: RunningTurn :one
select id from turns where conversation_id = sqlc.arg(conversation_id) and state = 'running';

-- name: CountUsage :exec
insert into token_usage as u (tenant_id, day, input_tokens, output_tokens)
values (sqlc.arg(tenant_id), (now() at time zone 'utc')::date, sqlc.arg(input_tokens), sqlc.arg(output_tokens))
on conflict (tenant_id, day) do update set
  input_tokens = u.input_tokens + excluded.input_tokens, output_tokens = u.output_tokens + excluded.output_tokens;

-- name: DueTurns :many
select d.tenant_id::uuid as tenant_id, d.id::uuid as id from conserje_due_turns(sqlc.arg(at_most)) as d;
